#include "train/tune/halving.h"

#include <math.h>

souk_status souk_halving_init(struct souk_halving *h, bool enabled, int min_epochs, int max_epochs,
                              int eta, struct souk_error *err)
{
    *h = (struct souk_halving){.eta = eta};
    if (enabled && min_epochs > max_epochs)
        return souk_fail(err, SOUK_EUSAGE, "--min-epochs %d is more than the model's %d epochs",
                         min_epochs, max_epochs);
    for (int64_t epochs = min_epochs; enabled && epochs < max_epochs; epochs *= eta) {
        if (h->rungs == SOUK_RUNGS_MAX - 1)
            return souk_fail(err, SOUK_EUSAGE, "more than %d rungs: raise --eta or --min-epochs",
                             SOUK_RUNGS_MAX);
        h->epochs[h->rungs++] = (int)epochs;
    }
    h->epochs[h->rungs++] = enabled ? max_epochs : 0;
    return SOUK_OK;
}

/* Whether trial a is better than b at a rung that both have finished. */
static bool is_better(const struct souk_trial *trials, int rung, int64_t a, int64_t b)
{
    const double x = trials[a].value[rung], y = trials[b].value[rung];
    if (isnan(x) || isnan(y))
        return !isnan(x);
    return x != y ? x > y : a < b;
}

/* Trials that are better than this one at the rung. */
static int64_t position_of(const struct souk_trial *trials, int64_t count, int rung, int64_t trial)
{
    int64_t better = 0;
    for (int64_t t = 0; t < count; t++)
        better += t != trial && trials[t].finished > rung && is_better(trials, rung, t, trial);
    return better;
}

static int64_t finished_at(const struct souk_trial *trials, int64_t count, int rung)
{
    int64_t finished = 0;
    for (int64_t t = 0; t < count; t++)
        finished += trials[t].finished > rung;
    return finished;
}

/* The best that waits at this rung and is among the first `places` of it. */
static int64_t candidate_of(const struct souk_trial *trials, int64_t count, int rung,
                            int64_t places)
{
    int64_t best = -1;
    for (int64_t t = 0; t < count; t++) {
        const bool waits = trials[t].finished == rung + 1 && trials[t].started == rung + 1;
        if (waits && !isnan(trials[t].value[rung]) &&
            position_of(trials, count, rung, t) < places &&
            (best < 0 || is_better(trials, rung, t, best)))
            best = t;
    }
    return best;
}

int64_t souk_halving_promote(const struct souk_halving *h, const struct souk_trial *trials,
                             int64_t count, bool is_last)
{
    bool is_busy = false;
    for (int64_t t = 0; t < count; t++)
        is_busy |= trials[t].started > trials[t].finished;
    for (int rung = h->rungs - 2; rung >= 0; rung--) {
        const int64_t places = finished_at(trials, count, rung) / h->eta;
        const int64_t trial = candidate_of(trials, count, rung, places);
        if (trial >= 0)
            return trial;
    }
    if (!is_last || is_busy || finished_at(trials, count, h->rungs - 1) > 0)
        return -1;
    for (int rung = h->rungs - 2; rung >= 0; rung--) {
        const int64_t trial = candidate_of(trials, count, rung, 1);
        if (trial >= 0)
            return trial;
    }
    return -1;
}

int64_t souk_halving_best(const struct souk_halving *h, const struct souk_trial *trials,
                          int64_t count)
{
    for (int rung = h->rungs - 1; rung >= 0; rung--) {
        int64_t best = -1;
        for (int64_t t = 0; t < count; t++)
            if (trials[t].finished > rung && !isnan(trials[t].value[rung]) &&
                (best < 0 || is_better(trials, rung, t, best)))
                best = t;
        if (best >= 0)
            return best;
    }
    return -1;
}
