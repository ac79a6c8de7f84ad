#include "shared/score/features.h"

#include <math.h>
#include <stdio.h>

/* One table names a feature and computes it, so that the two cannot part. */
struct user_feature {
    const char *name;
    float (*of)(const struct souk_profile *p);
};

static float user_events(const struct souk_profile *p)
{
    return p->events;
}
static float user_items(const struct souk_profile *p)
{
    return (float)p->count;
}
static float user_sessions(const struct souk_profile *p)
{
    return p->sessions;
}
static float user_targets(const struct souk_profile *p)
{
    return p->targets;
}
static float user_recent_events(const struct souk_profile *p)
{
    return p->recent_events;
}
static float user_age_days(const struct souk_profile *p)
{
    return p->age_days;
}
static float user_idle_days(const struct souk_profile *p)
{
    return p->idle_days;
}
static float user_mean_value(const struct souk_profile *p)
{
    return p->mean_value;
}

static const struct user_feature user_features[] = {
    {"sessions", user_sessions},
    {"events", user_events},
    {"items", user_items},
    {"targets", user_targets},
    {"recent_events", user_recent_events},
    {"age_days", user_age_days},
    {"idle_days", user_idle_days},
    {"mean_value", user_mean_value},
};

struct pair_feature {
    const char *name;
    float (*of)(const struct souk_profile_item *f);
};

static float pair_events(const struct souk_profile_item *f)
{
    return f->events;
}
static float pair_targets(const struct souk_profile_item *f)
{
    return f->targets;
}
static float pair_idle_days(const struct souk_profile_item *f)
{
    return f->idle_days;
}
static float pair_recent(const struct souk_profile_item *f)
{
    return f->recent;
}

static const struct pair_feature pair_features[] = {
    {"events", pair_events},
    {"targets", pair_targets},
    {"idle_days", pair_idle_days},
    {"recent", pair_recent},
};

enum {
    USER_FEATURES = sizeof user_features / sizeof user_features[0],
    PAIR_FEATURES = sizeof pair_features / sizeof pair_features[0],
    OF_A_SOURCE = 4,
};

static int before_days(const struct souk_model_stages *s)
{
    return s->column_count + USER_FEATURES + PAIR_FEATURES + OF_A_SOURCE * s->source_count;
}

static int before_categories(const struct souk_model_stages *s)
{
    return before_days(s) + SOUK_DAY_FEATURES;
}

int souk_feature_count(const struct souk_model_stages *s)
{
    return before_categories(s) + souk_category_feature_count(s);
}

int souk_feature_of_source(const struct souk_model_stages *s, int source, bool lifted)
{
    return s->column_count + USER_FEATURES + PAIR_FEATURES + OF_A_SOURCE * source + lifted;
}

int souk_feature_of_items(const struct souk_model_stages *s)
{
    int f = 0;
    while (user_features[f].of != user_items)
        f++;
    return s->column_count + f;
}

float souk_feature_repeat(const struct souk_model_stages *s, const float *feature)
{
    const float *pair = feature + s->column_count + USER_FEATURES;
    float events = NAN, idle_days = NAN;
    for (int f = 0; f < PAIR_FEATURES; f++) {
        events = pair_features[f].of == pair_events ? pair[f] : events;
        idle_days = pair_features[f].of == pair_idle_days ? pair[f] : idle_days;
    }
    return events > 0 ? souk_profile_repeat(events, idle_days) : 0;
}

void souk_feature_name(const struct souk_model_stages *s, int f, char *name, size_t size)
{
    if (f >= before_categories(s)) {
        souk_category_feature_name(s, f - before_categories(s), name, size);
        return;
    }
    if (f >= before_days(s)) {
        snprintf(name, size, "%s", souk_day_feature_name(f - before_days(s)));
        return;
    }
    if (f < s->column_count) {
        snprintf(name, size, "item.%s", s->columns[f]);
        return;
    }
    f -= s->column_count;
    if (f < USER_FEATURES) {
        snprintf(name, size, "user.%s", user_features[f].name);
        return;
    }
    f -= USER_FEATURES;
    if (f < PAIR_FEATURES) {
        snprintf(name, size, "pair.%s", pair_features[f].name);
        return;
    }
    f -= PAIR_FEATURES;
    static const char *const of_a_source[OF_A_SOURCE] = {"", ".lifted", ".items", ".strongest"};
    snprintf(name, size, "source.%s%s", s->sources[f / OF_A_SOURCE].name,
             of_a_source[f % OF_A_SOURCE]);
}

void souk_feature_row(const struct souk_model *model, const struct souk_stage_rules *rules,
                      const struct souk_model_part *part, int64_t item,
                      const struct souk_profile *profile, const float *scores,
                      const struct souk_support *support, const float *best, float *out)
{
    const struct souk_model_stages *s = &model->stages;
    const int64_t row = model->item_first[part->part] + item;
    const int64_t at = souk_profile_find(profile, row);
    const float mean_value = rules->value_column < 0
                                 ? NAN
                                 : part->columns[rules->value_column * part->items.count + item];
    for (int c = 0; c < s->column_count; c++)
        *out++ = part->columns[c * part->items.count + item];
    for (int f = 0; f < USER_FEATURES; f++)
        *out++ = user_features[f].of(profile);
    for (int f = 0; f < PAIR_FEATURES; f++)
        *out++ = at < 0 ? NAN : pair_features[f].of(&profile->facts[at]);
    for (int k = 0; k < s->source_count; k++) {
        const int lift = rules->sources[k].lift_column;
        const float times = lift < 0 ? 1 : part->columns[lift * part->items.count + item];
        *out++ = best[2 * k] > 0 ? scores[k] / best[2 * k] : 0;
        *out++ = best[2 * k + 1] > 0 ? scores[k] * times / best[2 * k + 1] : 0;
        *out++ = support[k].items;
        *out++ = support[k].items > 0 ? support[k].strongest / scores[k] : 0;
    }
    souk_day_feature_row(&part->days, item, profile, out);
    souk_category_feature_row(s, profile, row, mean_value, out + SOUK_DAY_FEATURES);
}
