/* YetiRank against the full enumeration of orders, each with its probability. */
#include "tests/unit/rankcase.h"
#include "train/ranker/rankobjectives.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_ORDER = 4, GRID = 20000 };

/* Plackett and Luce: with Gumbel noise the next of an order is drawn by e^score among the rest. */
static double probability_gumbel(const struct rankcase *c, const int *order)
{
    double probability = 1;
    for (int k = 0; k < c->n; k++) {
        double rest = 0;
        for (int m = k; m < c->n; m++)
            rest += exp(c->score[order[m]]);
        probability *= exp(c->score[order[k]]) / rest;
    }
    return probability;
}

/* With logistic noise: P(X_0 > X_1 > ...) by running integrals from the last document up,
 * below(t) = P(t > X_k > X_k+1 > ...), by the trapezoidal rule on a grid that ends where the tails
 * are below 1e-12. */
static double probability_logistic(const struct rankcase *c, const int *order)
{
    static double below[GRID + 1];
    const double from = -35, to = 35, step = (to - from) / GRID;
    for (int g = 0; g <= GRID; g++)
        below[g] = 1;
    for (int k = c->n - 1; k >= 0; k--) {
        double sum = 0, last = 0;
        for (int g = 0; g <= GRID; g++) {
            const double p = souk_rank_miss(c->score[order[k]] - (from + g * step));
            const double now = p * (1 - p) * below[g]; /* the density is that of the logistic */
            sum += g > 0 ? step * (last + now) / 2 : 0;
            last = now;
            below[g] = sum;
        }
    }
    return below[GRID];
}

/* What one order adds: its neighbours, weighted by decay^position and their labels' gap. */
static void add_order(const struct souk_rankobjective *o, struct rankcase *c, const int *order,
                      double probability)
{
    double weight = probability;
    for (int k = 0; k + 1 < c->n; k++, weight *= o->decay) {
        const int a = order[k], b = order[k + 1];
        const int winner = c->label[a] > c->label[b] ? a : b, loser = winner == a ? b : a;
        const double gap = (double)c->label[winner] - c->label[loser];
        const double e = exp(c->score[loser] - c->score[winner]);
        c->gradient[winner] -= weight * gap * e / (1 + e);
        c->gradient[loser] += weight * gap * e / (1 + e);
        c->hessian[winner] += weight * gap * e / ((1 + e) * (1 + e));
        c->hessian[loser] += weight * gap * e / ((1 + e) * (1 + e));
    }
}

/* All orders of the documents from `at` on. @return the sum of their probabilities */
static double enumerate(const struct souk_rankobjective *o, struct rankcase *c, int *order, int at)
{
    double total = 0;
    if (at == c->n) {
        const double probability = o->noise == SOUK_RANK_GUMBEL_NOISE
                                       ? probability_gumbel(c, order)
                                       : probability_logistic(c, order);
        add_order(o, c, order, probability);
        return probability;
    }
    for (int k = at; k < c->n; k++) {
        const int held = order[at];
        order[at] = order[k];
        order[k] = held;
        total += enumerate(o, c, order, at + 1);
        order[k] = order[at];
        order[at] = held;
    }
    return total;
}

struct moments {
    double sum[2 * MAX_ORDER], squares[2 * MAX_ORDER];
};

/* A million orders, ten to an iteration. */
static void draw_million(const struct souk_rankobjective *o, struct rankcase *c, struct moments *m)
{
    struct souk_rankscratch scratch;
    struct souk_error err = {0};
    *m = (struct moments){0};
    cr_assert_eq(souk_rankscratch_init(&scratch, c->n, &err), SOUK_OK);
    for (int64_t iteration = 0; iteration < 1000000 / o->permutations; iteration++) {
        cr_assert_eq(rankcase_run(o, &scratch, c, iteration, &err), SOUK_OK, "%s", err.msg);
        for (int i = 0; i < 2 * c->n; i++) {
            const double x = i < c->n ? c->gradient[i] : c->hessian[i - c->n];
            m->sum[i] += x;
            m->squares[i] += x * x;
        }
    }
    souk_rankscratch_fini(&scratch);
}

static void compare_with_enumeration(enum souk_rank_noise noise, struct rankcase c)
{
    struct souk_rankobjective o = rankcase_objective("yetirank");
    struct moments drawn;
    int order[MAX_ORDER] = {0, 1, 2, 3};
    o.noise = noise;
    o.seed = 11;
    const double draws = 1e6 / o.permutations;
    draw_million(&o, &c, &drawn);
    memset(c.gradient, 0, sizeof c.gradient);
    memset(c.hessian, 0, sizeof c.hessian);
    const double total = enumerate(&o, &c, order, 0);
    cr_assert_float_eq(total, 1, 1e-6);
    for (int i = 0; i < 2 * c.n; i++) {
        const double expected = i < c.n ? c.gradient[i] : c.hessian[i - c.n];
        const double mean = drawn.sum[i] / draws;
        const double error = sqrt((drawn.squares[i] / draws - mean * mean) / draws);
        cr_assert_lt(fabs(mean - expected), 4.5 * error, "%d: mean %.8g +- %.2g, expected %.8g", i,
                     mean, error, expected);
        cr_assert_lt(error, 2e-3); /* a band that everything fits would prove nothing */
    }
}

static const struct rankcase three = {.n = 3, .label = {0, 1, 2}, .score = {.3, -.2, .5}};
static const struct rankcase four = {.n = 4, .label = {1, 0, 3, 0}, .score = {1, .4, -.7, 0}};

Test(yetirank, mean_of_a_million_orders_is_the_enumeration_of_three)
{
    compare_with_enumeration(SOUK_RANK_GUMBEL_NOISE, three);
    compare_with_enumeration(SOUK_RANK_LOGISTIC_NOISE, three);
}

Test(yetirank, mean_of_a_million_orders_is_the_enumeration_of_four)
{
    compare_with_enumeration(SOUK_RANK_GUMBEL_NOISE, four);
    compare_with_enumeration(SOUK_RANK_LOGISTIC_NOISE, four);
}

static bool same_gradients(const struct rankcase *a, const struct rankcase *b)
{
    return memcmp(a->gradient, b->gradient, sizeof *a->gradient * (size_t)a->n) == 0;
}

Test(yetirank, draws_are_a_function_of_seed_iteration_and_group)
{
    struct souk_rankobjective o = rankcase_objective("yetirank");
    struct souk_rankscratch small, large;
    struct souk_error err;
    struct rankcase a = four, b = four;
    cr_assert_eq(souk_rankscratch_init(&small, 4, &err), SOUK_OK);
    cr_assert_eq(souk_rankscratch_init(&large, 1000, &err), SOUK_OK);
    cr_assert_eq(rankcase_run(&o, &large, &b, 3, &err), SOUK_OK); /* leaves something behind */
    cr_assert_eq(rankcase_run(&o, &small, &a, 7, &err), SOUK_OK);
    cr_assert(!same_gradients(&a, &b));
    cr_assert_eq(rankcase_run(&o, &large, &b, 7, &err), SOUK_OK);
    cr_assert(same_gradients(&a, &b));
    b.number++;
    cr_assert_eq(rankcase_run(&o, &large, &b, 7, &err), SOUK_OK);
    cr_assert(!same_gradients(&a, &b));
    b.number--;
    o.seed++;
    cr_assert_eq(rankcase_run(&o, &large, &b, 7, &err), SOUK_OK);
    cr_assert(!same_gradients(&a, &b));
    souk_rankscratch_fini(&small);
    souk_rankscratch_fini(&large);
}

static const double *sort_key;

static int by_key(const void *a, const void *b)
{
    const int32_t i = *(const int32_t *)a, j = *(const int32_t *)b;
    return sort_key[i] != sort_key[j] ? (sort_key[i] < sort_key[j] ? 1 : -1) : i - j;
}

Test(yetirank, orders_documents_by_key_then_by_place)
{
    enum { MOST = 1000 };
    double key[MOST];
    int32_t order[MOST], spare[MOST], expected[MOST];
    srand(4);
    for (int n = 0; n < MOST; n += 1 + n / 9)
        for (int values = 1; values < 2000; values = values * 5 + 1) {
            for (int i = 0; i < n; i++) {
                key[i] = rand() % values;
                expected[i] = i;
            }
            sort_key = key;
            qsort(expected, (size_t)n, sizeof *expected, by_key);
            souk_rank_order(key, n, order, spare);
            cr_assert(n == 0 || memcmp(order, expected, sizeof *order * (size_t)n) == 0);
        }
}
