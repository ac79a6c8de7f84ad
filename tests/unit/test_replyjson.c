#include "serve/http/replyjson.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static struct souk_writer w;
static struct souk_json_text text;
static struct souk_http_outcome outcome;

static void set_up(void)
{
    souk_writer_init(&w);
}

static void tear_down(void)
{
    souk_writer_fini(&w);
    souk_json_text_fini(&text);
}

TestSuite(replyjson, .init = set_up, .fini = tear_down);

static void translate(enum souk_http_op op, const struct souk_event_faults *faults)
{
    souk_reply_json_write(op, w.buffer.data, w.buffer.size, faults, "1.2", &text, &outcome);
}

static void expect(const char *json)
{
    cr_expect(!outcome.is_problem && text.len == strlen(json) &&
                  memcmp(text.at, json, text.len) == 0,
              "%d %s %.*s", outcome.is_problem, outcome.detail, (int)text.len, text.at);
}

static void begin(size_t fields, int status)
{
    souk_writer_map(&w, 3 + fields);
    souk_writer_put_int(&w, "v", 1);
    souk_writer_put_string(&w, "id", "r1");
    souk_writer_put_int(&w, "status", status);
}

Test(replyjson, keeps_names_numbers_and_order)
{
    begin(4, 0);
    souk_writer_put_string(&w, "user_id", "u\"1");
    souk_writer_key(&w, "recommendations");
    souk_writer_array(&w, 1);
    souk_writer_map(&w, 3);
    souk_writer_put_string(&w, "item_id", "i");
    souk_writer_key(&w, "score");
    souk_writer_float(&w, 0.1f);
    souk_writer_key(&w, "probability");
    souk_writer_nil(&w);
    souk_writer_put_bool(&w, "partial", false);
    souk_writer_put_real(&w, "coverage", 1);
    translate(SOUK_HTTP_RECOMMEND, NULL);
    expect("{\"user_id\":\"u\\\"1\",\"recommendations\":[{\"item_id\":\"i\",\"score\":0.1}],"
           "\"partial\":false,\"coverage\":1}");
}

Test(replyjson, shows_no_addresses_in_health)
{
    begin(3, 0);
    souk_writer_put_string(&w, "role", "proxy");
    souk_writer_put_string(&w, "state", "ready");
    souk_writer_key(&w, "replicas");
    souk_writer_array(&w, 0);
    translate(SOUK_HTTP_HEALTH, NULL);
    expect("{\"status\":\"ready\",\"service\":\"souk\",\"version\":\"1.2\"}");
}

Test(replyjson, makes_problems_of_errors)
{
    static const struct {
        int status;
        unsigned code;
    } cases[] = {{SOUK_WIRE_MALFORMED, 400},
                 {SOUK_WIRE_TOO_LARGE, 413},
                 {SOUK_WIRE_BAD_FIELD, 422},
                 {SOUK_WIRE_NOT_FOUND, 404},
                 {SOUK_WIRE_UNAVAILABLE, 503},
                 {SOUK_WIRE_TOPOLOGY, 503},
                 {SOUK_WIRE_DEADLINE, 504},
                 {SOUK_WIRE_OVERLOADED, 503},
                 {SOUK_WIRE_DRAINING, 503},
                 {SOUK_WIRE_INTERNAL, 500},
                 {SOUK_WIRE_UNAUTHORIZED, 401},
                 {SOUK_WIRE_FORBIDDEN, 403},
                 {SOUK_WIRE_RATE_LIMITED, 429},
                 {SOUK_WIRE_NO_SUCH_MODEL, 503},
                 {SOUK_WIRE_REFUSED, 422},
                 {SOUK_WIRE_UNKNOWN_OPERATION, 501},
                 {99, 500}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        souk_writer_clear(&w);
        begin(2, cases[i].status);
        souk_writer_put_string(&w, "error", "so it is");
        souk_writer_put_int(&w, "retry_after_ms", 1500);
        translate(SOUK_HTTP_SIMILAR, NULL);
        cr_expect(outcome.is_problem);
        cr_expect_eq(souk_problem_code(outcome.problem), cases[i].code, "status %d",
                     cases[i].status);
        cr_expect_str_eq(outcome.detail, "so it is");
        cr_expect_eq(outcome.retry_after_ms, 1500);
    }
    cr_expect_eq(souk_problem_retry_after_s(1500), 2);
    cr_expect_eq(souk_problem_retry_after_s(-1), 1);
    cr_expect_eq(souk_problem_retry_after_s(0), 1);
}

Test(replyjson, survives_what_is_no_reply)
{
    souk_writer_text(&w, "no map", 6);
    translate(SOUK_HTTP_SIMILAR, NULL);
    cr_expect(outcome.is_problem && outcome.problem == SOUK_PROBLEM_INTERNAL);
    w.buffer.size = 0;
    translate(SOUK_HTTP_SIMILAR, NULL);
    cr_expect(outcome.is_problem && outcome.problem == SOUK_PROBLEM_INTERNAL);
}

static void put_results(int count, const char *fate)
{
    souk_writer_clear(&w);
    begin(1, 0);
    souk_writer_key(&w, "results");
    souk_writer_array(&w, (size_t)count);
    for (int i = 0; i < count; i++) {
        souk_writer_map(&w, 2);
        souk_writer_put_string(&w, "event_id", "e");
        souk_writer_put_string(&w, "fate", fate);
    }
}

Test(replyjson, says_what_became_of_each_event)
{
    struct souk_event_faults faults = {.list = NULL};
    const struct souk_field_fault fault = {.field = "user_id", .text = "is missing"};
    cr_assert(souk_event_faults_add(&faults, 1, &fault));
    put_results(2, "stored");
    translate(SOUK_HTTP_EVENTS, &faults);
    expect("{\"results\":[{\"event_id\":\"e\",\"fate\":\"stored\"},{\"fate\":\"invalid\","
           "\"error\":\"'user_id' is missing\",\"field\":\"user_id\"}]}");
    souk_event_faults_fini(&faults);
    faults.is_single = true;
    put_results(1, "duplicate");
    translate(SOUK_HTTP_EVENTS, &faults);
    expect("{\"event_id\":\"e\",\"fate\":\"duplicate\"}");
    put_results(1, "invalid");
    translate(SOUK_HTTP_EVENTS, &faults);
    cr_expect(outcome.is_problem && outcome.problem == SOUK_PROBLEM_INVALID_FIELD);
    put_results(0, "");
    translate(SOUK_HTTP_EVENTS, &faults);
    cr_expect(outcome.is_problem && outcome.problem == SOUK_PROBLEM_INTERNAL);
}
