#include "serve/access/tokencommand.h"

#include "serve/access/tokenedit.h"
#include "shared/base/clock.h"
#include "shared/base/optionvalue.h"
#include "shared/base/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- add ---- */

static souk_status parse_expires(const char *text, int64_t *expires_s, struct souk_error *err)
{
    static const struct souk_option row = {
        .name = "expires", .type = SOUK_OPTION_DURATION, .min = 1000, .max = 1e13};
    union souk_option_value value;
    int64_t ms;
    *expires_s = INT64_MAX;
    if (strcmp(text, "never") == 0)
        return SOUK_OK;
    if (souk_time_parse(text, strlen(text), &ms))
        *expires_s = ms / 1000;
    else if (souk_option_value_parse(&row, text, &value) && value.integer > 0)
        *expires_s = (souk_wall_ms() + value.integer) / 1000;
    else
        return souk_fail(err, SOUK_EUSAGE,
                         "--expires '%.64s' is neither a duration such as 90d, nor a time such as "
                         "2027-02-24T00:00:00Z, nor never",
                         text);
    if (*expires_s * 1000 <= souk_wall_ms())
        return souk_fail(err, SOUK_EUSAGE, "--expires '%.64s' has passed", text);
    return SOUK_OK;
}

static souk_status parse_entry(const struct souk_token_command *c, struct souk_token_entry *e,
                               struct souk_error *err)
{
    souk_status status = souk_token_name_check(c->name, err);
    if (!status) {
        snprintf(e->name, sizeof e->name, "%s", c->name);
        status = souk_token_scopes_parse(c->scopes, &e->scopes, err);
    }
    if (!status)
        status = parse_expires(c->expires, &e->expires_s, err);
    if (!status && c->rate)
        status = souk_token_rate_parse(c->rate, &e->rate, &e->burst, err);
    return status;
}

/* Past stdio, whose buffer would keep it. */
static souk_status print_secret(const char *name, const char *text, struct souk_error *err)
{
    for (size_t done = 0; done < SOUK_TOKEN_TEXT + 1;) {
        const ssize_t put = write(STDOUT_FILENO, text + done, SOUK_TOKEN_TEXT + 1 - done);
        if (put < 0 && errno != EINTR)
            return souk_fail_errno(err, "the token cannot be written, and nobody has it: revoke %s",
                                   name);
        done += put > 0 ? (size_t)put : 0;
    }
    return SOUK_OK;
}

souk_status souk_token_command_add(const struct souk_token_command *c, struct souk_error *err)
{
    struct souk_token_entry entry = {.rate = 0};
    struct souk_token_edit edit = {.lock = -1};
    char text[SOUK_TOKEN_TEXT + 1];
    souk_status status = parse_entry(c, &entry, err);
    if (status)
        return status;
    souk_token_make(text);
    if (!souk_token_digest(text, SOUK_TOKEN_TEXT, &entry.digest))
        status = souk_fail(err, SOUK_ENUMERIC, "the new token cannot be hashed");
    if (!status)
        status = souk_token_edit_begin(&edit, c->path, true, err);
    if (!status)
        status = souk_token_edit_append(&edit, &entry, err);
    souk_token_edit_end(&edit);
    if (!status) {
        text[SOUK_TOKEN_TEXT] = '\n';
        status = print_secret(c->name, text, err);
    }
    souk_token_wipe(text, sizeof text);
    return status;
}

/* ---- the others ---- */

static bool has_expired(const struct souk_token_entry *e)
{
    return e->expires_s <= souk_wall_ms() / 1000;
}

/* NAME SCOPES EXPIRES RATE, as in the file, and whether it is in force. */
static void print_entry(const struct souk_token_entry *e)
{
    char line[SOUK_TOKEN_LINE_MAX];
    souk_token_entry_format(e, line);
    *strrchr(line, ' ') = '\0'; /* the hash is of no use to who reads */
    printf("%s %s\n", line, has_expired(e) ? "expired" : "valid");
}

static souk_status flush(struct souk_error *err)
{
    return fflush(stdout) == 0 ? SOUK_OK : souk_fail_errno(err, "standard output");
}

souk_status souk_token_command_list(const struct souk_token_command *c, struct souk_error *err)
{
    struct souk_token_list list;
    const souk_status status = souk_token_list_read(c->path, &list, err);
    for (int i = 0; i < list.count && !status; i++)
        print_entry(&list.entries[i]);
    souk_token_list_fini(&list);
    return status ? status : flush(err);
}

souk_status souk_token_command_revoke(const struct souk_token_command *c, struct souk_error *err)
{
    struct souk_token_edit edit;
    souk_status status = souk_token_edit_begin(&edit, c->path, false, err);
    if (!status)
        status = souk_token_edit_remove(&edit, c->name, err);
    souk_token_edit_end(&edit);
    return status;
}

/* One line. @param text [SOUK_TOKEN_TEXT + 2] @return its length; that of no token: too long */
static size_t read_secret(char *text)
{
    size_t len = 0;
    ssize_t got = 1;
    while (got != 0 && len < SOUK_TOKEN_TEXT + 2 && !memchr(text, '\n', len)) {
        got = read(STDIN_FILENO, text + len, SOUK_TOKEN_TEXT + 2 - len);
        if (got < 0 && errno != EINTR)
            break;
        len += got > 0 ? (size_t)got : 0;
    }
    const char *const end = memchr(text, '\n', len);
    len = end ? (size_t)(end - text) : len;
    return len > 0 && text[len - 1] == '\r' ? len - 1 : len;
}

souk_status souk_token_command_check(const struct souk_token_command *c, struct souk_error *err)
{
    struct souk_token_digest digest;
    struct souk_token_list list;
    char text[SOUK_TOKEN_TEXT + 2];
    const bool may_be_one = souk_token_digest(text, read_secret(text), &digest);
    souk_token_wipe(text, sizeof text);
    const souk_status status = souk_token_list_read(c->path, &list, err);
    const struct souk_token_entry *found = NULL;
    for (int i = 0; i < list.count && may_be_one; i++)
        if (souk_token_digest_equal(&list.entries[i].digest, &digest))
            found = &list.entries[i];
    souk_status verdict = status;
    if (!status && !found)
        verdict = souk_fail(err, SOUK_EFORMAT, "no token of %s", c->path);
    if (found)
        print_entry(found);
    if (found && has_expired(found))
        verdict = souk_fail(err, SOUK_EFORMAT, "%s has expired", found->name);
    souk_token_list_fini(&list);
    return verdict ? verdict : flush(err);
}
