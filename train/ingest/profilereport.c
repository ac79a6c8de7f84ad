#include "train/ingest/profilereport.h"

#include "shared/base/clock.h"

#include <inttypes.h>
#include <jansson.h>

static const char *const WEIGHTINGS[] = {[SOUK_WEIGHT_EVENTS] = "events",
                                         [SOUK_WEIGHT_VALUES] = "values",
                                         [SOUK_WEIGHT_ORDERS] = "orders"};

static double ratio(int64_t part, int64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static double sparsity(const struct souk_profile *p)
{
    const double cells = (double)p->users * (double)p->items;
    return cells > 0 ? 1 - (double)p->pairs / cells : 0;
}

static json_t *json_time(int64_t ms)
{
    char text[25];
    souk_time_format(ms, text);
    return json_string(text);
}

/* Keys as `no_customer`. */
static json_t *json_reasons(const int64_t *counts)
{
    json_t *object = json_object();
    for (int i = 0; i < SOUK_REJECTS; i++) {
        char key[SOUK_REJECT_TEXT_BYTES];
        if (!counts[i])
            continue;
        snprintf(key, sizeof key, "%s", souk_reject_text((enum souk_reject)i));
        for (char *c = key; *c; c++)
            *c = *c == ' ' ? '_' : *c;
        json_object_set_new(object, key, json_integer(counts[i]));
    }
    return object;
}

static json_t *json_rows(const struct souk_profile_report *r)
{
    const int64_t bad = souk_rejects_bad(r->rejects);
    int64_t dropped = -bad;
    for (int i = 0; i < SOUK_REJECTS; i++)
        dropped += r->rejects->first[i];
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "read", (json_int_t)r->rejects->rows,
                     "kept", (json_int_t)r->profile->events, "dropped", (json_int_t)dropped, "bad",
                     (json_int_t)bad, "duplicates", (json_int_t)r->profile->duplicates,
                     "by_first_reason", json_reasons(r->rejects->first), "by_each_reason",
                     json_reasons(r->rejects->each));
}

static json_t *json_types(const struct souk_profile_report *r)
{
    json_t *types = json_array();
    for (int t = 0; t < r->dataset->type_count; t++) {
        const struct souk_event_type *type = &r->dataset->types[t];
        const int64_t count = r->profile->type_count[t];
        json_array_append_new(types, json_pack("{s:s, s:I, s:f, s:f, s:b}", "name", type->name,
                                               "count", (json_int_t)count, "share",
                                               ratio(count, r->profile->events), "weight",
                                               type->weight, "target", type->is_target));
    }
    return types;
}

static json_t *json_distribution(const struct souk_distribution *d)
{
    return json_pack("{s:I, s:f, s:f, s:f, s:f, s:I}", "min", (json_int_t)d->min, "median",
                     d->median, "mean", d->mean, "p90", d->p90, "p99", d->p99, "max",
                     (json_int_t)d->max);
}

static json_t *json_split(const struct souk_profile_report *r)
{
    const struct souk_profile_split *s = &r->profile->split;
    return json_pack("{s:o, s:{s:I, s:I, s:I, s:I}, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}}",
                     "time", json_time(r->dataset->split_ms), "train", "events",
                     (json_int_t)s->train_events, "users", (json_int_t)s->train_users, "items",
                     (json_int_t)s->train_items, "pairs", (json_int_t)s->train_pairs, "test",
                     "events", (json_int_t)s->test_events, "targets", (json_int_t)s->targets,
                     "target_users", (json_int_t)s->target_users, "discovery_targets",
                     (json_int_t)s->discovery, "discovery_users", (json_int_t)s->discovery_users,
                     "new_item_targets", (json_int_t)s->new_item_targets, "new_user_targets",
                     (json_int_t)s->new_user_targets, "new_users", (json_int_t)s->new_users);
}

static json_t *json_coverage(const struct souk_profile_report *r)
{
    const struct souk_category_coverage *c = r->coverage;
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:f}", "count", (json_int_t)c->categories, "roots",
                     (json_int_t)c->roots, "max_depth", (json_int_t)c->max_depth, "used",
                     (json_int_t)c->used, "items_with_category", (json_int_t)c->items, "coverage",
                     ratio(c->items, souk_dataset_items(r->dataset)));
}

char *souk_profile_json(const struct souk_profile_report *r)
{
    const struct souk_profile *p = r->profile;
    json_t *root = json_pack(
        "{s:s, s:o, s:I, s:I, s:I, s:I, s:f, s:I, s:I, s:I, s:I, s:s, s:o, s:o, s:o, s:o, s:o}",
        "format", r->dataset->format, "rows", json_rows(r), "users", (json_int_t)p->users, "items",
        (json_int_t)p->items, "events", (json_int_t)p->events, "pairs", (json_int_t)p->pairs,
        "sparsity", sparsity(p), "sessions", (json_int_t)p->sessions, "events_with_order",
        (json_int_t)p->ordered_events, "known_users", (json_int_t)souk_dataset_users(r->dataset),
        "known_items", (json_int_t)souk_dataset_items(r->dataset), "weighting",
        WEIGHTINGS[r->dataset->weighting], "first_event", json_time(p->first_ms), "last_event",
        json_time(p->last_ms), "event_types", json_types(r), "events_per_user",
        json_distribution(&p->per_user), "events_per_item", json_distribution(&p->per_item));
    if (root && p->has_split && json_object_set_new(root, "split", json_split(r)))
        goto fail;
    if (root && r->coverage && json_object_set_new(root, "categories", json_coverage(r)))
        goto fail;
    char *text = root ? json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(10)) : NULL;
    json_decref(root);
    return text;
fail:
    json_decref(root);
    return NULL;
}

static void print_count(FILE *to, const char *name, int64_t count)
{
    fprintf(to, "  %-26s %14" PRId64 "\n", name, count);
}

static void print_share(FILE *to, const char *name, int64_t count, int64_t whole)
{
    fprintf(to, "  %-26s %14" PRId64 " %8.2f %%\n", name, count, 100 * ratio(count, whole));
}

static void print_rows(const struct souk_profile_report *r, FILE *to)
{
    const struct souk_rejects *j = r->rejects;
    fprintf(to, "rows\n");
    print_count(to, "read", j->rows);
    for (int i = 0; i < SOUK_REJECTS; i++) {
        if (!j->each[i])
            continue;
        fprintf(to, "  %-26s %14" PRId64 "   %s; in all rows %" PRId64 "\n",
                souk_reject_text((enum souk_reject)i), j->first[i],
                souk_reject_is_bad((enum souk_reject)i) ? "bad" : "dropped", j->each[i]);
    }
    print_count(to, "exact duplicates", r->profile->duplicates);
    print_count(to, "kept", r->profile->events);
}

static void print_distribution(FILE *to, const char *name, const struct souk_distribution *d)
{
    fprintf(to, "  %-26s min %" PRId64 "  median %g  mean %.2f  p90 %g  p99 %g  max %" PRId64 "\n",
            name, d->min, d->median, d->mean, d->p90, d->p99, d->max);
}

static void print_data(const struct souk_profile_report *r, FILE *to)
{
    const struct souk_profile *p = r->profile;
    char first[25], last[25];
    souk_time_format(p->first_ms, first);
    souk_time_format(p->last_ms, last);
    fprintf(to, "data\n");
    print_count(to, "events", p->events);
    print_count(to, "users", p->users);
    print_count(to, "items", p->items);
    print_count(to, "(user, item) pairs", p->pairs);
    fprintf(to, "  %-26s %14.6f\n", "sparsity", sparsity(p));
    print_count(to, "sessions", p->sessions);
    fprintf(to, "  %-26s %s to %s\n", "dates", first, last);
    print_distribution(to, "events per user", &p->per_user);
    print_distribution(to, "events per item", &p->per_item);
    fprintf(to, "event types\n");
    for (int t = 0; t < r->dataset->type_count; t++)
        print_share(to, r->dataset->types[t].name, p->type_count[t], p->events);
}

static void print_split(const struct souk_profile_report *r, FILE *to)
{
    const struct souk_profile_split *s = &r->profile->split;
    char time[25];
    souk_time_format(r->dataset->split_ms, time);
    fprintf(to, "split at %s\n", time);
    print_count(to, "training events", s->train_events);
    print_count(to, "training users", s->train_users);
    print_count(to, "training items", s->train_items);
    print_count(to, "training pairs", s->train_pairs);
    print_count(to, "test events", s->test_events);
    fprintf(to, "  %-26s %14" PRId64 "   of %" PRId64 " users\n", "targets", s->targets,
            s->target_users);
    fprintf(to, "  %-26s %14" PRId64 "   of %" PRId64 " users\n", "targets, discovery",
            s->discovery, s->discovery_users);
    print_count(to, "targets that are new items", s->new_item_targets);
    fprintf(to, "  %-26s %14" PRId64 "   of %" PRId64 " users\n", "targets of new users",
            s->new_user_targets, s->new_users);
}

static void print_coverage(const struct souk_profile_report *r, FILE *to)
{
    const struct souk_category_coverage *c = r->coverage;
    fprintf(to, "categories\n");
    print_count(to, "in the tree", c->categories);
    print_count(to, "roots", c->roots);
    print_count(to, "depth", c->max_depth);
    print_count(to, "used by items", c->used);
    print_share(to, "items with a category", c->items, souk_dataset_items(r->dataset));
}

void souk_profile_print(const struct souk_profile_report *r, FILE *to)
{
    print_rows(r, to);
    print_data(r, to);
    if (r->profile->has_split)
        print_split(r, to);
    if (r->coverage)
        print_coverage(r, to);
}
