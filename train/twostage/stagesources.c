#include "train/twostage/stagesources.h"

#include "shared/base/clock.h"
#include "train/category/category.h"
#include "train/content/content.h"
#include "train/covisit/covisit.h"
#include "train/linear/densecommand.h"
#include "train/linear/ease.h"

#include <string.h>

struct training {
    const struct souk_comm *comm;
    const struct souk_dataset *dataset;
    const struct souk_ratings_rule *loaded;
    struct souk_ratings *ratings;
    const struct souk_stage_sources_rule *rule;
    struct souk_error *err;
};

static souk_status ease_all(const struct training *t, struct souk_neighbour_rows *out)
{
    const struct souk_ease_parameters parameters = {.lambda = t->rule->ease_lambda,
                                                    .items_limit = t->rule->ease_items_limit,
                                                    .neighbours = t->rule->neighbours,
                                                    .block = 64,
                                                    .buffer_bytes = SOUK_EASE_BUFFER_BYTES};
    return souk_ease_all(t->comm, t->ratings, &parameters, out, t->err);
}

static int64_t most_neighbours(const struct training *t)
{
    return t->rule->neighbours > 0 ? t->rule->neighbours : INT32_MAX;
}

static souk_status covisit_fading_all(const struct training *t, int64_t half_life_ms,
                                      struct souk_neighbour_rows *out)
{
    const struct souk_covisit_parameters parameters = {.scope = SOUK_COVISIT_BOTH,
                                                       .user_weight = .3,
                                                       .exponent = .1,
                                                       .source_exponent = .5,
                                                       .half_life_ms = half_life_ms,
                                                       .window = 5,
                                                       .reach = 1000,
                                                       .neighbours = most_neighbours(t),
                                                       .buffer_bytes = 256 << 20};
    return souk_covisit_all(t->comm, t->dataset, t->loaded, t->ratings, &parameters, out, t->err);
}

static souk_status covisit_all(const struct training *t, struct souk_neighbour_rows *out)
{
    return covisit_fading_all(t, -1, out);
}

static souk_status covisit_28d_all(const struct training *t, struct souk_neighbour_rows *out)
{
    return covisit_fading_all(t, 28 * SOUK_MS_PER_DAY, out);
}

static souk_status content_all(const struct training *t, struct souk_neighbour_rows *out)
{
    const struct souk_content_parameters parameters = {
        .documents = {.max_share = .2, .max_items = 2000},
        .neighbours = 100,
        .cold_neighbours = 20,
        .power = 2};
    return souk_content_all(t->comm, t->dataset, t->ratings, &parameters, out, t->err);
}

static souk_status category_all(const struct training *t, struct souk_neighbour_rows *out)
{
    const struct souk_category_parameters parameters = {.half_life_ms = 28 * SOUK_MS_PER_DAY,
                                                        .neighbours = 100};
    return souk_category_all(t->comm, t->dataset, t->ratings, &parameters, out, t->err);
}

static const struct source {
    const char *name;
    float power; /* of the event weights in a history */
    souk_status (*train_all)(const struct training *t, struct souk_neighbour_rows *out);
    bool may_be_absent; /* the dataset may have nothing for it: SOUK_EFORMAT */
} table[SOUK_STAGE_SOURCES] = {
    {"ease", 0, ease_all, false},
    {"covisit", .5F, covisit_all, false},
    {"covisit_28d", .5F, covisit_28d_all, false},
    {"content", .5F, content_all, true},
    {"category", .5F, category_all, true},
};

const char *souk_stage_source_name(int kind)
{
    return table[kind].name;
}

struct souk_profile_rule souk_stage_source_history(int kind)
{
    return (struct souk_profile_rule){.power = table[kind].power};
}

static bool is_asked_for(const struct souk_stage_sources *like, int kind)
{
    bool found = !like;
    for (int i = 0; like && i < like->count; i++)
        found = found || like->kind[i] == kind;
    return found;
}

static int64_t no_candidates(void *context, int thread, int64_t row, struct souk_neighbour *out)
{
    (void)context;
    (void)thread;
    (void)row;
    (void)out;
    return 0;
}

/* Rows without a neighbour. */
static souk_status empty_all(const struct training *t, struct souk_neighbour_rows *out)
{
    const struct souk_neighbour_source nothing = {.candidates = no_candidates, .keep = 1};
    souk_status status = souk_neighbour_rows_init(out, t->ratings, t->err);
    for (int k = 0; k < t->ratings->local_count && !status; k++)
        status = souk_neighbour_rows_add(out, t->ratings, t->ratings->local[k].part, 0,
                                         t->ratings->local[k].items.count, &nothing, t->err);
    return souk_status_agree_all(t->comm, status, t->err);
}

/* @param must_be there, if only with empty rows */
static souk_status add_all(const struct training *t, int kind, bool must_be,
                           struct souk_stage_sources *out)
{
    struct souk_neighbour_rows *rows = &out->rows[out->count];
    souk_status status =
        souk_status_agree_all(t->comm, souk_densecommand_weigh(t->ratings, 0, t->err), t->err);
    if (!status)
        status = table[kind].train_all(t, rows);
    const bool is_absent = status == SOUK_EFORMAT && table[kind].may_be_absent;
    if (is_absent && !must_be)
        return SOUK_OK;
    if (is_absent)
        status = empty_all(t, rows);
    out->kind[out->count++] = kind;
    return status;
}

souk_status souk_stage_sources_all(const struct souk_comm *comm, const struct souk_dataset *dataset,
                                   const struct souk_ratings_rule *loaded,
                                   struct souk_ratings *ratings,
                                   const struct souk_stage_sources_rule *rule,
                                   const struct souk_stage_sources *like,
                                   struct souk_stage_sources *out, struct souk_error *err)
{
    const struct training t = {comm, dataset, loaded, ratings, rule, err};
    souk_status status = SOUK_OK;
    *out = (struct souk_stage_sources){0};
    for (int kind = 0; kind < SOUK_STAGE_SOURCES && !status; kind++)
        if (is_asked_for(like, kind))
            status = add_all(&t, kind, like != NULL, out);
    if (status)
        souk_stage_sources_fini(out);
    return status;
}

void souk_stage_sources_fini(struct souk_stage_sources *s)
{
    for (int i = 0; i < SOUK_STAGE_SOURCES; i++)
        souk_neighbour_rows_fini(&s->rows[i]);
    *s = (struct souk_stage_sources){0};
}
