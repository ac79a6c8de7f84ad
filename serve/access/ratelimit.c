#include "serve/access/ratelimit.h"

#include <math.h>

int64_t souk_rate_burst(double rate)
{
    const double burst = ceil(rate);
    return burst < 1 ? 1 : burst > SOUK_BURST_MAX ? SOUK_BURST_MAX : (int64_t)burst;
}

void souk_rate_limit_init(struct souk_rate_limit *r, double rate, int64_t burst)
{
    *r = (struct souk_rate_limit){0};
    if (rate <= 0)
        return;
    r->gap_ns = llround(1e9 / rate);
    r->burst = burst > 0 ? burst : souk_rate_burst(rate);
}

int64_t souk_rate_limit_wait_us(const struct souk_rate_limit *r, int64_t now_us)
{
    const int64_t wait_ns = r->full_ns - (r->burst - 1) * r->gap_ns - now_us * 1000;
    return r->gap_ns == 0 || wait_ns <= 0 ? 0 : (wait_ns + 999) / 1000;
}

void souk_rate_limit_take(struct souk_rate_limit *r, int64_t now_us)
{
    const int64_t now_ns = now_us * 1000;
    if (r->gap_ns > 0)
        r->full_ns = (r->full_ns > now_ns ? r->full_ns : now_ns) + r->gap_ns;
}
