#include "shared/score/dayfeatures.h"

#include <math.h>

static const char *const names[SOUK_DAY_FEATURES] = {"days.gap", "days.last_gap", "days.peers"};

const char *souk_day_feature_name(int f)
{
    return names[f];
}

static double between(int64_t a, int64_t b)
{
    return fabs((double)a - (double)b);
}

/* Days of the item and of the visitor, both ascending, are walked together: `next` is the first of
 * the visitor's that is not before the item's. */
void souk_day_feature_row(const struct souk_day_rows *days, int64_t item,
                          const struct souk_profile *profile, float *out)
{
    const int64_t *visit = profile->day, visits = profile->days;
    double gap = INFINITY, last_gap = INFINITY, peers = 0;
    int64_t next = 0;
    for (int64_t at = days->offsets[item]; at < days->offsets[item + 1] && visits > 0; at++) {
        const int64_t day = days->day[at];
        double own = INFINITY;
        while (next < visits && visit[next] < day)
            next++;
        if (next < visits)
            own = between(visit[next], day);
        if (next > 0)
            own = fmin(own, between(visit[next - 1], day));
        gap = fmin(gap, own);
        last_gap = fmin(last_gap, between(visit[visits - 1], day));
        peers += own <= 1 ? (double)days->users[at] : 0;
    }
    const bool is_known = isfinite(gap);
    out[0] = is_known ? (float)gap : NAN;
    out[1] = is_known ? (float)last_gap : NAN;
    out[2] = is_known ? (float)peers : NAN;
}
