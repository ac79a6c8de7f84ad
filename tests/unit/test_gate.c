/* What passes the gate of the public listeners, by operation and by what was sent as a token. */
#include "serve/access/tokenlist.h"
#include "serve/proxy/gate.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct souk_access *guarded;
static char reader[SOUK_TOKEN_TEXT + 1], writer[SOUK_TOKEN_TEXT + 1], admin[SOUK_TOKEN_TEXT + 1];
static struct souk_writer reply;

static void add_line(FILE *file, char *token, const char *name, unsigned scopes, double rate)
{
    struct souk_token_entry e = {
        .scopes = scopes, .expires_s = INT64_MAX, .rate = rate, .burst = rate > 0};
    char line[SOUK_TOKEN_LINE_MAX];
    snprintf(e.name, sizeof e.name, "%s", name);
    souk_token_make(token);
    cr_assert(souk_token_digest(token, SOUK_TOKEN_TEXT, &e.digest));
    souk_token_entry_format(&e, line);
    cr_assert(fputs(line, file) >= 0);
}

static void begin(void)
{
    char path[] = "/tmp/souk-gate-XXXXXX";
    struct souk_error err = {0};
    cr_assert_eq(souk_token_prepare(&err), SOUK_OK);
    FILE *file = fdopen(mkstemp(path), "w");
    cr_assert(file);
    add_line(file, reader, "reader", SOUK_SCOPE_READ, 0);
    add_line(file, writer, "writer", SOUK_SCOPE_WRITE, .001);
    add_line(file, admin, "admin", SOUK_SCOPE_ADMIN, 0);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(souk_access_open(path, 0, NULL, &guarded, &err), SOUK_OK, "%s", err.msg);
    unlink(path);
    souk_writer_init(&reply);
}

static void end(void)
{
    souk_writer_fini(&reply);
    souk_access_free(guarded);
}

TestSuite(gate, .init = begin, .fini = end);

typedef bool (*gate)(struct souk_access *access, const struct souk_request *r,
                     struct souk_writer *reply);

/* @param token NULL: none; "#": a number where a text should be */
static int pass_by(gate check, struct souk_access *access, const char *operation, const char *token,
                   bool *shows)
{
    struct souk_request r;
    struct souk_writer w;
    souk_writer_init(&w);
    souk_writer_map(&w, 2 + (token != NULL));
    souk_writer_put_int(&w, "v", SOUK_WIRE_VERSION);
    souk_writer_put_string(&w, "op", operation);
    if (token && strcmp(token, "#") == 0)
        souk_writer_put_int(&w, "token", 7);
    else if (token)
        souk_writer_put_string(&w, "token", token);
    cr_assert(souk_request_parse(&r, w.buffer.data, w.buffer.size, &reply));
    const bool passed = check(access, &r, &reply);
    if (shows)
        *shows = souk_gate_shows_fleet(access, &r);
    souk_request_fini(&r);
    souk_writer_fini(&w);
    return passed ? SOUK_WIRE_OK : reply.status;
}

static int pass(struct souk_access *access, const char *operation, const char *token, bool *shows)
{
    return pass_by(souk_gate_check, access, operation, token, shows);
}

static int pass_admin(struct souk_access *access, const char *token)
{
    return pass_by(souk_gate_check_admin, access, "drain", token, NULL);
}

Test(gate, the_admin_listener_takes_the_scope_admin)
{
    cr_expect_eq(pass_admin(guarded, NULL), SOUK_WIRE_UNAUTHORIZED);
    cr_expect_eq(pass_admin(guarded, reader), SOUK_WIRE_FORBIDDEN);
    cr_expect_eq(pass_admin(guarded, admin), SOUK_WIRE_OK);
    cr_expect_eq(pass_admin(NULL, NULL), SOUK_WIRE_OK);
}

Test(gate, each_operation_takes_its_scope)
{
    const struct {
        const char *operation;
        int none, reader, admin; /* statuses by token */
    } cases[] = {
        {"recommend", SOUK_WIRE_UNAUTHORIZED, SOUK_WIRE_OK, SOUK_WIRE_FORBIDDEN},
        {"similar", SOUK_WIRE_UNAUTHORIZED, SOUK_WIRE_OK, SOUK_WIRE_FORBIDDEN},
        {"explain", SOUK_WIRE_UNAUTHORIZED, SOUK_WIRE_OK, SOUK_WIRE_FORBIDDEN},
        {"user_stats", SOUK_WIRE_UNAUTHORIZED, SOUK_WIRE_OK, SOUK_WIRE_FORBIDDEN},
        {"event", SOUK_WIRE_UNAUTHORIZED, SOUK_WIRE_FORBIDDEN, SOUK_WIRE_FORBIDDEN},
        {"health", SOUK_WIRE_OK, SOUK_WIRE_OK, SOUK_WIRE_FORBIDDEN},
        {"reload", SOUK_WIRE_UNAUTHORIZED, SOUK_WIRE_OK, SOUK_WIRE_OK}, /* then it is unknown */
        {"", SOUK_WIRE_UNAUTHORIZED, SOUK_WIRE_OK, SOUK_WIRE_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *operation = cases[i].operation;
        cr_expect_eq(pass(guarded, operation, NULL, NULL), cases[i].none, "%s", operation);
        cr_expect_eq(pass(guarded, operation, reader, NULL), cases[i].reader, "%s", operation);
        cr_expect_eq(pass(guarded, operation, admin, NULL), cases[i].admin, "%s", operation);
        cr_expect_eq(pass(NULL, operation, NULL, NULL), SOUK_WIRE_OK, "%s", operation);
    }
}

Test(gate, what_is_no_token_is_not_known)
{
    cr_expect_eq(pass(guarded, "recommend", "#", NULL), SOUK_WIRE_UNAUTHORIZED);
    cr_expect_eq(pass(guarded, "recommend", "", NULL), SOUK_WIRE_UNAUTHORIZED);
    cr_expect_eq(pass(guarded, "health", "souk_x", NULL), SOUK_WIRE_UNAUTHORIZED);
}

Test(gate, health_tells_more_to_who_has_a_token)
{
    bool shows;
    cr_expect_eq(pass(guarded, "health", NULL, &shows), SOUK_WIRE_OK);
    cr_expect_not(shows);
    cr_expect_eq(pass(guarded, "health", reader, &shows), SOUK_WIRE_OK);
    cr_expect(shows);
    cr_expect_eq(pass(NULL, "health", NULL, &shows), SOUK_WIRE_OK);
    cr_expect(shows);
}

Test(gate, a_refusal_says_what_to_do)
{
    struct souk_message m;
    char reason[64];
    const char *text = NULL;
    size_t len = 0;
    int64_t ms = 0;
    cr_expect_eq(pass(guarded, "event", reader, NULL), SOUK_WIRE_FORBIDDEN);
    cr_assert_eq(souk_message_parse(&m, reply.buffer.data, reply.buffer.size, reason, 64), 0);
    cr_expect(souk_message_text(&m, "scope", 16, &text, &len) && len == 5 &&
              memcmp(text, "write", 5) == 0);
    souk_message_fini(&m);
    cr_expect_eq(pass(guarded, "event", writer, NULL), SOUK_WIRE_OK);
    cr_expect_eq(pass(guarded, "event", writer, NULL), SOUK_WIRE_RATE_LIMITED);
    cr_assert_eq(souk_message_parse(&m, reply.buffer.data, reply.buffer.size, reason, 64), 0);
    cr_expect(souk_message_int(&m, "retry_after_ms", 900000, 1000000, &ms) && ms > 0);
    souk_message_fini(&m);
}
