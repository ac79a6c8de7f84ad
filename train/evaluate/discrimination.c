#include "train/evaluate/discrimination.h"

#include "shared/base/memory.h"
#include "shared/data/rows.h"
#include "shared/math/fixed.h"
#include "train/evaluate/threads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sorted distinct scores of targets, and what lies at and between them. */
struct ladder {
    int64_t steps;
    float *score;      /* [steps], ascending */
    int64_t *positive; /* [steps] */
    int64_t *negative; /* [2 steps + 1]: below step 0, at it, between 0 and 1, at 1, ..., above */
};

struct study {
    const struct souk_measure *measure;
    const struct souk_scoring_rule *rule;
    float *target_score;   /* [targets], NaN: no candidate */
    struct ladder pooled;  /* its negatives are those of this rank, then of all */
    float *own_score;      /* [targets], of each case its distinct scores, ascending */
    int64_t *own_steps;    /* [cases] */
    int64_t *own_negative; /* [2 targets + cases]: of each case, as in the ladder */
};

/* Where a score stands on a ladder of `steps`: index into `negative`. */
static int64_t place(const float *score, int64_t steps, float value)
{
    int64_t low = 0, high = steps;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (score[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return 2 * low + (low < steps && score[low] == value);
}

static bool is_asked(const struct study *s, int64_t at)
{
    return souk_measure_targets(s->measure, &s->measure->sets[SOUK_SET_HEADLINE], at) > 0;
}

/* Of the targets that lie in this part. */
static void read_target_scores(struct study *s, const float *score, int64_t first, int64_t items,
                               int64_t at)
{
    const struct souk_cases *c = s->measure->cases;
    for (int64_t t = c->target_offsets[at]; t < c->target_offsets[at + 1]; t++) {
        const int64_t row = s->measure->ranking->wanted_row[c->target[t]];
        if (row >= first && row < first + items)
            s->target_score[t] = score[row - first];
    }
}

/* What is a target is no negative. */
static void drop_targets(const struct study *s, float *score, int64_t first, int64_t items,
                         int64_t at)
{
    const struct souk_cases *c = s->measure->cases;
    for (int64_t t = c->target_offsets[at]; t < c->target_offsets[at + 1]; t++) {
        const int64_t row = s->measure->ranking->wanted_row[c->target[t]];
        if (row >= first && row < first + items)
            score[row - first] = NAN;
    }
}

static void count_negatives(const struct study *s, const float *score, int64_t items, int64_t at,
                            int64_t *pooled)
{
    const int64_t target = s->measure->cases->target_offsets[at];
    const float *own = s->own_score + target;
    int64_t *own_negative = s->own_negative + 2 * target + at;
    for (int64_t i = 0; i < items; i++) {
        if (!isfinite(score[i]))
            continue;
        pooled[place(s->pooled.score, s->pooled.steps, score[i])]++;
        own_negative[place(own, s->own_steps[at], score[i])]++;
    }
}

enum pass { TARGETS, NEGATIVES };

/* What a thread counts negatives in. */
struct worker {
    struct souk_scorer_scratch scratch;
    int64_t *pooled; /* [2 steps + 1] */
};

static void look(struct study *s, const struct souk_scorer *scorer, struct worker *w,
                 enum pass pass, int64_t at)
{
    const struct souk_model_part *p = &scorer->shard->parts[0];
    const int64_t first = scorer->shard->model->item_first[p->part], items = p->items.count;
    souk_scorer_score(scorer, &w->scratch, at);
    if (pass == TARGETS) {
        read_target_scores(s, w->scratch.score, first, items, at);
        return;
    }
    drop_targets(s, w->scratch.score, first, items, at);
    count_negatives(s, w->scratch.score, items, at, w->pooled);
}

static souk_status look_at_part(struct study *s, const struct souk_scorer *scorer, enum pass pass)
{
    const int threads = souk_thread_count();
    const int64_t count = s->measure->cases->count, cells = 2 * s->pooled.steps + 1;
    struct worker *workers = souk_zalloc_array((size_t)threads, sizeof *workers);
    souk_status status = workers ? SOUK_OK : SOUK_ENOMEM;
    for (int t = 0; t < threads && status == SOUK_OK; t++) {
        status = souk_scorer_scratch_init(&workers[t].scratch, scorer);
        workers[t].pooled = souk_zalloc_array((size_t)cells, sizeof *workers[t].pooled);
        if (!workers[t].pooled)
            status = SOUK_ENOMEM;
    }
    if (status != SOUK_OK)
        goto out;
#pragma omp parallel for default(none) shared(s, scorer, workers, pass, count) schedule(dynamic, 16)
    for (int64_t at = 0; at < count; at++)
        if (is_asked(s, at))
            look(s, scorer, &workers[souk_thread_number()], pass, at);
    for (int t = 0; t < threads && pass == NEGATIVES; t++)
        for (int64_t i = 0; i < cells; i++)
            s->pooled.negative[i] += workers[t].pooled[i];
out:
    for (int t = 0; workers && t < threads; t++) {
        souk_scorer_scratch_fini(&workers[t].scratch);
        free(workers[t].pooled);
    }
    free(workers);
    return status;
}

static souk_status study_part(struct study *s, const struct souk_model_part *part, enum pass pass,
                              struct souk_error *err)
{
    struct souk_shard shard = {0};
    struct souk_scorer scorer = {0};
    souk_status status = souk_shard_of_part(s->measure->ranking->model, part, &shard, err);
    if (status == SOUK_OK)
        status = souk_scorer_init(&scorer, &shard, s->measure->cases, s->measure->visitors, s->rule,
                                  err);
    if (status == SOUK_OK) {
        status = look_at_part(s, &scorer, pass);
        if (status != SOUK_OK)
            status = souk_fail(err, status, "out of memory for the scores of part %d", part->part);
    }
    souk_scorer_fini(&scorer);
    souk_shard_fini(&shard);
    return status;
}

static souk_status stream_all(struct study *s, const struct souk_comm *comm,
                              const struct souk_part_source *source, enum pass pass,
                              struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int part = 0; part < source->model->parts && status == SOUK_OK; part++) {
        struct souk_source_part p;
        status = souk_source_items_all(comm, source, part, &p, err);
        if (status == SOUK_OK)
            status = souk_status_agree_all(comm, study_part(s, &p.part, pass, err), err);
        souk_source_part_fini(&p);
    }
    return status;
}

static int compare_float(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Sorted, each once. @param positive how often each was there; may be NULL. @return distinct ones
 */
static int64_t make_steps(float *score, int64_t count, int64_t *positive)
{
    int64_t steps = 0;
    if (count > 1)
        qsort(score, (size_t)count, sizeof *score, compare_float);
    for (int64_t i = 0; i < count; i++) {
        if (steps == 0 || score[i] != score[steps - 1]) {
            score[steps++] = score[i];
            if (positive)
                positive[steps - 1] = 0;
        }
        if (positive)
            positive[steps - 1]++;
    }
    return steps;
}

/* The scores of one case's targets, or of all of them. @return how many are candidates */
static int64_t copy_scores(const float *from, int64_t count, float *to)
{
    int64_t kept = 0;
    for (int64_t t = 0; t < count; t++)
        if (isfinite(from[t]))
            to[kept++] = from[t];
    return kept;
}

/* The pooled ladder out of all ranks' targets, and each case's own. */
static souk_status raise_ladders_all(struct study *s, const struct souk_comm *comm,
                                     struct souk_error *err)
{
    const struct souk_cases *c = s->measure->cases;
    void *all = NULL;
    int64_t count = 0, *counts = souk_alloc_array((size_t)comm->size, sizeof *counts);
    souk_status status = counts ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "out of memory for scores");
    status = souk_status_agree_all(comm, status, err);
    if (status != SOUK_OK)
        goto out;
    const int64_t own = copy_scores(s->target_score, c->target_offsets[c->count], s->own_score);
    status = souk_gather_all(comm, s->own_score, own, sizeof *s->own_score, &all, counts, err);
    if (status != SOUK_OK)
        goto out;
    for (int r = 0; r < comm->size; r++)
        count += counts[r];
    s->pooled.score = all;
    s->pooled.positive = souk_alloc_array((size_t)count, sizeof *s->pooled.positive);
    s->pooled.negative = souk_zalloc_array(2 * (size_t)count + 1, sizeof *s->pooled.negative);
    if (!s->pooled.positive || !s->pooled.negative)
        status = souk_fail(err, SOUK_ENOMEM, "out of memory for %lld scores", (long long)count);
    status = souk_status_agree_all(comm, status, err);
    if (status == SOUK_OK)
        s->pooled.steps = make_steps(s->pooled.score, count, s->pooled.positive);
    for (int64_t at = 0; at < c->count && status == SOUK_OK; at++) {
        const int64_t first = c->target_offsets[at], targets = c->target_offsets[at + 1] - first;
        const int64_t mine = copy_scores(s->target_score + first, targets, s->own_score + first);
        s->own_steps[at] = make_steps(s->own_score + first, mine, NULL);
    }
out:
    free(counts);
    return status;
}

/* Positives and negatives in order, in halves of a pair; *negatives counts them. */
static int64_t halves_of_case(const struct study *s, int64_t at, int64_t *positives,
                              int64_t *negatives)
{
    const int64_t first = s->measure->cases->target_offsets[at];
    const int64_t *negative = s->own_negative + 2 * first + at;
    const int64_t steps = s->own_steps[at];
    int64_t halves = 0;
    *positives = *negatives = 0;
    for (int64_t i = 0; i <= 2 * steps; i++)
        *negatives += negative[i];
    for (int64_t t = first; t < s->measure->cases->target_offsets[at + 1]; t++) {
        const float score = s->target_score[t];
        if (!isfinite(score))
            continue;
        const int64_t stands = place(s->own_score + first, steps, score);
        for (int64_t i = 0; i < stands; i++)
            halves += 2 * negative[i];
        halves += negative[stands];
        ++*positives;
    }
    return halves;
}

static souk_status mean_user_auc_all(const struct study *s, const struct souk_comm *comm,
                                     struct souk_discrimination *out, struct souk_error *err)
{
    int64_t all = s->measure->cases->count, sums[2] = {0, 0}; /* users, their areas */
    souk_status status = souk_sum_i64_all(comm, &all, 1, err);
    const int shift = souk_fixed_shift(1, all > 0 ? all : 1);
    for (int64_t at = 0; at < s->measure->cases->count; at++) {
        int64_t positives, negatives;
        if (!is_asked(s, at))
            continue;
        const int64_t halves = halves_of_case(s, at, &positives, &negatives);
        if (positives == 0 || negatives == 0)
            continue;
        sums[0]++;
        sums[1] +=
            souk_fixed_from((double)halves / 2 / ((double)positives * (double)negatives), shift);
    }
    if (status == SOUK_OK)
        status = souk_sum_i64_all(comm, sums, 2, err);
    out->users = sums[0];
    out->user_auc = sums[0] > 0 ? souk_fixed_to(sums[1], shift) / (double)sums[0] : NAN;
    return status;
}

double souk_operating_f1(const struct souk_operating_point *p, int64_t positives)
{
    return 2 * (double)p->hits / (double)(p->hits + p->false_alarms + positives);
}

static double youden(const struct souk_operating_point *p, const struct souk_discrimination *d)
{
    return (double)p->hits / (double)d->positives - (double)p->false_alarms / (double)d->negatives;
}

/* Steps to the next point that is kept: all at the top, where lists end, then wider and wider, but
 * a ninetieth of the ladder at most. */
static int64_t gap_behind(int64_t step, int64_t steps)
{
    const int64_t wide = step / 8 + 1, most = steps / 90 + 1;
    return wide < most ? wide : most;
}

/* Down the ladder: areas, the best thresholds, and some of the points to draw. */
static void descend(const struct ladder *l, struct souk_discrimination *out)
{
    struct souk_operating_point p = {0};
    int64_t next = 0; /* step from the top whose point is kept */
    double area = 0, precision = 0;
    p.false_alarms = l->negative[2 * l->steps];
    for (int64_t j = l->steps - 1; j >= 0; j--) {
        const int64_t below_or_at = out->negatives - p.false_alarms;
        const double at = (double)l->negative[2 * j + 1];
        area += (double)l->positive[j] * ((double)below_or_at - at / 2);
        p.threshold = (double)l->score[j];
        p.hits += l->positive[j];
        p.false_alarms += l->negative[2 * j + 1];
        precision += (double)l->positive[j] * (double)p.hits / (double)(p.hits + p.false_alarms);
        if (out->point_count == 0 || souk_operating_f1(&p, out->positives) >
                                         souk_operating_f1(&out->best_f1, out->positives))
            out->best_f1 = p;
        if (out->point_count == 0 || youden(&p, out) > youden(&out->best_youden, out))
            out->best_youden = p;
        if ((l->steps - 1 - j == next && out->point_count < SOUK_OPERATING_POINTS_MAX - 1) ||
            j == 0) {
            out->points[out->point_count++] = p;
            next += gap_behind(next, l->steps);
        }
        p.false_alarms += l->negative[2 * j];
    }
    out->roc_auc = area / ((double)out->positives * (double)out->negatives);
    out->average_precision = precision / (double)out->positives;
}

static void conclude(const struct ladder *l, struct souk_discrimination *out)
{
    for (int64_t j = 0; j < l->steps; j++)
        out->positives += l->positive[j];
    for (int64_t i = 0; i <= 2 * l->steps; i++)
        out->negatives += l->negative[i];
    out->roc_auc = out->average_precision = NAN;
    if (out->positives > 0 && out->negatives > 0)
        descend(l, out);
}

static souk_status study_init(struct study *s, struct souk_error *err)
{
    const struct souk_cases *c = s->measure->cases;
    const size_t targets = (size_t)c->target_offsets[c->count], cases = (size_t)c->count;
    s->target_score = souk_alloc_array(targets, sizeof *s->target_score);
    s->own_score = souk_alloc_array(targets, sizeof *s->own_score);
    s->own_steps = souk_zalloc_array(cases, sizeof *s->own_steps);
    s->own_negative = souk_zalloc_array(2 * targets + cases, sizeof *s->own_negative);
    if (!s->target_score || !s->own_score || !s->own_steps || !s->own_negative)
        return souk_fail(err, SOUK_ENOMEM, "out of memory for the scores of %zu targets", targets);
    for (size_t t = 0; t < targets; t++)
        s->target_score[t] = NAN;
    return SOUK_OK;
}

static void study_fini(struct study *s)
{
    free(s->target_score);
    free(s->own_score);
    free(s->own_steps);
    free(s->own_negative);
    free(s->pooled.score);
    free(s->pooled.positive);
    free(s->pooled.negative);
}

souk_status souk_discrimination_make_all(const struct souk_comm *comm,
                                         const struct souk_part_source *source,
                                         const struct souk_measure *measure,
                                         const struct souk_scoring_rule *rule,
                                         struct souk_discrimination *out, struct souk_error *err)
{
    struct study s = {.measure = measure, .rule = rule};
    *out = (struct souk_discrimination){0};
    souk_status status = souk_status_agree_all(comm, study_init(&s, err), err);
    if (status == SOUK_OK)
        status = stream_all(&s, comm, source, TARGETS, err);
    if (status == SOUK_OK)
        status = raise_ladders_all(&s, comm, err);
    if (status == SOUK_OK)
        status = stream_all(&s, comm, source, NEGATIVES, err);
    if (status == SOUK_OK)
        status = souk_sum_i64_all(comm, s.pooled.negative, 2 * s.pooled.steps + 1, err);
    if (status == SOUK_OK)
        status = mean_user_auc_all(&s, comm, out, err);
    if (status == SOUK_OK)
        conclude(&s.pooled, out);
    study_fini(&s);
    return status;
}
