#include "serve/http/jsonbody.h"
#include "serve/http/operations.h"
#include "shared/wire/message.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct souk_http_sender sender = {.id = "r1", .token = "secret", .token_len = 6};
static struct souk_field_fault fault;
static struct souk_event_faults faults;

/* The message that a body becomes, as msgpack prints it; "": refused, see `fault`. */
static const char *message_of(enum souk_http_op op, const char *body)
{
    static char text[4096];
    struct souk_writer w;
    struct souk_message m;
    char reason[128];
    text[0] = '\0';
    json_t *const json = souk_json_body_parse(body, strlen(body), &fault);
    souk_writer_init(&w);
    if (json &&
        souk_http_operation_write(&souk_http_operations[op], &sender, json, &w, &faults, &fault)) {
        cr_assert_eq(souk_message_parse(&m, w.buffer.data, w.buffer.size, reason, sizeof reason),
                     SOUK_WIRE_OK, "%s", reason);
        msgpack_object_print_buffer(text, sizeof text, m.unpacked.data);
        souk_message_fini(&m);
    }
    json_decref(json);
    souk_writer_fini(&w);
    return text;
}

static void refuses(enum souk_http_op op, const char *body, const char *field)
{
    cr_expect_str_eq(message_of(op, body), "", "%s", body);
    cr_expect_str_eq(fault.field, field, "%s: %s", body, fault.text);
    cr_expect_neq(fault.text[0], '\0');
}

Test(operations, makes_the_message_of_a_recommendation)
{
    cr_expect_str_eq(
        message_of(SOUK_HTTP_RECOMMEND,
                   "{\"user_id\": \"u1\", \"n_items\": 5, \"min_confidence\": 0.5, \"filters\": "
                   "{\"categories\": [\"a\", \"b\"], \"price_max\": 9, \"available\": true}, "
                   "\"moment\": \"1970-01-01T00:00:01Z\", \"include_seen\": null, \"events\": "
                   "[{\"item_id\": \"i\", \"event_type\": \"view\", \"timestamp\": 7}]}"),
        "{\"v\"=>1, \"op\"=>\"recommend\", \"id\"=>\"r1\", \"token\"=>\"secret\", "
        "\"user\"=>\"u1\", "
        "\"moment_ms\"=>1000, \"min_confidence\"=>0.500000, \"events\"=>[{\"item\"=>\"i\", "
        "\"type\"=>\"view\", \"ms\"=>7}], \"n\"=>5, \"filters\"=>{\"categories\"=>[\"a\", \"b\"], "
        "\"price_max\"=>9.000000, \"available\"=>true}}");
    cr_expect_str_eq(message_of(SOUK_HTTP_HEALTH, "{}"),
                     "{\"v\"=>1, \"op\"=>\"health\", \"id\"=>\"r1\", \"token\"=>\"secret\"}");
}

Test(operations, names_the_field_that_is_wrong)
{
    const enum souk_http_op op = SOUK_HTTP_RECOMMEND;
    refuses(op, "{}", "user_id");
    refuses(op, "{\"user_id\": 7}", "user_id");
    refuses(op, "{\"user_id\": \"\"}", "user_id");
    refuses(op, "{\"user_id\": \"a\\nb\"}", "user_id");
    refuses(op, "{\"user_id\": \"u\", \"n_items\": 0}", "n_items");
    refuses(op, "{\"user_id\": \"u\", \"n_items\": 1001}", "n_items");
    refuses(op, "{\"user_id\": \"u\", \"n_items\": 1.5}", "n_items");
    refuses(op, "{\"user_id\": \"u\", \"n_items\": 1e300}", "n_items");
    refuses(op, "{\"user_id\": \"u\", \"n_items\": \"5\"}", "n_items");
    refuses(op, "{\"user_id\": \"u\", \"n_itms\": 5}", "n_itms");
    refuses(op, "{\"user_id\": \"u\", \"min_confidence\": 1}", "min_confidence");
    refuses(op, "{\"user_id\": \"u\", \"explain\": 1}", "explain");
    refuses(op, "{\"user_id\": \"u\", \"filters\": []}", "filters");
    refuses(op, "{\"user_id\": \"u\", \"filters\": {\"exclude\": [\"a\", 1]}}",
            "filters.exclude[1]");
    refuses(op, "{\"user_id\": \"u\", \"filters\": {\"exlude\": []}}", "filters.exlude");
    refuses(op, "{\"user_id\": \"u\", \"events\": [{\"item_id\": \"i\"}]}", "events[0].event_type");
    refuses(op,
            "{\"user_id\": \"u\", \"events\": [{\"item_id\": \"i\", \"event_type\": \"v\", "
            "\"timestamp\": \"yesterday\"}]}",
            "events[0].timestamp");
    refuses(op, "[]", "");
    refuses(SOUK_HTTP_EXPLAIN, "{\"user_id\": \"u\", \"items\": []}", "items");
}

Test(operations, judges_each_event_of_a_batch)
{
    const char *const good = "{\"user_id\":\"u\",\"item_id\":\"i\",\"event_type\":\"view\"}";
    char body[512];
    snprintf(body, sizeof body, "{\"events\": [%s, {\"user_id\": 1}, 7, %s]}", good, good);
    cr_expect_str_eq(message_of(SOUK_HTTP_EVENTS, body),
                     "{\"v\"=>1, \"op\"=>\"event\", \"id\"=>\"r1\", \"token\"=>\"secret\", "
                     "\"events\"=>[{\"user\"=>\"u\", \"item\"=>\"i\", \"type\"=>\"view\"}, {}, {}, "
                     "{\"user\"=>\"u\", \"item\"=>\"i\", \"type\"=>\"view\"}]}");
    cr_expect_eq(faults.count, 2u);
    cr_expect_not(faults.is_single);
    cr_expect_null(souk_event_faults_find(&faults, 0));
    cr_expect_str_eq(souk_event_faults_find(&faults, 1)->field, "user_id");
    cr_expect_not_null(souk_event_faults_find(&faults, 2));
    souk_event_faults_fini(&faults);
    cr_expect_str_neq(message_of(SOUK_HTTP_EVENTS, good), "");
    cr_expect(faults.is_single);
    refuses(SOUK_HTTP_EVENTS, "{\"user_id\": \"u\", \"item_id\": \"i\"}", "event_type");
    refuses(SOUK_HTTP_EVENTS, "{\"events\": []}", "events");
    refuses(SOUK_HTTP_EVENTS, "{\"events\": [1], \"x\": 1}", "events");
    refuses(SOUK_HTTP_EVENTS, "[]", "events");
}

/* ---- bodies ---- */

static json_t *parse(const char *text)
{
    return souk_json_body_parse(text, strlen(text), &fault);
}

Test(jsonbody, refuses_what_is_no_json)
{
    static const char *const bad[] = {"",
                                      "{",
                                      "{\"a\":1,\"a\":2}",
                                      "{\"a\":01}",
                                      "{'a':1}",
                                      "nul",
                                      "{\"a\":1}x",
                                      "\"\\u0000\"",
                                      "[1,]",
                                      "\"\xff\"",
                                      "{\"a\":1e999}",
                                      "\"abc",
                                      "[99999999999999999999999]",
                                      "\"\\ud800\"",
                                      "\"abc\\"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_null(parse(bad[i]), "%s", bad[i]);
    cr_expect_null(souk_json_body_parse("{\"a\0\":1}", 8, &fault));
}

static char *repeat(const char *piece, size_t times)
{
    char *const text = malloc(strlen(piece) * times + 1);
    text[0] = '\0';
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * strlen(piece), piece, strlen(piece) + 1);
    return text;
}

Test(jsonbody, bounds_depth_and_number_of_values)
{
    char *const deep = repeat("[", 100000), *const objects = repeat("{\"a\":", 100000),
                *const wide = repeat("1,", 100000), *const text = repeat("[{,", 100000);
    char *const wide_list = malloc(200003), *const quoted = malloc(300003);
    snprintf(wide_list, 200003, "[%s1]", wide);
    snprintf(quoted, 300003, "\"%s\"", text);
    json_t *const good = souk_json_body_parse(quoted, strlen(quoted), &fault);
    cr_expect_null(parse(deep));
    cr_expect_null(parse(objects));
    cr_expect_null(parse(wide_list));
    json_t *const any = json_loadb(quoted, strlen(quoted), JSON_DECODE_ANY, NULL);
    cr_expect_not_null(any); /* brackets in texts do not count */
    cr_expect_null(good);    /* but a body is an object or a list */
    json_decref(any);
    json_t *const nested = parse("[[[[[[[[[[{\"a\":[\"\\\"[\"]}]]]]]]]]]]");
    cr_expect_not_null(nested);
    json_decref(nested);
    free(deep), free(objects), free(wide), free(text), free(wide_list), free(quoted);
}

/* ---- values ---- */

static int64_t ms_of(const char *text)
{
    int64_t ms = -1;
    return souk_time_of_text(text, strlen(text), &ms) ? ms : -1;
}

Test(requestfields, reads_times_of_rfc_3339)
{
    cr_expect_eq(ms_of("1970-01-01T00:00:00Z"), 0);
    cr_expect_eq(ms_of("1970-01-01T01:00:00+01:00"), 0);
    cr_expect_eq(ms_of("1969-12-31T23:30:00.250-00:30"), 250);
    cr_expect_eq(ms_of("2026-11-26T12:00:00.123456Z"), ms_of("2026-11-26T12:00:00.123Z"));
    cr_expect_eq(ms_of("2026-11-26t12:00:00z"), 1795694400000);
    static const char *const bad[] = {"",
                                      "yesterday",
                                      "2026-11-26",
                                      "2026-11-26T12:00Z",
                                      "2026-11-26T12:00:00",
                                      "2026-02-30T12:00:00Z",
                                      "2026-11-26T24:00:00Z",
                                      "2026-11-26T12:00:00+0100",
                                      "2026-11-26T12:00:00+24:00",
                                      "2026-11-26T12:00:00.Z",
                                      "2026-11-26T12:00:00.1x3Z",
                                      "2026-11-26T12:00:00 Z",
                                      "Z",
                                      "+01:00"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_eq(ms_of(bad[i]), -1, "%s", bad[i]);
}

static char *value_of(enum souk_field_type type, const char *text)
{
    const struct souk_field field = {.name = "f", .type = type};
    json_t *const json = souk_field_value(&field, text, strlen(text));
    char *const shown = json_dumps(json, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    json_decref(json);
    return shown;
}

Test(requestfields, types_the_parameters_of_a_url)
{
    static const struct {
        enum souk_field_type type;
        const char *text, *json;
    } cases[] = {{SOUK_FIELD_INT, "5", "5"},
                 {SOUK_FIELD_INT, "5x", "\"5x\""},
                 {SOUK_FIELD_INT, "99999999999999999999999", "1e23"},
                 {SOUK_FIELD_INT, "", "\"\""},
                 {SOUK_FIELD_NUMBER, "0.5", "0.5"},
                 {SOUK_FIELD_NUMBER, "nan", "\"nan\""},
                 {SOUK_FIELD_NUMBER, "0x1p3", "\"0x1p3\""},
                 {SOUK_FIELD_BOOL, "true", "true"},
                 {SOUK_FIELD_BOOL, "1", "\"1\""},
                 {SOUK_FIELD_ID, "7", "\"7\""},
                 {SOUK_FIELD_TIME, "7", "7"},
                 {SOUK_FIELD_TIME, "2026-11-26T12:00:00Z", "\"2026-11-26T12:00:00Z\""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *const shown = value_of(cases[i].type, cases[i].text);
        cr_expect_str_eq(shown, cases[i].json, "%s: %s", cases[i].text, shown);
        free(shown);
    }
}
