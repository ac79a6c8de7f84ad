#include "train/evaluate/sureness.h"

#include "shared/math/fixed.h"
#include "train/evaluate/scorehistogram.h"

#include <math.h>

static const double alphas[SOUK_ALPHAS] = {.01, .02, .05, .1, .15, .2, .3, .4, .5};

/* Sums over the users of an audience; shares in fixed point. */
struct sums {
    int64_t users, true_users, candidates;
    int64_t kept[SOUK_ALPHAS], share[SOUK_ALPHAS], square[SOUK_ALPHAS];
};
enum { SUMS = sizeof(struct sums) / sizeof(int64_t) };

struct work {
    const struct souk_candidate_scores *scores;
    const struct souk_confidence *confidence;
    enum souk_audience audience;
    double threshold[SOUK_ALPHAS];
    int shift; /* of shares, for all users of all ranks */
};

static void add_case(const struct work *w, int64_t at, struct sums *s)
{
    const struct souk_candidates *c = w->scores->candidates;
    int64_t offered = 0, wanted = 0, kept[SOUK_ALPHAS] = {0}, wanted_kept[SOUK_ALPHAS] = {0};
    for (int64_t i = c->offsets[at]; i < c->offsets[at + 1]; i++) {
        const double score = (double)w->scores->score[i];
        if (!isfinite(score))
            continue;
        offered++;
        wanted += w->scores->wanted[i];
        for (int a = 0; a < SOUK_ALPHAS; a++) {
            kept[a] += score >= w->threshold[a];
            wanted_kept[a] += w->scores->wanted[i] && score >= w->threshold[a];
        }
    }
    s->users++;
    s->candidates += offered;
    s->true_users += wanted > 0;
    for (int a = 0; a < SOUK_ALPHAS; a++) {
        const double share = wanted > 0 ? (double)wanted_kept[a] / (double)wanted : 0;
        s->kept[a] += kept[a];
        s->share[a] += souk_fixed_from(share, w->shift);
        s->square[a] += souk_fixed_from(share * share, w->shift);
    }
}

/* Mean and its 95 % interval, by the spread over users. */
static struct souk_figure coverage_of(const struct work *w, const struct sums *s, int a)
{
    const double n = (double)s->true_users;
    if (s->true_users == 0)
        return (struct souk_figure){NAN, NAN, NAN};
    const double mean = souk_fixed_to(s->share[a], w->shift) / n;
    const double variance = fmax(souk_fixed_to(s->square[a], w->shift) / n - mean * mean, 0);
    const double half = s->true_users > 1 ? 1.96 * sqrt(variance / (n - 1)) : NAN;
    return (struct souk_figure){mean, fmax(mean - half, 0), fmin(mean + half, 1)};
}

static void conclude(const struct work *w, const struct sums *s, struct souk_sureness_audience *out)
{
    const double users = s->users > 0 ? (double)s->users : NAN;
    out->points = w->confidence->conformal[w->audience].count;
    out->users = s->users;
    out->true_users = s->true_users;
    out->candidates = (double)s->candidates / users;
    for (int a = 0; a < SOUK_ALPHAS; a++)
        out->sets[a] = (struct souk_kept_set){
            .alpha = alphas[a],
            .is_guaranteed = souk_confidence_is_guaranteed(w->confidence, w->audience, alphas[a]),
            .coverage = coverage_of(w, s, a),
            .kept = (double)s->kept[a] / users};
}

/* ---- probability ---- */

static void wilson(struct souk_probability_bin *b)
{
    const double z = 1.96, n = (double)b->cases, p = b->observed;
    const double centre = (p + z * z / (2 * n)) / (1 + z * z / n);
    const double half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    b->low = fmax(centre - half, 0);
    b->high = fmin(centre + half, 1);
}

/* Candidates of one probability stay together. */
static void fill_bins(const struct work *w, const struct souk_score_histogram *h, int64_t least,
                      struct souk_sureness_audience *out)
{
    struct souk_probability_bin *bin = NULL;
    int64_t wanted = 0; /* in the bin at hand, as the next two */
    double sum = 0, last = NAN;
    for (int cell = 0; cell < SOUK_SCORE_CELLS; cell++) {
        if (h->shown[cell] == 0)
            continue;
        const double p =
            souk_confidence_probability(w->confidence, w->audience, souk_score_of_cell(cell));
        if (!bin || (wanted >= least && p > last && out->bins < SOUK_PROBABILITY_BINS)) {
            bin = &out->bin[out->bins++];
            wanted = 0;
            sum = 0;
        }
        wanted += h->wanted[cell];
        sum += (double)h->shown[cell] * p;
        last = p;
        bin->cases += h->shown[cell];
        bin->predicted = sum / (double)bin->cases;
        bin->observed = (double)wanted / (double)bin->cases;
    }
    for (int b = 0; b < out->bins; b++)
        wilson(&out->bin[b]);
}

static void count_candidates(const struct work *w, struct souk_score_histogram *h)
{
    const struct souk_candidates *c = w->scores->candidates;
    for (int64_t at = 0; at < c->cases->count; at++) {
        if (souk_candidates_audience(c, at) != w->audience)
            continue;
        for (int64_t i = c->offsets[at]; i < c->offsets[at + 1]; i++)
            if (isfinite(w->scores->score[i]))
                souk_score_histogram_add(h, w->scores->score[i], w->scores->wanted[i]);
    }
}

static souk_status look_at_probability_all(const struct work *w, const struct souk_comm *comm,
                                           struct souk_sureness_audience *out,
                                           struct souk_error *err)
{
    struct souk_score_histogram h = {0};
    souk_status status = souk_status_agree_all(comm, souk_score_histogram_init(&h, err), err);
    if (status == SOUK_OK) {
        count_candidates(w, &h);
        status = souk_score_histogram_sum_all(comm, &h, err);
    }
    int64_t wanted = 0;
    for (int cell = 0; cell < SOUK_SCORE_CELLS && status == SOUK_OK; cell++)
        wanted += h.wanted[cell];
    if (wanted > 0 && w->confidence->probability[w->audience].count > 0)
        fill_bins(w, &h, (wanted + SOUK_PROBABILITY_BINS - 1) / SOUK_PROBABILITY_BINS, out);
    souk_score_histogram_fini(&h);
    return status;
}

static souk_status look_at_audience_all(struct work *w, const struct souk_comm *comm,
                                        struct souk_sureness_audience *out, struct souk_error *err)
{
    const struct souk_candidates *c = w->scores->candidates;
    struct sums sums = {0};
    for (int a = 0; a < SOUK_ALPHAS; a++)
        w->threshold[a] = souk_confidence_threshold(w->confidence, w->audience, alphas[a]);
    for (int64_t at = 0; at < c->cases->count; at++)
        if (souk_candidates_audience(c, at) == w->audience)
            add_case(w, at, &sums);
    const souk_status status = souk_sum_i64_all(comm, (int64_t *)&sums, SUMS, err);
    if (status != SOUK_OK)
        return status;
    conclude(w, &sums, out);
    return look_at_probability_all(w, comm, out, err);
}

souk_status souk_sureness_all(const struct souk_comm *comm,
                              const struct souk_candidate_scores *scores,
                              const struct souk_confidence *confidence, struct souk_sureness *out,
                              struct souk_error *err)
{
    int64_t users = scores->candidates->cases->count;
    souk_status status = souk_sum_i64_all(comm, &users, 1, err);
    struct work w = {.scores = scores,
                     .confidence = confidence,
                     .shift = souk_fixed_shift(1, users > 0 ? users : 1)};
    *out = (struct souk_sureness){.is_calibrated = true};
    for (int s = 0; s < SOUK_AUDIENCES && status == SOUK_OK; s++) {
        w.audience = (enum souk_audience)s;
        status = look_at_audience_all(&w, comm, &out->audience[s], err);
    }
    return status;
}
