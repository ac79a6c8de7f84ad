#include "train/evaluate/metrics.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAR(a, b) (fabs((a) - (b)) < 1e-12)

static struct souk_cutoffs cutoffs_of(const char *text)
{
    struct souk_cutoffs c;
    cr_assert_eq(souk_cutoffs_parse(text, &c, NULL), SOUK_OK, "%s", text);
    return c;
}

Test(metrics, cutoffs_are_sorted_and_checked)
{
    const struct souk_cutoffs c = cutoffs_of("20,5,10");
    cr_expect_eq(c.count, 3);
    cr_expect_eq(c.k[0], 5);
    cr_expect_eq(souk_cutoffs_largest(&c), 20);
    const char *const bad[] = {"",
                               "0",
                               "10001",
                               "5,",
                               ",5",
                               "5,5",
                               "5 10",
                               "ten",
                               "-1",
                               "+5",
                               "5.5",
                               "5x",
                               "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct souk_cutoffs out;
        struct souk_error err;
        cr_expect_eq(souk_cutoffs_parse(bad[i], &out, &err), SOUK_EUSAGE, "'%s'", bad[i]);
    }
}

Test(metrics, of_a_small_list_by_hand)
{
    /* Hits at positions 1 and 3 of 4, 3 targets; the item at 3 is unpopular. */
    const struct souk_cutoffs c = cutoffs_of("1,3,5");
    const bool hit[] = {true, false, true, false};
    const int64_t position[] = {1, 2, 9, 3};
    struct souk_metric_value m[3][SOUK_METRICS];
    souk_metrics_of_hits(&c, hit, position, 4, 3, m[0]);
    cr_expect(NEAR(m[0][SOUK_METRIC_RECALL].value, 1.0 / 3));
    cr_expect(NEAR(m[0][SOUK_METRIC_NDCG].value, 1));
    cr_expect(NEAR(m[0][SOUK_METRIC_SERENDIPITY].value, 0));
    cr_expect(NEAR(m[1][SOUK_METRIC_NDCG].value, 1.5 / (1 + 1 / log2(3) + .5)));
    cr_expect(NEAR(m[1][SOUK_METRIC_MAP].value, (1 + 2.0 / 3) / 3));
    cr_expect(NEAR(m[1][SOUK_METRIC_SERENDIPITY].value, 1));
    cr_expect_eq(m[1][SOUK_METRIC_SERENDIPITY].weight, 2);
    cr_expect(NEAR(m[2][SOUK_METRIC_PRECISION].value, .4)); /* a short list divides by k too */
    cr_expect(NEAR(m[2][SOUK_METRIC_RECALL].value, 2.0 / 3));
    cr_expect(NEAR(m[2][SOUK_METRIC_MRR].value, 1));
}

Test(metrics, of_an_empty_list_are_zero)
{
    const struct souk_cutoffs c = cutoffs_of("10");
    struct souk_metric_value m[SOUK_METRICS];
    double scratch[1];
    const struct souk_metric_context context = {.cutoffs = &c, .training_events = 10};
    souk_metrics_of_hits(&c, NULL, NULL, 0, 1, m);
    souk_metrics_of_items(&context, NULL, 0, scratch, m);
    for (int i = 0; i < SOUK_METRICS; i++)
        cr_expect_eq(m[i].value, 0, "%s", souk_metric_key((enum souk_metric)i));
    cr_expect_eq(m[SOUK_METRIC_RECALL].weight, 1);
    cr_expect_eq(m[SOUK_METRIC_NOVELTY].weight, 0);
    cr_expect_eq(m[SOUK_METRIC_DIVERSITY].weight, 0);
}

/* Ancestors by the book. */
static double slow_path_cosine(const struct souk_categories *t, int a, int b)
{
    int common = 0, of_a = 0, of_b = 0;
    for (int x = a; x >= 0; x = t->parent[x])
        of_a++;
    for (int y = b; y >= 0; y = t->parent[y])
        of_b++;
    for (int x = a; x >= 0; x = t->parent[x]) {
        for (int y = b; y >= 0; y = t->parent[y])
            common += x == y;
    }
    return common / sqrt((double)of_a * of_b);
}

Test(metrics, diversities_equal_the_mean_over_pairs)
{
    enum { N = 7, F = 5 };
    int32_t parent[] = {-1, 0, 0, 1, 3, -1}, depth[] = {1, 2, 2, 3, 4, 1};
    const struct souk_categories tree = {.ids = {.count = 6}, .parent = parent, .depth = depth};
    const int32_t category[N] = {4, 3, -1, 2, 5, 4, 0};
    const struct souk_cutoffs c = cutoffs_of("1,2,4,7");
    const struct souk_metric_context context = {
        .cutoffs = &c, .training_events = 1000, .factors = F, .categories = &tree};
    struct souk_listed_item items[N];
    float direction[N][F] = {{0}};
    for (int i = 0; i < N; i++) {
        double length = 0;
        for (int f = 0; f < F && i != 3; f++) { /* item 3 has the zero vector */
            direction[i][f] = (float)sin(1 + i * F + f);
            length += direction[i][f] * (double)direction[i][f];
        }
        for (int f = 0; f < F && i != 3; f++)
            direction[i][f] /= (float)sqrt(length);
        items[i] = (struct souk_listed_item){i, 1, category[i], direction[i]};
    }
    struct souk_metric_value m[4][SOUK_METRICS];
    double scratch[F];
    souk_metrics_of_items(&context, items, N, scratch, m[0]);
    for (int at = 0; at < c.count; at++) {
        double by_factors = 0, by_category = 0, surprise = 0;
        int pairs = 0, category_pairs = 0;
        for (int i = 0; i < c.k[at]; i++) {
            surprise += -log2((i ? i : 1) / 1000.0);
            for (int j = 0; j < i; j++, pairs++) {
                double cosine = 0;
                for (int f = 0; f < F; f++)
                    cosine += (double)direction[i][f] * direction[j][f];
                by_factors += 1 - cosine;
                if (category[i] >= 0 && category[j] >= 0) {
                    by_category += 1 - slow_path_cosine(&tree, category[i], category[j]);
                    category_pairs++;
                }
            }
        }
        cr_expect(NEAR(m[at][SOUK_METRIC_NOVELTY].value, surprise));
        cr_expect_eq(m[at][SOUK_METRIC_NOVELTY].weight, c.k[at]);
        cr_expect_eq(m[at][SOUK_METRIC_DIVERSITY].weight, pairs > 0);
        if (pairs)
            cr_expect(NEAR(m[at][SOUK_METRIC_DIVERSITY].value, by_factors / pairs));
        cr_expect_eq(m[at][SOUK_METRIC_CATEGORY_DIVERSITY].weight, category_pairs > 0);
        if (category_pairs)
            cr_expect(
                NEAR(m[at][SOUK_METRIC_CATEGORY_DIVERSITY].value, by_category / category_pairs));
    }
}

/* The reference lists: ids are u0 ... and i0 ... */
enum { USERS = 64, ITEMS = 200, LIST = 20 };
static int list[USERS][LIST], length[USERS];
static bool wanted[USERS][ITEMS];
static int64_t events[ITEMS];

static FILE *open_golden(const char *name)
{
    char path[4096];
    const char *folder = getenv("SOUK_REFERENCE_DATA");
    if (!folder)
        return NULL;
    snprintf(path, sizeof path, "%s/metrics_golden/%s", folder, name);
    return fopen(path, "r");
}

static bool read_golden(void)
{
    int user = 0, item = 0, position = 0;
    long long count = 0;
    FILE *lists = open_golden("recommendations.tsv"), *targets = open_golden("targets.tsv");
    FILE *training = open_golden("training_counts.tsv");
    const bool there = lists && targets && training;
    while (there && fscanf(lists, "u%d i%d %d %*f ", &user, &item, &position) == 3) {
        list[user][position - 1] = item;
        length[user] = position > length[user] ? position : length[user];
    }
    while (there && fscanf(targets, "u%d i%d ", &user, &item) == 2)
        wanted[user][item] = true;
    while (there && fscanf(training, "i%d %lld ", &item, &count) == 2)
        events[item] = count;
    if (lists)
        fclose(lists);
    if (targets)
        fclose(targets);
    if (training)
        fclose(training);
    return there;
}

static int64_t popular_position(int item)
{
    int64_t before = 1;
    for (int other = 0; other < ITEMS; other++) {
        char a[8], b[8];
        snprintf(a, sizeof a, "i%d", other);
        snprintf(b, sizeof b, "i%d", item);
        before +=
            events[other] > events[item] || (events[other] == events[item] && strcmp(a, b) < 0);
    }
    return before;
}

static bool measure_user(const struct souk_metric_context *context, int user,
                         struct souk_metric_value *m)
{
    struct souk_listed_item items[LIST];
    bool hit[LIST];
    int64_t position[LIST], targets = 0;
    double scratch[1];
    for (int i = 0; i < ITEMS; i++)
        targets += wanted[user][i];
    if (!targets)
        return false;
    for (int i = 0; i < length[user]; i++) {
        const int item = list[user][i];
        hit[i] = wanted[user][item];
        position[i] = popular_position(item);
        items[i] = (struct souk_listed_item){events[item], position[i], -1, NULL};
    }
    souk_metrics_of_hits(context->cutoffs, hit, position, length[user], targets, m);
    souk_metrics_of_items(context, items, length[user], scratch, m);
    return true;
}

Test(metrics, reproduce_the_reference_lists)
{
    if (!read_golden())
        cr_skip_test("SOUK_REFERENCE_DATA has no metrics_golden");
    FILE *file = open_golden("expected.json");
    json_t *expected = json_loadf(file, 0, NULL);
    fclose(file);
    const struct souk_cutoffs c = cutoffs_of("1,5,10,20");
    struct souk_metric_context context = {.cutoffs = &c};
    for (int i = 0; i < ITEMS; i++)
        context.training_events += events[i];
    struct souk_metric_value m[4 * SOUK_METRICS];
    double sum[4 * SOUK_METRICS] = {0}, weight[4 * SOUK_METRICS] = {0};
    int users = 0;
    for (int u = 0; u < USERS; u++) {
        if (!measure_user(&context, u, m))
            continue;
        users++;
        for (int i = 0; i < 4 * SOUK_METRICS; i++) {
            sum[i] += m[i].value;
            weight[i] += (double)m[i].weight;
        }
    }
    cr_assert_eq(users, json_integer_value(json_object_get(expected, "users")));
    int compared = 0;
    for (int i = 0; i < 4 * SOUK_METRICS; i++) {
        char k[8];
        snprintf(k, sizeof k, "%d", c.k[i / SOUK_METRICS]);
        const char *key = souk_metric_key((enum souk_metric)(i % SOUK_METRICS));
        const json_t *want =
            json_object_get(json_object_get(json_object_get(expected, "metrics"), k), key);
        if (!want)
            continue;
        compared++;
        cr_expect(fabs(sum[i] / weight[i] - json_number_value(want)) < 1e-9, "%s at %s", key, k);
    }
    cr_expect_eq(compared, 4 * 8);
    json_decref(expected);
}
