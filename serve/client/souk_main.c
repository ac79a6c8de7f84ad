/* souk: the command-line client. */
#include "serve/client/admin_command.h"
#include "serve/client/clientoptions.h"
#include "serve/client/event_command.h"
#include "serve/client/explain_command.h"
#include "serve/client/load_command.h"
#include "serve/client/narrowoptions.h"
#include "shared/base/log.h"
#include "shared/base/subcommand.h"

#include <math.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct list_options {
    const char *proxy, *token_file, *id, *category, *moment, *events;
    int64_t n, timeout_ms;
    double min_confidence;
    bool json, include_seen;
    struct souk_narrow_options narrow;
    struct souk_client_tls tls;
};

/* ---- printing ---- */

static void print_table(const struct list_options *o, const struct souk_answer *a, bool similar)
{
    printf("%s %s", similar ? "similar to item" : "user", o->id);
    if (a->user_type)
        printf(" (%s)", a->user_type);
    printf(", model %s%s%s\n", a->model ? a->model : "?", a->partial ? ", partial" : "",
           a->degraded ? ", degraded" : "");
    const bool sure = a->count > 0 && !isnan(a->items[0].confidence);
    printf("%4s  %-24s %12s%s\n", "#", "item", a->source ? a->source : "score",
           sure ? "  confidence  probability" : "");
    for (int i = 0; i < a->count; i++) {
        printf("%4d  %-24s %12.6g", i + 1, a->items[i].id, (double)a->items[i].score);
        if (sure)
            printf("  %10.4f  %11.4f", a->items[i].confidence, a->items[i].probability);
        if (a->items[i].metadata)
            printf("  %s", a->items[i].metadata);
        putchar('\n');
    }
    if (o->min_confidence > 0 && !a->guaranteed)
        puts("      too few visitors were calibrated on: not guaranteed");
    if (a->count == 0)
        puts("      nothing to recommend");
}

static json_t *items_json(const struct souk_answer *a)
{
    json_t *list = json_array();
    for (int i = 0; i < a->count; i++) {
        const double score = (double)a->items[i].score;
        json_t *item = json_pack("{s:s, s:f, s:{s:f}}", "item_id", a->items[i].id, "score", score,
                                 "scores", a->source ? a->source : "score", score);
        if (!isnan(a->items[i].confidence))
            json_object_set_new(item, "confidence", json_real(a->items[i].confidence));
        if (!isnan(a->items[i].probability))
            json_object_set_new(item, "probability", json_real(a->items[i].probability));
        if (a->items[i].metadata)
            json_object_set_new(item, "metadata", json_loads(a->items[i].metadata, 0, NULL));
        json_array_append_new(list, item);
    }
    return list;
}

static void print_json(const struct souk_answer *a, bool similar)
{
    json_t *json = json_object();
    char *text;
    json_object_set_new(json, similar ? "item_id" : "user_id", json_string(a->id));
    if (a->user_type)
        json_object_set_new(json, "user_type", json_string(a->user_type));
    json_object_set_new(json, "model", json_string(a->model));
    json_object_set_new(json, "request_id", json_string(a->request_id));
    if (a->moment_ms > 0)
        json_object_set_new(json, "moment_ms", json_integer(a->moment_ms));
    if (a->age_ms >= 0)
        json_object_set_new(json, "age_ms", json_integer(a->age_ms));
    json_object_set_new(json, "recommendations", items_json(a));
    json_object_set_new(json, "total_candidates_scored", json_integer(a->total_candidates_scored));
    json_object_set_new(json, "partial", json_boolean(a->partial));
    json_object_set_new(json, "degraded", json_boolean(a->degraded));
    json_object_set_new(json, "coverage", json_real(a->coverage));
    json_object_set_new(json, "took_us", json_integer(a->took_us));
    text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9));
    puts(text ? text : "{}");
    free(text);
    json_decref(json);
}

/* ---- recommend, similar ---- */

static souk_status ask_list(const struct list_options *o, bool similar, struct souk_error *err)
{
    struct souk_query query = {.id = o->id,
                               .n = o->n,
                               .category = o->category,
                               .include_seen = o->include_seen,
                               .timeout_ms = o->timeout_ms,
                               .min_confidence = o->min_confidence};
    struct souk_event_list events;
    struct souk_narrowed narrowed = {.text = {NULL}};
    struct souk_client *client = NULL;
    struct souk_answer answer = {.items = NULL};
    souk_status status = souk_event_list_parse(o->events, &events, err);
    query.events = events.events;
    query.event_count = events.count;
    if (!status)
        status = souk_moment_parse(o->moment, &query.moment_ms, err);
    if (!status)
        status = souk_narrow_query(&o->narrow, &narrowed, &query, err);
    if (!status)
        status = souk_client_new_tls(o->proxy, 1, &o->tls, &client, err);
    if (!status)
        status = souk_client_load_token(client, o->token_file, err);
    if (!status)
        status = (similar ? souk_client_similar : souk_client_recommend)(client, 0, &query, &answer,
                                                                         err);
    if (!status && o->json)
        print_json(&answer, similar);
    else if (!status)
        print_table(o, &answer, similar);
    souk_answer_fini(&answer);
    souk_client_free(client);
    souk_event_list_fini(&events);
    souk_narrowed_fini(&narrowed);
    return status;
}

static souk_status run_list(int argc, char **argv, bool similar, struct souk_error *err)
{
    struct list_options o = {0};
    struct souk_options *parsed = NULL;
    bool done = false;
    const struct souk_option table[] = {
        SOUK_PROXY_ROW(o),
        SOUK_TLS_ROWS(o.tls),
        SOUK_TOKEN_FILE_ROW(o),
        {similar ? "item" : "user", similar ? 'i' : 'u', SOUK_OPTION_TEXT, &o.id, NULL, 0, 0, NULL,
         "ID", similar ? "item to compare with" : "visitor to recommend to", true},
        {"n", 'n', SOUK_OPTION_INT, &o.n, "10", 0, 0, NULL, "N", "length of the list, 1 to 1000",
         false},
        {"category", 'c', SOUK_OPTION_TEXT, &o.category, NULL, 0, 0, NULL, "ID",
         "only items of this category and below", false},
        {"include-seen", 0, SOUK_OPTION_FLAG, &o.include_seen, NULL, 0, 0, NULL, NULL,
         "also items that the visitor knows", false},
        SOUK_NARROW_ROWS(o.narrow),
        {"json", 0, SOUK_OPTION_FLAG, &o.json, NULL, 0, 0, NULL, NULL, "print JSON", false},
        SOUK_TIMEOUT_ROW(o),
        similar ? (struct souk_option)SOUK_END_ROW : (struct souk_option)SOUK_MOMENT_ROW(o),
        {"min-confidence", 0, SOUK_OPTION_REAL, &o.min_confidence, "0", 0, .999, NULL, "C",
         "end the list where confidence does not exceed this", false},
        similar ? (struct souk_option)SOUK_END_ROW : (struct souk_option)SOUK_EVENTS_ROW(o),
        similar ? (struct souk_option)SOUK_END_ROW : (struct souk_option)SOUK_PREFER_ROW(o.narrow),
        SOUK_END_ROW,
    };
    const struct souk_program program = {
        .name = argv[0],
        .summary = similar ? "items like an item" : "what a visitor may want next",
        .examples = similar ? "  souk similar --item 85123A -n 5\n"
                            : "  souk recommend --user 17850 -n 10 --json\n"
                              "  souk recommend --user new --events 85123A=sale,71053=sale\n"
                              "  souk recommend --user 17850 --available --price-max 20 "
                              "--metadata\n",
        .options = table,
    };
    souk_status status = souk_options_parse(&program, argc, argv, true, &done, &parsed, err);
    if (!status && !done)
        status = ask_list(&o, similar, err);
    souk_options_free(parsed);
    return status;
}

static souk_status run_recommend(int argc, char **argv, struct souk_error *err)
{
    return run_list(argc, argv, false, err);
}

static souk_status run_similar(int argc, char **argv, struct souk_error *err)
{
    return run_list(argc, argv, true, err);
}

/* ---- health ---- */

static souk_status run_health(int argc, char **argv, struct souk_error *err)
{
    struct list_options o = {0};
    struct souk_options *parsed = NULL;
    struct souk_client *client = NULL;
    char *json = NULL;
    bool done = false;
    const struct souk_option table[] = {SOUK_PROXY_ROW(o),
                                        SOUK_TLS_ROWS(o.tls),
                                        SOUK_TOKEN_FILE_ROW(o),
                                        SOUK_TIMEOUT_ROW(o),
                                        {"json", 0, SOUK_OPTION_FLAG, &o.json, NULL, 0, 0, NULL,
                                         NULL, "print JSON (it always does)", false},
                                        SOUK_END_ROW};
    const struct souk_program program = {.name = argv[0],
                                         .summary = "what a proxy or a replica says of itself",
                                         .examples = "  souk health --proxy tcp://127.0.0.1:7101\n",
                                         .options = table};
    souk_status status = souk_options_parse(&program, argc, argv, true, &done, &parsed, err);
    if (!status && !done)
        status = souk_client_new_tls(o.proxy, 1, &o.tls, &client, err);
    if (!status && !done)
        status = souk_client_load_token(client, o.token_file, err);
    if (!status && !done)
        status = souk_client_health(client, 0, o.timeout_ms, &json, err);
    if (json)
        puts(json);
    free(json);
    souk_client_free(client);
    souk_options_free(parsed);
    return status;
}

/* ---- main ---- */

static const struct souk_subcommand commands[] = {
    {"recommend", "what a visitor may want next"},
    {"similar", "items like an item"},
    {"explain", "why items score as they do for a visitor"},
    {"event", "tell what visitors did: one event, or a file of them"},
    {"health", "what a proxy or a replica says of itself"},
    {"load", "put load on a fleet, measure it, check what it answers"},
    {"admin", "change the model of replicas, or take them out"},
};

static souk_status (*const runs[])(int argc, char **argv, struct souk_error *err) = {
    run_recommend, run_similar,       souk_explain_command, souk_event_command,
    run_health,    souk_load_command, souk_admin_command};

static const struct souk_subcommand_program souk_program = {
    .name = "souk",
    .summary = "Ask a Souk fleet.",
    .examples = "  souk recommend --proxy tcp://127.0.0.1:7100 --user 17850 -n 10 --json\n"
                "  souk similar --item 85123A\n"
                "  souk load --users users.txt --rate 1000 --duration 30s\n",
    .commands = commands,
    .count = sizeof commands / sizeof commands[0],
};

int main(int argc, char **argv)
{
    struct souk_error err = {0};
    char title[64];
    int index = -1;
    souk_status status;
    souk_log_setup("souk", 0, SOUK_LOG_INFO);
    status = souk_subcommand_find(&souk_program, argc, argv, true, title, &index, &err);
    if (!status && index >= 0)
        status = runs[index](argc - 1, argv + 1, &err);
    if (status)
        souk_complain(&err);
    return souk_exit_code(status);
}
