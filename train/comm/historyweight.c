#include "train/comm/historyweight.h"

#include <float.h>
#include <math.h>

static double weigh(float weight, double power, int64_t age_ms, int64_t half_life_ms)
{
    const double recency = half_life_ms > 0 ? exp2(-(double)age_ms / (double)half_life_ms) : 1;
    return fmax((power > 0 ? pow((double)weight, power) : 1) * recency, (double)FLT_MIN);
}

souk_status souk_history_weigh(struct souk_ratings *ratings, double power, int64_t half_life_ms,
                               struct souk_error *err)
{
    for (int k = 0; k < ratings->local_count; k++) {
        struct souk_ratings_part *p = &ratings->local[k];
        for (int64_t u = 0; u < p->users.count; u++) {
            int64_t newest = INT64_MIN;
            for (int64_t at = p->offsets[u]; at < p->offsets[u + 1]; at++)
                newest = p->last_ms[at] > newest ? p->last_ms[at] : newest;
            for (int64_t at = p->offsets[u]; at < p->offsets[u + 1]; at++) {
                const double weight =
                    weigh(p->weight[at], power, newest - p->last_ms[at], half_life_ms);
                if (!(weight <= (double)FLT_MAX))
                    return souk_fail(err, SOUK_ENUMERIC,
                                     "a pair of weight %g to the power %g is out of range: take a "
                                     "smaller --history-power",
                                     (double)p->weight[at], power);
                p->weight[at] = (float)weight;
            }
        }
    }
    return SOUK_OK;
}
