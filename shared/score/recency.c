#include "shared/score/recency.h"

#include <math.h>

static const double half_lives_max = 64;

double souk_recency_decay(const struct souk_recency *r, int64_t last_ms)
{
    if (r->half_life_ms <= 0 || last_ms >= r->newest_ms)
        return 1;
    const double age_ms = (double)r->newest_ms - (double)last_ms; /* may not fit an int64 */
    return exp2(-fmin(age_ms / (double)r->half_life_ms, half_lives_max));
}

double souk_recency_factor(const struct souk_recency *r, int64_t last_ms)
{
    return r->half_life_ms > 0 ? souk_recency_decay(r, last_ms) / r->mean : 1;
}
