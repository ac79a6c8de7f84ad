/* The leaf values of the pairwise form against the loss that they minimize. */
#include "tests/unit/rankcase.h"
#include "train/ranker/leafsystem.h"
#include "train/ranker/rankobjectives.h"

#include "shared/base/random.h"

#include <string.h>

enum { GROUPS = 30, LEAVES = 5, DOCUMENTS = 12 };

struct forest_case {
    struct rankcase groups[GROUPS];
    int32_t leaf[GROUPS][DOCUMENTS];
};

static struct forest_case make_case(void)
{
    struct forest_case f;
    for (uint64_t q = 0; q < GROUPS; q++) {
        f.groups[q] = (struct rankcase){.n = DOCUMENTS, .number = (int64_t)q};
        for (uint64_t i = 0; i < DOCUMENTS; i++) {
            f.groups[q].label[i] = (float)(souk_random_bits(1, q, i) % 4);
            f.groups[q].score[i] = souk_random_normal(2, q, i);
            f.leaf[q][i] = (int32_t)(souk_random_bits(3, q, i) % LEAVES);
        }
    }
    return f;
}

/* Half the loss of documents as they would stand after the leaves' values were added. */
static double loss_at(const struct souk_rankobjective *o, const struct forest_case *f,
                      const double *value)
{
    struct souk_rankscratch scratch;
    struct souk_error err;
    double loss = 0;
    cr_assert_eq(souk_rankscratch_init(&scratch, DOCUMENTS, &err), SOUK_OK);
    for (int q = 0; q < GROUPS; q++) {
        const struct rankcase *c = &f->groups[q];
        const struct souk_rankgroup group = {c->label, c->score, c->n, c->number};
        for (int p = 0; p < o->permutations; p++) {
            const int count = souk_yetirank_draw(o, &scratch, &group, 6, p);
            for (int k = 0; k < count; k++) {
                const int i = scratch.pairs[k].winner, j = scratch.pairs[k].loser;
                const double gap =
                    c->score[i] + value[f->leaf[q][i]] - c->score[j] - value[f->leaf[q][j]];
                loss += scratch.pairs[k].weight * log1p(exp(-o->sigmoid * gap));
            }
        }
    }
    souk_rankscratch_fini(&scratch);
    return loss;
}

static void add_groups(struct souk_leafsystem *system, const struct souk_rankobjective *o,
                       const struct forest_case *f, int from, int step)
{
    struct souk_rankscratch scratch;
    struct souk_error err;
    cr_assert_eq(souk_rankscratch_init(&scratch, DOCUMENTS, &err), SOUK_OK);
    for (int q = from; q < GROUPS; q += step) {
        const struct rankcase *c = &f->groups[q];
        const struct souk_rankgroup group = {c->label, c->score, c->n, c->number};
        cr_assert_eq(souk_leafsystem_add(system, o, &scratch, &group, 6, f->leaf[q], &err),
                     SOUK_OK);
    }
    souk_rankscratch_fini(&scratch);
}

static void start(struct souk_leafsystem *system, const struct souk_rankobjective *o)
{
    struct souk_error err;
    cr_assert_eq(souk_leafsystem_init(system, LEAVES + 2, &err), SOUK_OK);
    souk_leafsystem_clear(system, LEAVES, souk_leafsystem_bound(o, 3, DOCUMENTS), GROUPS);
}

static double slope_at(const struct souk_rankobjective *o, const struct forest_case *f,
                       const double *value, int a)
{
    const double step = 1e-4;
    double up[LEAVES], down[LEAVES];
    memcpy(up, value, sizeof up);
    memcpy(down, value, sizeof down);
    up[a] += step;
    down[a] -= step;
    return (loss_at(o, f, up) - loss_at(o, f, down)) / (2 * step);
}

/* g + (H + lambda I) v = 0, with g and H v from differences of the loss itself. */
Test(leafsystem, is_the_newton_step_of_the_pair_loss)
{
    struct souk_rankobjective o = rankcase_objective("yetirank-pairwise");
    const struct forest_case f = make_case();
    const double lambda = .5, step = 1e-3, zero[LEAVES] = {0};
    struct souk_leafsystem system;
    struct souk_error err;
    double value[LEAVES], ahead[LEAVES], behind[LEAVES], sum = 0;
    o.sigmoid = 1.3;
    start(&system, &o);
    add_groups(&system, &o, &f, 0, 1);
    cr_assert_eq(souk_leafsystem_solve(&system, lambda, value, &err), SOUK_OK, "%s", err.msg);
    for (int a = 0; a < LEAVES; a++) {
        ahead[a] = step * value[a];
        behind[a] = -ahead[a];
        sum += value[a];
    }
    for (int a = 0; a < LEAVES; a++) {
        const double curved =
            (slope_at(&o, &f, ahead, a) - slope_at(&o, &f, behind, a)) / (2 * step);
        cr_assert_float_eq(slope_at(&o, &f, zero, a) + curved + lambda * value[a], 0, 1e-4);
    }
    cr_assert_float_eq(sum, 0, 1e-9);
    cr_assert_lt(loss_at(&o, &f, value), loss_at(&o, &f, zero));
    souk_leafsystem_fini(&system);
}

Test(leafsystem, sums_do_not_depend_on_who_added_what)
{
    const struct souk_rankobjective o = rankcase_objective("yetirank-pairwise");
    const struct forest_case f = make_case();
    struct souk_leafsystem whole, even, odd;
    start(&whole, &o);
    start(&even, &o);
    start(&odd, &o);
    add_groups(&whole, &o, &f, 0, 1);
    add_groups(&odd, &o, &f, 1, 2);
    add_groups(&even, &o, &f, 0, 2);
    for (int i = 0; i < LEAVES * (LEAVES + 1); i++)
        cr_assert_eq(whole.sums[i], even.sums[i] + odd.sums[i]);
    souk_leafsystem_fini(&whole);
    souk_leafsystem_fini(&even);
    souk_leafsystem_fini(&odd);
}

Test(leafsystem, leaves_without_pairs_stay)
{
    struct souk_rankobjective o = rankcase_objective("yetirank-pairwise");
    struct forest_case f = make_case();
    struct souk_leafsystem system;
    struct souk_error err;
    double value[LEAVES];
    start(&system, &o);
    cr_assert_eq(souk_leafsystem_solve(&system, 0, value, &err), SOUK_OK);
    for (int a = 0; a < LEAVES; a++)
        cr_assert_eq(value[a], 0);
    for (int q = 0; q < GROUPS; q++)
        for (int i = 0; i < DOCUMENTS; i++)
            f.leaf[q][i] %= 2;
    add_groups(&system, &o, &f, 0, 1);
    cr_assert_eq(souk_leafsystem_solve(&system, 0, value, &err), SOUK_OK, "%s", err.msg);
    cr_assert_neq(value[0], 0);
    cr_assert_float_eq(value[0], -value[1], 1e-6 * fabs(value[0]));
    for (int a = 2; a < LEAVES; a++)
        cr_assert_eq(value[a], 0);
    cr_assert_eq(souk_leafsystem_solve(&system, NAN, value, &err), SOUK_EINVAL);
    souk_leafsystem_fini(&system);
}

/* Any group's sums stay below the bound: that is what keeps the integers from overflowing. */
Test(leafsystem, bound_holds)
{
    struct souk_rankobjective o = rankcase_objective("yetirank-pairwise");
    for (int k = 0; k < 3; k++) {
        const struct forest_case f = make_case();
        struct souk_leafsystem system;
        o.sigmoid = .5 + k;
        o.decay = k == 2 ? 1 : .85;
        start(&system, &o);
        add_groups(&system, &o, &f, 0, 1);
        const double most = GROUPS * souk_leafsystem_bound(&o, 3, DOCUMENTS);
        for (int i = 0; i < LEAVES * (LEAVES + 1); i++)
            cr_assert_leq(fabs(ldexp((double)system.sums[i], -system.shift)), most);
        souk_leafsystem_fini(&system);
    }
}
