#include "train/twostage/version.h"

#include "shared/base/clock.h"
#include "shared/base/memory.h"
#include "train/comm/modelwriter.h"
#include "train/popular/popularity.h"
#include "train/twostage/itemdays.h"
#include "train/twostage/itemfacts.h"
#include "train/twostage/levelfacts.h"
#include "train/twostage/popularunit.h"
#include "train/twostage/userevents.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLD_ITEMS = 5 };

struct making {
    const struct souk_comm *comm;
    const struct souk_dataset *dataset;
    const struct souk_ratings_rule *rule;
    const struct souk_version_plan *plan;
    struct souk_version_shape *shape;
    int64_t cut_ms;
    struct souk_ratings ratings;
    struct souk_user_events *events; /* [local_count] */
    float **columns;                 /* [local_count] */
    struct souk_day_rows *days;      /* [local_count] */
    struct souk_levels levels;
    struct souk_stage_sources sources;
    struct souk_popularity popularity;
    struct souk_model_part *stage_parts; /* [parts], all borrowed */
    struct souk_error *err;
};

/* The end of the window; of an open one, of its events. */
static int64_t cut_of(const struct souk_dataset *dataset, const struct souk_ratings_rule *rule)
{
    return rule->window.until_ms == SOUK_TIME_MAX ? dataset->last_ms + 1 : rule->window.until_ms;
}

static souk_status read_events_all(struct making *m)
{
    const int local = m->ratings.local_count;
    souk_status status = SOUK_OK;
    m->events = souk_zalloc_array((size_t)local, sizeof *m->events);
    m->columns = souk_zalloc_array((size_t)local, sizeof *m->columns);
    m->days = souk_zalloc_array((size_t)local, sizeof *m->days);
    if (!m->events || !m->columns || !m->days)
        status = souk_fail(m->err, SOUK_ENOMEM, "out of memory for %d parts", local);
    for (int k = 0; k < local && !status; k++)
        status = souk_user_events_read(m->dataset, m->rule, &m->ratings, k, &m->events[k], m->err);
    status = souk_status_agree_all(m->comm, status, m->err);
    if (!status)
        status = souk_item_facts_all(m->comm, &m->ratings, m->events, m->dataset->types, m->cut_ms,
                                     m->columns, m->err);
    if (!status)
        status = souk_item_days_all(m->comm, &m->ratings, m->events, m->days, m->err);
    if (!status)
        status = souk_item_levels_all(m->comm, m->dataset, &m->ratings,
                                      m->shape->is_settled ? &m->shape->levels : NULL, &m->levels,
                                      m->err);
    if (!status)
        status = souk_level_facts_all(m->comm, &m->ratings, &m->levels, m->columns, m->err);
    return status;
}

static souk_status train_sources_all(struct making *m)
{
    const struct souk_version_shape *shape = m->shape;
    souk_status status =
        souk_popularity_all(m->comm, &m->ratings, 7 * SOUK_MS_PER_DAY, &m->popularity, m->err);
    if (!status)
        status =
            souk_stage_sources_all(m->comm, m->dataset, m->rule, &m->ratings, &m->plan->sources,
                                   shape->is_settled ? &shape->sources : NULL, &m->sources, m->err);
    return status;
}

/* What this version has is what all others have. */
static void settle(struct making *m)
{
    struct souk_version_shape *shape = m->shape;
    if (shape->is_settled)
        return;
    shape->sources.count = m->sources.count;
    memcpy(shape->sources.kind, m->sources.kind, sizeof shape->sources.kind);
    shape->levels.count = m->levels.count;
    for (int l = 0; l < m->levels.count; l++)
        strcpy(shape->levels.name[l], m->levels.of[l].name);
    shape->is_settled = true;
}

static void name_columns(const struct souk_levels *levels, struct souk_model_stages *s)
{
    for (int c = 0; c < souk_item_facts_count(); c++)
        snprintf(s->columns[s->column_count++], sizeof s->columns[0], "%s",
                 souk_item_facts_name(c));
    for (int l = 0; l < levels->count; l++)
        for (int f = 0; f < SOUK_LEVEL_FACTS; f++)
            souk_level_facts_name(levels, l, f, s->columns[s->column_count++],
                                  sizeof s->columns[0]);
}

static void name_stages(const struct making *m, struct souk_model_stages *s)
{
    s->source_count = m->sources.count;
    for (int i = 0; i < m->sources.count; i++) {
        snprintf(s->sources[i].name, sizeof s->sources[i].name, "%s",
                 souk_stage_source_name(m->sources.kind[i]));
        s->sources[i].longest = m->sources.rows[i].longest;
    }
    s->type_count = m->dataset->type_count;
    memcpy(s->types, m->dataset->types, sizeof s->types);
    name_columns(&m->levels, s);
    s->levels = m->levels;                         /* read only */
    s->forest_text = (char *)m->plan->forest_text; /* read only */
}

static struct souk_stage_rules rules_of(const struct making *m, const struct souk_model_stages *s)
{
    struct souk_stage_rules rules = {.source_count = m->sources.count,
                                     .popular_column = souk_stage_column(s, "users_7d"),
                                     .popular_quota = m->plan->popular_quota,
                                     .repeat_quota = m->plan->repeat_quota,
                                     .value_column = souk_stage_column(s, "mean_value"),
                                     .cold_items = COLD_ITEMS};
    memcpy(rules.blend, m->plan->blend, sizeof rules.blend);
    for (int i = 0; i < m->sources.count; i++)
        rules.sources[i] =
            (struct souk_source_rule){.history = souk_stage_source_history(m->sources.kind[i]),
                                      .quota = m->plan->quota,
                                      .lift_column = souk_stage_column(s, "trend_7d")};
    return rules;
}

static souk_status lay_out_parts(struct making *m)
{
    m->stage_parts = souk_zalloc_array((size_t)m->ratings.parts, sizeof *m->stage_parts);
    if (!m->stage_parts)
        return souk_fail(m->err, SOUK_ENOMEM, "out of memory for %d parts", m->ratings.parts);
    for (int k = 0; k < m->ratings.local_count; k++) {
        const int part = m->ratings.local[k].part;
        struct souk_model_part *p = &m->stage_parts[part];
        p->event_offsets = m->events[k].offsets;
        p->event_item = m->events[k].item;
        p->event_ms = m->events[k].ms;
        p->event_type = m->events[k].type;
        p->event_value = m->events[k].value;
        p->columns = m->columns[k];
        p->days = m->days[k];
        for (int i = 0; i < m->sources.count; i++) {
            const struct souk_neighbour_rows *rows = &m->sources.rows[i];
            p->sources[i] = (struct souk_source_rows){rows->offsets[part], rows->item[part],
                                                      rows->weight[part]};
        }
    }
    return SOUK_OK;
}

/* Visitors without events are answered by popularity, which grows and shrinks with the shop. */
static souk_status state_confidence_all(const struct making *m, char **text)
{
    double unit = 0;
    size_t len = 0;
    souk_status status =
        souk_popular_unit_all(m->comm, &m->ratings, (const float *const *)m->popularity.score,
                              m->plan->popular_quota, &unit, m->err);
    if (!status && unit > 0)
        souk_confidence_scale(m->plan->confidence, SOUK_AUDIENCE_NEW, unit);
    if (!status)
        status = souk_status_agree_all(
            m->comm, souk_confidence_format(m->plan->confidence, text, &len, m->err), m->err);
    return status;
}

static souk_status save_all(struct making *m, const char *path, char *id)
{
    struct souk_model_stages stages = {0};
    souk_status status = lay_out_parts(m);
    name_stages(m, &stages);
    const struct souk_stage_rules rules = rules_of(m, &stages);
    stages.rules_json = souk_stage_rules_json(&rules);
    if (!status && !stages.rules_json)
        status = souk_fail(m->err, SOUK_ENOMEM, "out of memory for the rules of the model");
    status = souk_status_agree_all(m->comm, status, m->err);
    if (!status && m->plan->confidence)
        status = state_confidence_all(m, &stages.confidence_text);
    const struct souk_model_content content = {.kind = "two-stage",
                                               .popularity = m->popularity.score,
                                               .item_events = m->popularity.events,
                                               .stages = &stages,
                                               .stage_parts = m->stage_parts,
                                               .parameters_json = m->plan->parameters_json};
    if (!status)
        status = souk_model_save_all(m->comm, path, m->dataset, &m->ratings, &content, id, m->err);
    free(stages.rules_json);
    free(stages.confidence_text);
    return status;
}

static void making_fini(struct making *m)
{
    for (int k = 0; k < m->ratings.local_count; k++) {
        if (m->events)
            souk_user_events_fini(&m->events[k]);
        if (m->columns)
            free(m->columns[k]);
        if (m->days)
            souk_item_days_fini(&m->days[k]);
    }
    free(m->events);
    free(m->columns);
    free(m->days);
    free(m->stage_parts);
    souk_stage_sources_fini(&m->sources);
    souk_popularity_fini(&m->popularity);
    souk_levels_fini(&m->levels);
    souk_ratings_fini(&m->ratings);
}

souk_status souk_version_make_all(const struct souk_comm *comm, const struct souk_dataset *dataset,
                                  const struct souk_ratings_rule *rule,
                                  const struct souk_version_plan *plan,
                                  struct souk_version_shape *shape, const char *path, char *id,
                                  struct souk_error *err)
{
    struct making m = {.comm = comm,
                       .dataset = dataset,
                       .rule = rule,
                       .plan = plan,
                       .shape = shape,
                       .cut_ms = cut_of(dataset, rule),
                       .err = err};
    souk_status status = souk_ratings_load_all(comm, dataset, rule, &m.ratings, err);
    if (!status)
        status = read_events_all(&m);
    if (!status)
        status = train_sources_all(&m);
    if (!status)
        status = save_all(&m, path, id);
    if (!status)
        settle(&m);
    making_fini(&m);
    return status;
}
