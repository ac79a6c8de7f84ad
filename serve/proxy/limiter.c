#include "serve/proxy/limiter.h"

#include <math.h>

enum {
    WINDOW_US = 100000,
    AGE_FIRST_US = 1000000, /* each is twice as long as the one before it */
    AGE_US = 10000000,
    ANSWERS_MIN = 10, /* a window goes on until it has as many */
    QUEUE_FEW = 3,
    QUEUE_MANY = 6,
    SHORT_US = 10000, /* no queue to speak of, whatever it is made of */
};

static const double step = .1;

void souk_limiter_init(struct souk_limiter *l, int first, int least, int most)
{
    *l = (struct souk_limiter){
        .limit = first, .least = least, .most = most, .window_end_us = -1, .age_us = AGE_FIRST_US};
}

int souk_limiter_now(const struct souk_limiter *l)
{
    const double half = l->limit / 2 > l->least ? l->limit / 2 : l->least;
    return (int)(l->probing ? half : l->limit);
}

static double smaller(double a, double b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* What the window says. */
static void adapt(struct souk_limiter *l)
{
    const double mean = (double)l->sum_us / (double)l->answers;
    /* the shortest of many means is by chance below what all of them are of */
    l->base_us = smaller(l->base_us, mean * (1 + 2 / sqrt((double)l->answers)));
    const double base = smaller(l->base_us, l->base_before_us);
    const double flight = (double)l->flight_sum / (double)l->answers;
    const double queue = mean > 0 ? flight * (1 - base / mean) : 0;
    l->is_short = mean < SHORT_US;
    if (l->probing)
        return; /* it was for the base */
    if ((queue > QUEUE_MANY && !l->is_short) || l->late * 10 > l->answers)
        l->limit -= l->limit * step > 1 ? l->limit * step : 1;
    else if ((queue < QUEUE_FEW || l->is_short) && l->flight_most >= (int)l->limit)
        l->limit += l->limit * step > 1 ? l->limit * step : 1;
    l->limit = l->limit < l->least ? l->least : l->limit > l->most ? l->most : l->limit;
}

static void start_window(struct souk_limiter *l, int64_t now_us)
{
    l->probing = false;
    if (now_us >= l->age_end_us) {
        l->probing = l->window_end_us >= 0 && !l->is_short;
        l->base_before_us = l->base_us;
        l->base_us = 0;
        l->age_end_us = now_us + l->age_us;
        l->age_us = 2 * l->age_us < AGE_US ? 2 * l->age_us : AGE_US;
    }
    l->window_end_us = now_us + WINDOW_US;
    l->answers = l->late = l->sum_us = l->flight_sum = 0;
    l->flight_most = 0;
}

void souk_limiter_report(struct souk_limiter *l, bool late, int64_t took_us, int in_flight,
                         int64_t now_us)
{
    if (l->window_end_us < 0)
        start_window(l, now_us);
    l->answers++;
    l->late += late;
    l->sum_us += took_us;
    l->flight_sum += in_flight;
    l->flight_most = in_flight > l->flight_most ? in_flight : l->flight_most;
    if (now_us < l->window_end_us || l->answers < ANSWERS_MIN)
        return;
    adapt(l);
    start_window(l, now_us);
}
