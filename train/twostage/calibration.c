#include "train/twostage/calibration.h"

#include "shared/base/hash.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "shared/score/forestscorer.h"
#include "train/evaluate/candidatescores.h"
#include "train/evaluate/scorehistogram.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CANDIDATES_A_KNOT = 100 }; /* a share of fewer says little */

/* A user's true candidate. */
struct point {
    uint64_t draw; /* of (seed, user): the lowest are kept */
    double score;
    int64_t audience;
};

struct work {
    const struct souk_comm *comm;
    const struct souk_candidate_scores *scores;
    const int *fold; /* [cases] that held the case out, -1: none */
    uint64_t seed;
    struct point *points; /* of this rank, then the drawn ones of all */
    int64_t count;
    struct souk_error *err;
};

static uint64_t hash_of(const struct souk_cases *c, int64_t at)
{
    const char *id = souk_idtable_get(&c->users, at);
    return souk_hash_bytes(id, strlen(id));
}

/* ---- one true candidate a user ---- */

/* @return false where none of the case's candidates was wanted */
static bool draw_point(const struct work *w, int64_t at, struct point *out)
{
    const struct souk_candidates *c = w->scores->candidates;
    const uint64_t user = hash_of(c->cases, at);
    uint64_t lowest = UINT64_MAX;
    bool found = false;
    for (int64_t i = c->offsets[at]; i < c->offsets[at + 1]; i++) {
        const uint64_t draw = souk_random_bits(w->seed, user, (uint64_t)c->item[i]);
        if (!w->scores->wanted[i] || !isfinite(w->scores->score[i]) || (found && draw >= lowest))
            continue;
        *out = (struct point){.draw = souk_random_bits(w->seed, user, UINT64_MAX),
                              .score = (double)w->scores->score[i],
                              .audience = souk_candidates_audience(c, at)};
        lowest = draw;
        found = true;
    }
    return found;
}

static int compare_points(const void *a, const void *b)
{
    const struct point *x = a, *y = b;
    if (x->audience != y->audience)
        return x->audience < y->audience ? -1 : 1;
    if (x->draw != y->draw)
        return x->draw < y->draw ? -1 : 1;
    return (x->score > y->score) - (x->score < y->score);
}

/* Keep the first of each audience. */
static int64_t thin_out(struct point *points, int64_t count)
{
    int64_t kept = 0, of_audience[SOUK_AUDIENCES] = {0};
    if (count > 1)
        qsort(points, (size_t)count, sizeof *points, compare_points);
    for (int64_t i = 0; i < count; i++)
        if (of_audience[points[i].audience]++ < SOUK_CALIBRATION_POINTS_MAX)
            points[kept++] = points[i];
    return kept;
}

static souk_status draw_points_all(struct work *w)
{
    const int64_t cases = w->scores->candidates->cases->count;
    int64_t *counts = souk_zalloc_array((size_t)w->comm->size, sizeof *counts);
    struct point *own = souk_alloc_array((size_t)cases, sizeof *own);
    int64_t n = 0;
    void *all = NULL;
    souk_status status = SOUK_OK;
    if (!counts || !own)
        status = souk_fail(w->err, SOUK_ENOMEM, "out of memory for %lld calibration points",
                           (long long)cases);
    for (int64_t at = 0; at < cases && !status; at++)
        if (w->fold[at] >= 0)
            n += draw_point(w, at, &own[n]);
    status = souk_status_agree_all(w->comm, status, w->err);
    if (!status) {
        n = thin_out(own, n);
        status = souk_gather_all(w->comm, own, n, sizeof *own, &all, counts, w->err);
    }
    for (int r = 0; r < w->comm->size && !status; r++)
        w->count += counts[r];
    w->points = all;
    w->count = thin_out(w->points, w->count);
    free(own);
    free(counts);
    return status;
}

static souk_status make_conformal(const struct work *w, int64_t audience,
                                  struct souk_conformal *out)
{
    double score[SOUK_CALIBRATION_POINTS_MAX];
    int64_t n = 0;
    for (int64_t i = 0; i < w->count; i++)
        if (w->points[i].audience == audience)
            score[n++] = w->points[i].score;
    return souk_conformal_init(out, score, n, w->err);
}

/* ---- all candidates ---- */

/* The fit to groups of candidates, each at the mean of its scores. */
static souk_status fit(const struct work *w, const struct souk_score_histogram *h, const int *group,
                       int groups, double *draft, struct souk_isotonic *out)
{
    double *score = draft, *label = draft + groups, *weight = draft + 2 * groups;
    int cell = 0;
    for (int g = 0; g < groups; g++) {
        int64_t shown = 0, wanted = 0;
        double sum = 0;
        for (; cell <= group[g]; cell++) {
            shown += h->shown[cell];
            wanted += h->wanted[cell];
            sum += h->shown[cell] > 0 ? (double)h->shown[cell] * souk_score_of_cell(cell) : 0;
        }
        score[g] = sum / (double)shown;
        label[g] = (double)wanted / (double)shown;
        weight[g] = (double)shown;
    }
    return groups > 0 ? souk_isotonic_fit(out, score, label, weight, groups, w->err) : SOUK_OK;
}

static souk_status make_isotonic(const struct work *w, const struct souk_score_histogram *h,
                                 struct souk_isotonic *out)
{
    int *group = souk_alloc_array(SOUK_SCORE_CELLS, sizeof *group);
    double *draft = souk_alloc_array((size_t)3 * SOUK_SCORE_CELLS, sizeof *draft);
    souk_status status = SOUK_OK;
    if (!group || !draft)
        status = souk_fail(w->err, SOUK_ENOMEM, "out of memory for the probabilities");
    else
        status =
            fit(w, h, group, souk_score_histogram_group(h, CANDIDATES_A_KNOT, group), draft, out);
    free(group);
    free(draft);
    return status;
}

static void count_candidates(const struct work *w, int64_t audience, struct souk_score_histogram *h)
{
    const struct souk_candidates *c = w->scores->candidates;
    for (int64_t at = 0; at < c->cases->count; at++) {
        if ((int64_t)souk_candidates_audience(c, at) != audience || w->fold[at] < 0)
            continue;
        for (int64_t i = c->offsets[at]; i < c->offsets[at + 1]; i++)
            if (isfinite(w->scores->score[i]))
                souk_score_histogram_add(h, w->scores->score[i], w->scores->wanted[i]);
    }
}

static souk_status calibrate_audience_all(const struct work *w, int64_t audience,
                                          struct souk_confidence *out)
{
    struct souk_score_histogram h = {0};
    souk_status status =
        souk_status_agree_all(w->comm, souk_score_histogram_init(&h, w->err), w->err);
    if (!status) {
        count_candidates(w, audience, &h);
        status = souk_score_histogram_sum_all(w->comm, &h, w->err);
    }
    if (!status)
        status = make_conformal(w, audience, &out->conformal[audience]);
    if (!status)
        status = make_isotonic(w, &h, &out->probability[audience]);
    souk_score_histogram_fini(&h);
    return souk_status_agree_all(w->comm, status, w->err);
}

/* The mean score of a new user's candidates, which all of them have. 0: there is no such user */
static double mean_of_new(const struct souk_candidate_scores *s)
{
    const struct souk_candidates *c = s->candidates;
    for (int64_t at = 0; at < c->cases->count; at++) {
        const int64_t first = c->offsets[at], n = c->offsets[at + 1] - first;
        double sum = 0;
        if (souk_candidates_audience(c, at) != SOUK_AUDIENCE_NEW || n == 0)
            continue;
        for (int64_t i = first; i < first + n; i++)
            sum += (double)s->score[i];
        return sum / (double)n;
    }
    return 0;
}

static souk_status calibrate_all(struct work *w, struct souk_confidence *out)
{
    double unit = mean_of_new(w->scores);
    souk_status status = draw_points_all(w);
    for (int64_t s = 0; s < SOUK_AUDIENCES && !status; s++)
        status = calibrate_audience_all(w, s, out);
    if (!status)
        status = souk_max_f64_all(w->comm, &unit, 1, w->err);
    if (!status && unit > 0)
        souk_confidence_scale(out, SOUK_AUDIENCE_NEW, 1 / unit);
    if (!status)
        souk_log(SOUK_LOG_INFO, "calibrated", "warm=%" PRId64 " cold=%" PRId64 " new=%" PRId64,
                 out->conformal[SOUK_AUDIENCE_WARM].count, out->conformal[SOUK_AUDIENCE_COLD].count,
                 out->conformal[SOUK_AUDIENCE_NEW].count);
    free(w->points);
    return status;
}

/* ---- scores ---- */

/* A ranker of each fold's judge. @param judge [SOUK_HELDOUT_FOLDS], zeroed */
static souk_status make_judges(const struct souk_model *model, const struct souk_stage_rules *rules,
                               const struct souk_ranker_training *ranker,
                               struct souk_stage_ranker *judge, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int f = 0; f < SOUK_HELDOUT_FOLDS && !status; f++) {
        const struct souk_forest *forest = &ranker->held.judge[f];
        judge[f] = (struct souk_stage_ranker){.model = model,
                                              .rules = *rules,
                                              .forest = *forest, /* only read */
                                              .features = ranker->held.data.features};
        memcpy(judge[f].rules.blend, ranker->fusion.blend, sizeof judge[f].rules.blend);
        if (forest->trees > 0)
            status = souk_forestscorer_new(forest, &judge[f].scorer, err);
    }
    return status;
}

/* Each fold's users are ranked by trees that have not seen them. */
static souk_status score_all(const struct souk_comm *comm, struct souk_evaluation *asked,
                             const struct souk_model *model,
                             const struct souk_ranker_training *ranker, const int *fold,
                             struct souk_candidate_scores *out, struct souk_error *err)
{
    const struct souk_part_source source = {.model = model};
    struct souk_stage_ranker judge[SOUK_HELDOUT_FOLDS] = {0};
    struct souk_scoring_rule rules[SOUK_HELDOUT_FOLDS];
    souk_status status = souk_status_agree_all(
        comm, make_judges(model, &asked->candidates.rules, ranker, judge, err), err);
    for (int f = 0; f < SOUK_HELDOUT_FOLDS; f++)
        rules[f] = (struct souk_scoring_rule){.by = {.order = SOUK_ORDER_MODEL},
                                              .include_seen = asked->question.include_seen,
                                              .candidates = &asked->candidates,
                                              .ranker = &judge[f]};
    if (!status)
        status = souk_candidate_scores_all(comm, &source, &asked->visitors, rules,
                                           SOUK_HELDOUT_FOLDS, fold, out, err);
    for (int f = 0; f < SOUK_HELDOUT_FOLDS; f++)
        souk_forestscorer_free(judge[f].scorer);
    return status;
}

souk_status souk_calibration_make_all(const struct souk_comm *comm, struct souk_evaluation *asked,
                                      const struct souk_model *model,
                                      const struct souk_training_rows *rows,
                                      const struct souk_ranker_training *ranker, uint64_t seed,
                                      struct souk_confidence *out, struct souk_error *err)
{
    const struct souk_part_source source = {.model = model};
    const struct souk_cases *cases = &asked->cases;
    struct souk_candidate_scores scores = {0};
    int *fold = souk_alloc_array((size_t)cases->count, sizeof *fold);
    souk_status status = SOUK_OK;
    *out = (struct souk_confidence){0};
    if (!fold)
        status = souk_fail(err, SOUK_ENOMEM, "out of memory for the folds");
    status = souk_status_agree_all(comm, status, err);
    for (int64_t at = 0; at < cases->count && !status; at++)
        fold[at] = souk_heldout_fold(rows, 0, hash_of(cases, at));
    if (!status)
        status = souk_visitors_load_all(comm, &source, cases, &asked->visitors, err);
    if (!status)
        status = souk_candidates_find_all(comm, &source, cases, &asked->visitors,
                                          asked->question.include_seen, &asked->candidates, err);
    if (!status)
        status = score_all(comm, asked, model, ranker, fold, &scores, err);
    if (!status) {
        struct work w = {.comm = comm, .scores = &scores, .fold = fold, .seed = seed, .err = err};
        status = calibrate_all(&w, out);
    }
    if (status)
        souk_confidence_fini(out);
    souk_candidate_scores_fini(&scores);
    free(fold);
    return status;
}
