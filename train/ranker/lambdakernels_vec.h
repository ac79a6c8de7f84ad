/** @file
 *  The body of each lambdarank kernel, in vectors of 16 floats: the compiler cuts them into what
 *  the instruction set has. Included once by each of lambdakernels_*.c.
 */
#include "train/ranker/lambdakernels.h"

#include <string.h>

enum { LANES = SOUK_LAMBDA_LANES, EXP_MAX = 60 };
typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));

static inline vec load(const float *p)
{
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void store(float *p, vec v)
{
    memcpy(p, &v, sizeof v);
}

static inline vec abs_vec(vec v)
{
    return (vec)((ivec)v & 0x7fffffff);
}

/* max(v, 0). */
static inline vec positive(vec v)
{
    return (vec)((ivec)v & ~((ivec)v >> 31));
}

/* -v where the sign bit of `sign` is set. */
static inline vec flip(vec v, ivec sign)
{
    return (vec)((ivec)v ^ sign);
}

/* v, but not beyond +-limit. */
static inline vec clamp(vec v, float limit)
{
    const vec zero = {0};
    const ivec sign = (ivec)v & INT32_MIN, inside = abs_vec(v) < limit;
    return (vec)(((ivec)v & inside) | ((ivec)flip(zero + limit, sign) & ~inside));
}

static float sum_lanes(vec v)
{
    float lane[LANES];
    memcpy(lane, &v, sizeof lane);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++)
            lane[l] += lane[l + half];
    return lane[0];
}

/* e^x for |x| <= 60: x = n ln 2 + r, |r| <= ln 2 / 2, and a polynomial of degree 6 in r (Taylor's,
 * good to 2e-7 there). Adding 1.5 * 2^23 rounds to a whole number, which is then in the low bits.
 */
static inline vec exp_vec(vec x)
{
    const float round = 12582912.f, log2_e = 1.44269504f;
    const float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
    const vec shifted = x * log2_e + round;
    const vec n = shifted - round;
    const vec r = x - n * ln2_high - n * ln2_low;
    vec p = r * (1.f / 720) + 1.f / 120;
    p = p * r + 1.f / 24;
    p = p * r + 1.f / 6;
    p = p * r + .5f;
    p = p * r + 1.f;
    p = p * r + 1.f;
    return (vec)((ivec)p + ((ivec)shifted << 23));
}

/* The position of a document is the number of those before it: O(n^2 / 16), no branch, and for the
 * usual group faster than a sort. Sixteen documents at a time against each other one: an equal one
 * is before them if it is an earlier document. */
static void rank(struct souk_lambdawork *work, int n)
{
    const ivec lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    for (int i = 0; i < n; i += LANES) {
        const vec mine = load(work->key + i);
        const int own_end = i + LANES < n ? i + LANES : n;
        ivec before = {0};
        int32_t position[LANES];
        for (int j = 0; j < i; j++)
            before -= work->key[j] >= mine;
        for (int j = i; j < own_end; j++)
            before -= (work->key[j] > mine) | ((work->key[j] == mine) & (lane > j - i));
        for (int j = own_end; j < n; j++)
            before -= work->key[j] > mine;
        memcpy(position, &before, sizeof position);
        for (int l = 0; l < own_end - i; l++)
            work->order[position[l]] = i + l;
    }
}

/* Pairs that need no mask: equal labels have a gain difference of 0, and of positions i >= j, or j
 * behind the group, positive() leaves 0. */
static inline __attribute__((always_inline)) float
add_pairs(struct souk_lambdawork *work, const struct souk_lambda_pairs *p, bool by_gap, bool far)
{
    const vec zero = {0};
    vec total = zero;
    for (int i = 0; i < p->top; i++) {
        const float score = work->score[i], gain = work->gain[i], position = work->position[i];
        vec lambda_i = zero, hessian_i = zero;
        for (int j = i / LANES * LANES; j < p->n; j += LANES) {
            const vec above = score - load(work->score + j);
            const vec gain_over = gain - load(work->gain + j);
            const vec lift = positive(position - load(work->position + j));
            const ivec swapped = (ivec)gain_over & INT32_MIN;
            const vec margin = flip(above, swapped) * p->sigmoid;
            const vec e = exp_vec(far ? clamp(margin, EXP_MAX) : margin);
            const vec spread = by_gap ? abs_vec(above) + p->gap : zero + 1.f;
            const vec share = 1.f / (spread * (1.f + e));
            const vec slope = abs_vec(gain_over) * lift * p->sigmoid * share;
            const vec curvature = slope * p->sigmoid * (e * share * spread);
            const vec toward = flip(slope, swapped);
            lambda_i -= toward;
            hessian_i += curvature;
            total += slope;
            store(work->lambda + j, load(work->lambda + j) + toward);
            store(work->hessian + j, load(work->hessian + j) + curvature);
        }
        work->lambda[i] += sum_lanes(lambda_i);
        work->hessian[i] += sum_lanes(hessian_i);
    }
    return 2 * sum_lanes(total);
}

static float pairs(struct souk_lambdawork *work, const struct souk_lambda_pairs *p)
{
    const bool far = !((work->score[0] - work->score[p->n - 1]) * p->sigmoid < EXP_MAX);
    if (far)
        return p->by_gap ? add_pairs(work, p, true, true) : add_pairs(work, p, false, true);
    return p->by_gap ? add_pairs(work, p, true, false) : add_pairs(work, p, false, false);
}
