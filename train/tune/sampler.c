#include "train/tune/sampler.h"

#include "shared/base/random.h"
#include "train/tune/sobol.h"
#include "train/tune/tpe.h"

#include <assert.h>

static_assert((int)SOUK_DIMENSIONS_MAX <= (int)SOUK_SOBOL_DIMENSIONS,
              "every dimension has its Sobol numbers");

static bool can_grow(const struct souk_dimension *d)
{
    return d->scale != SOUK_SCALE_CHOICE;
}

/* All values of the lists; of the ranges as many levels as fit, one more for each in turn. */
static souk_status lay_grid(struct souk_sampler *s, struct souk_error *err)
{
    int64_t cells = 1;
    bool grew = true;
    for (int d = 0; d < s->space->count; d++) {
        const struct souk_dimension *dimension = &s->space->dimensions[d];
        s->levels[d] = can_grow(dimension) ? 2 : dimension->choice_count;
        if (__builtin_mul_overflow(cells, (int64_t)s->levels[d], &cells) || cells > s->trials)
            return souk_fail(err, SOUK_EUSAGE,
                             "a grid over these %d dimensions needs more than %lld trials: raise "
                             "--trials, or take another --sampler",
                             s->space->count, (long long)s->trials);
    }
    while (grew) {
        grew = false;
        for (int d = 0; d < s->space->count; d++) {
            const int64_t more = cells / s->levels[d] * (s->levels[d] + 1);
            if (!can_grow(&s->space->dimensions[d]) || more > s->trials)
                continue;
            cells = more;
            s->levels[d]++;
            grew = true;
        }
    }
    return SOUK_OK;
}

souk_status souk_sampler_init(struct souk_sampler *s, enum souk_sampler_kind kind,
                              const struct souk_space *space, uint64_t seed, int64_t trials,
                              struct souk_error *err)
{
    *s = (struct souk_sampler){.kind = kind, .space = space, .seed = seed, .trials = trials};
    return kind == SOUK_SAMPLER_GRID ? lay_grid(s, err) : SOUK_OK;
}

int64_t souk_sampler_trials(const struct souk_sampler *s)
{
    int64_t cells = 1;
    if (s->kind != SOUK_SAMPLER_GRID)
        return s->trials;
    for (int d = 0; d < s->space->count; d++)
        cells *= s->levels[d];
    return cells;
}

static void grid_point(const struct souk_sampler *s, int64_t trial, double *point)
{
    for (int d = 0; d < s->space->count; d++) {
        const int levels = s->levels[d];
        const int level = (int)(trial % levels);
        trial /= levels;
        point[d] = can_grow(&s->space->dimensions[d]) ? (double)level / (levels - 1)
                                                      : (level + .5) / levels;
    }
}

static void sobol_point(const struct souk_sampler *s, int64_t trial, double *point)
{
    for (int d = 0; d < s->space->count; d++) {
        const uint32_t shift = (uint32_t)(souk_random_bits(s->seed, UINT64_MAX, (uint64_t)d) >> 32);
        point[d] = souk_sobol_unit((uint32_t)trial, d, shift);
    }
}

souk_status souk_sampler_propose(const struct souk_sampler *s, const struct souk_observations *seen,
                                 int64_t trial, double *point, struct souk_error *err)
{
    switch (s->kind) {
    case SOUK_SAMPLER_GRID:
        grid_point(s, trial, point);
        return SOUK_OK;
    case SOUK_SAMPLER_RANDOM:
        for (int d = 0; d < s->space->count; d++)
            point[d] = souk_random_uniform(s->seed, (uint64_t)trial, (uint64_t)d);
        return SOUK_OK;
    case SOUK_SAMPLER_SOBOL:
        break;
    case SOUK_SAMPLER_TPE:
        if (souk_tpe_is_ready(seen))
            return souk_tpe_propose(s->space, seen, s->seed, trial, point, err);
        break;
    }
    sobol_point(s, trial, point);
    return SOUK_OK;
}
