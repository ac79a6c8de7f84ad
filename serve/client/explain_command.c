#include "serve/client/explain_command.h"

#include "serve/client/clientoptions.h"
#include "shared/base/clock.h"
#include "shared/base/memory.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS_MAX = 50 };

struct explain_options {
    const char *proxy, *token_file, *id, *items, *moment, *events;
    int64_t top, timeout_ms;
    bool json, include_seen;
    struct souk_client_tls tls;
};

/* ---- printing ---- */

static void print_item(const struct explain_options *o, const struct souk_explained *x,
                       const struct souk_explanation *e)
{
    printf("\nitem %s%s: score %.6g = forest %.6g + %.6g * base %.6g\n", e->item,
           e->candidate ? "" : " (no candidate)", (double)e->score, e->forest, x->blend, e->base);
    printf("%-32s %14s %14s\n", "feature", "value", "contribution");
    printf("%-32s %14s %14.6g\n", "(expectation)", "", x->expectation);
    for (int f = 0; f < e->count && f < o->top; f++) {
        const struct souk_share *s = &e->features[f];
        if (isnan(s->value))
            printf("%-32s %14s %14.6g\n", s->name, "-", s->contribution);
        else
            printf("%-32s %14.6g %14.6g\n", s->name, (double)s->value, s->contribution);
    }
}

static void print_table(const struct explain_options *o, const struct souk_explained *x)
{
    char moment[25];
    souk_time_format(x->moment_ms, moment);
    printf("user %s (%s) at %s, model %s%s%s\n", o->id, x->user_type ? x->user_type : "?", moment,
           x->model ? x->model : "?", x->partial ? ", partial" : "",
           x->degraded ? ", degraded" : "");
    for (int i = 0; i < x->count; i++)
        print_item(o, x, &x->items[i]);
    if (x->count == 0)
        puts("no event of this user is known: popular items come as they are");
}

static json_t *features_json(const struct explain_options *o, const struct souk_explanation *e)
{
    json_t *list = json_array();
    for (int f = 0; f < e->count && f < o->top; f++) {
        const struct souk_share *s = &e->features[f];
        json_t *value = isnan(s->value) ? json_null() : json_real((double)s->value);
        json_array_append_new(list, json_pack("{s:s, s:o, s:f}", "name", s->name, "value", value,
                                              "contribution", s->contribution));
    }
    return list;
}

static void print_json(const struct explain_options *o, const struct souk_explained *x)
{
    json_t *list = json_array();
    for (int i = 0; i < x->count; i++) {
        const struct souk_explanation *e = &x->items[i];
        json_array_append_new(list, json_pack("{s:s, s:b, s:f, s:f, s:f, s:o}", "item_id", e->item,
                                              "candidate", e->candidate, "score", (double)e->score,
                                              "forest", e->forest, "base", e->base, "features",
                                              features_json(o, e)));
    }
    json_t *json =
        json_pack("{s:s, s:s?, s:s?, s:I, s:b, s:b, s:f, s:f, s:o}", "user_id", o->id, "user_type",
                  x->user_type, "model", x->model, "moment_ms", (json_int_t)x->moment_ms, "partial",
                  x->partial, "degraded", x->degraded, "expectation", x->expectation, "blend",
                  x->blend, "explanations", list);
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    puts(text ? text : "{}");
    free(text);
    json_decref(json);
}

/* ---- asking ---- */

/* @param text is cut @return SOUK_OK, SOUK_EUSAGE */
static souk_status split_items(char *text, const char **items, int *count, struct souk_error *err)
{
    char *rest = NULL;
    *count = 0;
    for (char *id = strtok_r(text, ",", &rest); id; id = strtok_r(NULL, ",", &rest)) {
        if (*count == ITEMS_MAX)
            return souk_fail(err, SOUK_EUSAGE, "--items names more than %d", ITEMS_MAX);
        items[(*count)++] = id;
    }
    return *count > 0 ? SOUK_OK : souk_fail(err, SOUK_EUSAGE, "--items names no item");
}

static souk_status explain(const struct explain_options *o, struct souk_error *err)
{
    const char *items[ITEMS_MAX];
    struct souk_query query = {
        .id = o->id, .n = 10, .include_seen = o->include_seen, .timeout_ms = o->timeout_ms};
    struct souk_event_list events;
    struct souk_client *client = NULL;
    struct souk_explained x = {.items = NULL};
    char *copy = souk_strndup(o->items, strlen(o->items));
    souk_status status = souk_event_list_parse(o->events, &events, err);
    if (!status && !copy)
        status = souk_fail(err, SOUK_ENOMEM, "no memory");
    if (!status)
        status = souk_moment_parse(o->moment, &query.moment_ms, err);
    if (!status)
        status = split_items(copy, items, &query.item_count, err);
    query.items = items;
    query.events = events.events;
    query.event_count = events.count;
    if (!status)
        status = souk_client_new_tls(o->proxy, 1, &o->tls, &client, err);
    if (!status)
        status = souk_client_load_token(client, o->token_file, err);
    if (!status)
        status = souk_client_explain(client, 0, &query, &x, err);
    if (!status)
        (o->json ? print_json : print_table)(o, &x);
    souk_explained_fini(&x);
    souk_client_free(client);
    souk_event_list_fini(&events);
    free(copy);
    return status;
}

souk_status souk_explain_command(int argc, char **argv, struct souk_error *err)
{
    struct explain_options o = {0};
    struct souk_options *parsed = NULL;
    bool done = false;
    const struct souk_option table[] = {
        SOUK_PROXY_ROW(o),
        SOUK_TLS_ROWS(o.tls),
        SOUK_TOKEN_FILE_ROW(o),
        {"user", 'u', SOUK_OPTION_TEXT, &o.id, NULL, 0, 0, NULL, "ID", "visitor", true},
        {"items", 'i', SOUK_OPTION_TEXT, &o.items, NULL, 0, 0, NULL, "ID,...",
         "items whose scores are explained, at most 50", true},
        SOUK_MOMENT_ROW(o),
        SOUK_EVENTS_ROW(o),
        {"include-seen", 0, SOUK_OPTION_FLAG, &o.include_seen, NULL, 0, 0, NULL, NULL,
         "as for a list that has items that the visitor knows", false},
        {"top", 0, SOUK_OPTION_INT, &o.top, "12", 1, 1000, NULL, "N",
         "features to show, by the size of their contribution", false},
        {"json", 0, SOUK_OPTION_FLAG, &o.json, NULL, 0, 0, NULL, NULL, "print JSON", false},
        SOUK_TIMEOUT_ROW(o),
        SOUK_END_ROW,
    };
    const struct souk_program program = {
        .name = argv[0],
        .summary = "why items score as they do for a visitor of a two-stage model",
        .examples = "  souk explain --user 17850 --items 85123A,71053 --top 5\n",
        .options = table,
    };
    souk_status status = souk_options_parse(&program, argc, argv, true, &done, &parsed, err);
    if (!status && !done)
        status = explain(&o, err);
    souk_options_free(parsed);
    return status;
}
