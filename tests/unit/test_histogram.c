/* Histograms against their plain twin, and splits against every way to split. */
#include "shared/base/random.h"
#include "train/ranker/split.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 20000, COLUMNS = 11, BINS_MAX = COLUMNS * 256 };

static struct souk_bins bins[COLUMNS];
static int feature[COLUMNS];
static int64_t first_bin[COLUMNS + 1];
static struct souk_binning binning = {.features = COLUMNS,
                                      .columns = COLUMNS,
                                      .bins = bins,
                                      .feature = feature,
                                      .first_bin = first_bin};
static struct souk_binmatrix matrix;
static struct souk_gradients gradients;
static int32_t row[ROWS];
static struct souk_histbin fast[BINS_MAX], plain[BINS_MAX];

static int count_of(int column)
{
    return column == 0 ? 255 : column == 1 ? 1 : 3 + column * 7;
}

/* Column 5 is of categories; every third column has missing values. */
static void make_rows(void)
{
    for (int c = 0; c < COLUMNS; c++) {
        bins[c] = (struct souk_bins){.count = count_of(c), .categorical = c == 5};
        feature[c] = c;
        first_bin[c + 1] = first_bin[c] + bins[c].count + 1;
    }
    matrix = (struct souk_binmatrix){.rows = ROWS, .columns = COLUMNS, .stride = 16};
    matrix.by_row = calloc(ROWS, 16);
    gradients = (struct souk_gradients){.gradient_unit = .01, .hessian_unit = .002};
    gradients.pair = calloc(ROWS, sizeof *gradients.pair);
    for (int r = 0; r < ROWS; r++) {
        row[r] = r;
        for (int c = 0; c < COLUMNS; c++) {
            const uint64_t bits = souk_random_bits(9, (uint64_t)r, (uint64_t)c);
            const int missing = c % 3 == 0;
            matrix.by_row[r * 16 + c] = (uint8_t)(bits % (uint64_t)(bins[c].count + missing));
        }
        const int gradient = (int)(souk_random_bits(10, (uint64_t)r, 0) % 8191) - 4095;
        const int hessian = (int)(souk_random_bits(11, 0, (uint64_t)r) % 4096);
        gradients.pair[r] = (struct souk_histbin){gradient, hessian};
    }
}

static void free_rows(void)
{
    free(matrix.by_row);
    free(gradients.pair);
}

static void make_histogram(const int32_t *rows, int n, struct souk_histbin *out)
{
    struct souk_histwork work;
    struct souk_error err = {0};
    cr_assert_eq(souk_histwork_init(&work, &binning, &err), SOUK_OK);
    souk_histogram_make(&work, first_bin, &matrix, &gradients, rows, n, out);
    souk_histwork_fini(&work);
}

Test(histogram, equals_its_plain_twin, .init = make_rows, .fini = free_rows)
{
    const int counts[] = {0, 1, 15, 16, 17, 254, 255, 256, 510, 511, ROWS};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        make_histogram(row, counts[i], fast);
        souk_histogram_reference(first_bin, &matrix, &gradients, row, counts[i], plain);
        cr_assert_eq(memcmp(fast, plain, (size_t)first_bin[COLUMNS] * sizeof *fast), 0, "%d rows",
                     counts[i]);
    }
}

/* Whole numbers as large as gradients.h makes them: sums up to 2^53. */
Test(histogram, bears_the_largest_values, .init = make_rows, .fini = free_rows)
{
    const double most = floor(0x1p53 / ROWS);
    for (int sign = -1; sign <= 1; sign += 2) {
        for (int r = 0; r < ROWS; r++) {
            gradients.pair[r] = (struct souk_histbin){sign * most, most};
            memset(matrix.by_row + 16 * r, 0, 16);
        }
        make_histogram(row, ROWS, fast);
        cr_expect_eq(fast[0].gradient, sign * most * ROWS);
        cr_expect_eq(fast[0].hessian, most * ROWS);
    }
}

Test(histogram, of_a_leaf_is_what_its_sibling_leaves_of_the_parent, .init = make_rows,
     .fini = free_rows)
{
    int32_t some[ROWS], others[ROWS];
    int n = 0, m = 0;
    for (int r = 0; r < ROWS; r++)
        if (souk_random_bits(3, 0, (uint64_t)r) % 5 == 0)
            some[n++] = r;
        else
            others[m++] = r;
    make_histogram(row, ROWS, fast);
    make_histogram(some, n, plain);
    souk_histogram_subtract(fast, plain, first_bin[COLUMNS]);
    make_histogram(others, m, plain);
    cr_expect_eq(memcmp(fast, plain, (size_t)first_bin[COLUMNS] * sizeof *fast), 0);
}

Test(histogram, of_doubles_is_their_sum, .init = make_rows, .fini = free_rows)
{
    for (uint64_t i = 0; i < ROWS; i++)
        gradients.pair[i] = (struct souk_histbin){souk_random_normal(7, 0, i), 1};
    make_histogram(row, ROWS, fast);
    souk_histogram_reference(first_bin, &matrix, &gradients, row, ROWS, plain);
    for (int64_t b = 0; b < first_bin[COLUMNS]; b++)
        cr_assert_float_eq(fast[b].gradient, plain[b].gradient, 1e-9);
}

/* Of the first n rows. */
static struct souk_leafsum sum_of(int column, int n)
{
    struct souk_leafsum sum = {.rows = n};
    for (int64_t b = first_bin[column]; b < first_bin[column + 1]; b++) {
        sum.gradient += fast[b].gradient;
        sum.hessian += fast[b].hessian;
    }
    return sum;
}

static double score_of(double gradient, double hessian, const struct souk_split_rules *rules)
{
    const double g = gradient * gradients.gradient_unit, h = hessian * gradients.hessian_unit;
    const double soft = fmax(fabs(g) - rules->l1, 0);
    return soft * soft / (h + rules->l2 + 1e-15);
}

/* The gain of sending some bins left; -1 where it is not allowed. */
static double gain_of(int column, const bool *left, const struct souk_leafsum *leaf,
                      const struct souk_split_rules *rules)
{
    struct souk_leafsum l = {0};
    /* Estimates are summed over the side without missing values; the other has the rest. */
    const int missing = bins[column].count;
    const bool counts_left = bins[column].categorical ||
                             (fast[first_bin[column] + missing].hessian > 0 && !left[missing]);
    double count = 0;
    for (int b = 0; b <= bins[column].count; b++) {
        const struct souk_histbin *bin = &fast[first_bin[column] + b];
        l.gradient += left[b] ? bin->gradient : 0;
        l.hessian += left[b] ? bin->hessian : 0;
        const double rows = round(bin->hessian * leaf->rows / leaf->hessian);
        count += left[b] == counts_left ? rows : 0;
    }
    const double min_rows = (double)rules->min_rows;
    const double least = rules->min_hessian / gradients.hessian_unit;
    if (count < min_rows || leaf->rows - count < min_rows || l.hessian < least ||
        leaf->hessian - l.hessian < least)
        return -1;
    return score_of(l.gradient, l.hessian, rules) +
           score_of(leaf->gradient - l.gradient, leaf->hessian - l.hessian, rules) -
           score_of(leaf->gradient, leaf->hessian, rules) - rules->min_gain;
}

static double best_numeric(int column, const struct souk_leafsum *leaf,
                           const struct souk_split_rules *rules)
{
    double best = 0;
    for (int t = 0; t < bins[column].count; t++)
        for (int missing = 0; missing < 2; missing++) {
            bool left[256] = {0};
            for (int b = 0; b <= t; b++)
                left[b] = true;
            left[bins[column].count] = missing;
            best = fmax(best, gain_of(column, left, leaf, rules));
        }
    return best;
}

static const struct souk_split_rules usual = {.min_rows = 20,
                                              .min_hessian = 1e-3,
                                              .category_smooth = 0,
                                              .category_min_rows = 1,
                                              .category_most = 255,
                                              .category_one = 4};

static void check_numeric(int n, const struct souk_split_rules *rules)
{
    make_histogram(row, n, fast);
    for (int c = 0; c < COLUMNS; c++) {
        const struct souk_leafsum leaf = sum_of(c, n);
        if (bins[c].categorical)
            continue;
        const struct souk_split split = souk_split_find(&binning, c, c + 1, fast + first_bin[c],
                                                        &leaf, &gradients, NULL, rules);
        const double best = best_numeric(c, &leaf, rules);
        cr_expect_float_eq(split.gain, best, 1e-9 * (1 + best), "column %d: %g, not %g", c,
                           split.gain, best);
        cr_expect_eq(split.column < 0, best == 0);
        bool left[256];
        for (int b = 0; b < 256; b++)
            left[b] = souk_split_goes_left(&split, b);
        if (split.column >= 0)
            cr_expect_float_eq(gain_of(c, left, &leaf, rules), split.gain, 1e-9 * (1 + best));
    }
}

Test(split, of_numbers_is_the_best_of_all, .init = make_rows, .fini = free_rows)
{
    struct souk_split_rules rules = usual;
    check_numeric(ROWS, &rules);
    check_numeric(100, &rules);
    check_numeric(39, &rules);
    rules.l1 = 2;
    rules.l2 = 5;
    rules.min_hessian = 60;
    check_numeric(3000, &rules);
    rules.min_gain = 1e9;
    check_numeric(3000, &rules);
}

/* Bins without rows split alike: the highest of them leaves them to the left. */
Test(split, takes_the_higher_bin_of_equals, .init = make_rows, .fini = free_rows)
{
    enum { COLUMN = 2, LAST = 16 };
    int n = 0;
    cr_assert_eq(bins[COLUMN].count, LAST + 1);
    for (int r = 0; r < ROWS; r++) {
        const uint8_t bin = matrix.by_row[r * 16 + COLUMN];
        if (bin < 5 || bin > 9)
            row[n++] = r;
        gradients.pair[r] = (struct souk_histbin){bin < 5 ? -7 : 7, 100};
    }
    make_histogram(row, n, fast);
    const struct souk_leafsum leaf = sum_of(COLUMN, n);
    const struct souk_split split = souk_split_find(
        &binning, COLUMN, COLUMN + 1, fast + first_bin[COLUMN], &leaf, &gradients, NULL, &usual);
    cr_expect_eq(split.bin, 9);
}

/* With a weight of 1 for each row, the best subset of all is a prefix of the sorted categories. */
Test(split, of_categories_is_the_best_of_all_subsets, .init = make_rows, .fini = free_rows)
{
    enum { COLUMN = 5, COUNT = 9 };
    struct souk_split_rules rules = usual;
    bins[COLUMN].count = COUNT;
    for (int r = 0; r < ROWS; r++) {
        matrix.by_row[r * 16 + COLUMN] %= COUNT;
        gradients.pair[r].gradient += matrix.by_row[r * 16 + COLUMN] % 3;
        gradients.pair[r].hessian = 500;
    }
    for (int n = 50; n <= 5000; n *= 10) {
        make_histogram(row, n, fast);
        /* bins behind COUNT belong to the column, too: none has rows */
        const struct souk_leafsum leaf = sum_of(COLUMN, n);
        const struct souk_split split =
            souk_split_find(&binning, COLUMN, COLUMN + 1, fast + first_bin[COLUMN], &leaf,
                            &gradients, NULL, &rules);
        double best = 0;
        for (int subset = 1; subset < 1 << COUNT; subset++) {
            bool left[256] = {0};
            for (int b = 0; b < COUNT; b++)
                left[b] = subset >> b & 1;
            best = fmax(best, gain_of(COLUMN, left, &leaf, &rules));
        }
        /* the smaller side has up to (n + 1) / 2 categories: both ends are searched */
        cr_expect_float_eq(split.gain, best, 1e-9 * (1 + best), "%d rows: %g, not %g", n,
                           split.gain, best);
    }
}

Test(split, of_few_categories_is_one_against_the_rest, .init = make_rows, .fini = free_rows)
{
    enum { COLUMN = 5 };
    const struct souk_split_rules rules = usual;
    bins[COLUMN].count = 4;
    for (int r = 0; r < ROWS; r++)
        matrix.by_row[r * 16 + COLUMN] %= 5;
    make_histogram(row, ROWS, fast);
    const struct souk_leafsum leaf = sum_of(COLUMN, ROWS);
    const struct souk_split split = souk_split_find(
        &binning, COLUMN, COLUMN + 1, fast + first_bin[COLUMN], &leaf, &gradients, NULL, &rules);
    double best = 0;
    for (int one = 0; one < 4; one++) {
        bool left[256] = {0};
        left[one] = true;
        best = fmax(best, gain_of(COLUMN, left, &leaf, &rules));
    }
    cr_expect_float_eq(split.gain, best, 1e-9 * (1 + best));
    cr_expect_not(souk_split_goes_left(&split, 4), "missing goes right");
}

Test(split, takes_the_lower_column_of_equals, .init = make_rows, .fini = free_rows)
{
    struct souk_split_rules rules = usual;
    bins[3] = bins[2];
    bins[7] = bins[2];
    for (int c = 0; c < COLUMNS; c++)
        first_bin[c + 1] = first_bin[c] + bins[c].count + 1;
    for (int r = 0; r < ROWS; r++)
        matrix.by_row[r * 16 + 3] = matrix.by_row[r * 16 + 7] = matrix.by_row[r * 16 + 2];
    make_histogram(row, ROWS, fast);
    const struct souk_leafsum leaf = sum_of(2, ROWS);
    bool allowed[COLUMNS] = {false, false, false, true, false, false, false, true};
    struct souk_split split =
        souk_split_find(&binning, 0, COLUMNS, fast, &leaf, &gradients, allowed, &rules);
    cr_expect_eq(split.column, 3);
    allowed[2] = true;
    split = souk_split_find(&binning, 0, COLUMNS, fast, &leaf, &gradients, allowed, &rules);
    cr_expect_eq(split.column, 2);
    const struct souk_split other =
        souk_split_find(&binning, 3, 4, fast + first_bin[3], &leaf, &gradients, NULL, &rules);
    cr_expect(souk_split_better(&split, &other));
    cr_expect_not(souk_split_better(&other, &split));
}
