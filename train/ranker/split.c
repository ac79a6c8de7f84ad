#include "train/ranker/split.h"

#include <math.h>
#include <stdlib.h>

/* Keeps a score finite where a side's Hessian and l2 are both 0. */
static const double tiny_hessian = 1e-15;

/* One column's search: what stays the same over its bins. */
struct scan {
    const struct souk_histbin *bin;
    int bins; /* without the missing one */
    const struct souk_gradients *units;
    const struct souk_split_rules *rules;
    struct souk_leafsum leaf;
    double rows_by_hessian; /* of the leaf: what a unit of Hessian stands for */
    double l2;
    double leaf_score; /* what a split has to beat */
    int column;
    struct souk_split *best;
};

/* One side of a split. */
struct side {
    struct souk_leafsum sum;
    double count; /* rows, as the rules count them */
};

double souk_split_soft(double gradient, double l1)
{
    const double rest = fabs(gradient) - l1;
    return rest > 0 ? copysign(rest, gradient) : 0;
}

static double score(const struct scan *s, const struct souk_leafsum *side, double l2)
{
    const double gradient = side->gradient * s->units->gradient_unit;
    const double hessian = side->hessian * s->units->hessian_unit;
    const double soft = s->rules->l1 > 0 ? souk_split_soft(gradient, s->rules->l1) : gradient;
    return soft * soft / (hessian + l2 + tiny_hessian);
}

static bool is_leaf_enough(const struct scan *s, const struct side *side)
{
    return side->count >= (double)s->rules->min_rows &&
           side->sum.hessian * s->units->hessian_unit >= s->rules->min_hessian;
}

/* The rows of a bin: as they are, or as LightGBM has them, who keeps no count in a histogram. */
static double count_rows(const struct scan *s, const struct souk_histbin *bin)
{
    return s->rules->count_by_hessian ? floor(bin->hessian * s->rows_by_hessian + .5) : bin->rows;
}

static void add(const struct scan *s, struct side *side, const struct souk_histbin *bin)
{
    side->sum.gradient += bin->gradient;
    side->sum.hessian += bin->hessian;
    side->sum.rows += bin->rows;
    side->count += count_rows(s, bin);
}

static struct side rest_of(const struct scan *s, const struct side *side)
{
    const struct souk_leafsum *leaf = &s->leaf, *sum = &side->sum;
    return (struct side){
        {leaf->gradient - sum->gradient, leaf->hessian - sum->hessian, leaf->rows - sum->rows},
        leaf->rows - side->count};
}

/* @return whether this is the best so far; then its gain and sums are kept */
static bool try_split(struct scan *s, const struct side *left, const struct side *right)
{
    if (!is_leaf_enough(s, left) || !is_leaf_enough(s, right))
        return false;
    const double gain = score(s, &left->sum, s->l2) + score(s, &right->sum, s->l2) - s->leaf_score;
    if (!(gain > s->best->gain))
        return false;
    s->best->gain = gain;
    s->best->column = s->column;
    s->best->left = left->sum;
    return true;
}

static void set_left(struct souk_split *split, int bin)
{
    split->goes_left[bin / 64] |= UINT64_C(1) << (bin % 64);
}

static void keep_numeric(struct scan *s, int bin, bool missing_left)
{
    s->best->bin = bin;
    s->best->missing_left = missing_left;
    s->best->categorical = false;
}

/* Missing values on the left, or none: from the last bin, as LightGBM goes. An empty bin changes
 * nothing, so of equal splits the one right below the rows on the right is taken. */
static void scan_from_right(struct scan *s)
{
    const struct souk_histbin *missing = &s->bin[s->bins];
    struct side right = {0};
    for (int b = s->bins - 1; b > 0; b--) {
        if (s->bin[b].rows == 0)
            continue;
        add(s, &right, &s->bin[b]);
        const struct side left = rest_of(s, &right);
        if (left.count < (double)s->rules->min_rows)
            return;
        if (try_split(s, &left, &right))
            keep_numeric(s, b - 1, missing->rows > 0 || 2 * left.sum.rows > s->leaf.rows);
    }
}

/* Missing values on the right: also alone, behind the last bin. */
static void scan_from_left(struct scan *s)
{
    struct side left = {0};
    for (int b = 0; b < s->bins; b++) {
        if (s->bin[b].rows == 0)
            continue;
        add(s, &left, &s->bin[b]);
        const struct side right = rest_of(s, &left);
        if (right.count < (double)s->rules->min_rows)
            return;
        if (try_split(s, &left, &right))
            keep_numeric(s, b, false);
    }
}

static void scan_numeric(struct scan *s)
{
    scan_from_right(s);
    if (s->bin[s->bins].rows > 0)
        scan_from_left(s);
}

static void keep_categories(struct scan *s, const int *order, int from, int step, int count)
{
    struct souk_split *best = s->best;
    best->categorical = true;
    best->missing_left = false;
    best->bin = SOUK_BINS_MAX;
    for (int w = 0; w < SOUK_SPLIT_WORDS; w++)
        best->goes_left[w] = 0;
    for (int i = 0; i < count; i++) {
        const int bin = order[from + i * step];
        set_left(best, bin);
        best->bin = bin < best->bin ? bin : best->bin;
    }
}

static void scan_one_category(struct scan *s)
{
    for (int b = 0; b < s->bins; b++) {
        struct side left = {0};
        add(s, &left, &s->bin[b]);
        const struct side right = rest_of(s, &left);
        if (try_split(s, &left, &right))
            keep_categories(s, &b, 0, 0, 1);
    }
}

struct category {
    double key;
    int bin;
};

static int by_key_then_bin(const void *a, const void *b)
{
    const struct category *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->bin - y->bin;
}

/* Categories with enough rows to say where they belong, by their mean gradient. */
static int sort_categories(const struct scan *s, int *order)
{
    struct category found[SOUK_BINS_MAX];
    int n = 0;
    for (int b = 0; b < s->bins; b++) {
        const struct souk_histbin *bin = &s->bin[b];
        if (count_rows(s, bin) < fmax(s->rules->category_smooth, 1))
            continue;
        const double hessian = bin->hessian * s->units->hessian_unit + s->rules->category_smooth;
        found[n++] = (struct category){
            bin->gradient * s->units->gradient_unit / (hessian + tiny_hessian), b};
    }
    qsort(found, (size_t)n, sizeof *found, by_key_then_bin);
    for (int i = 0; i < n; i++)
        order[i] = found[i].bin;
    return n;
}

/* A prefix from one end of the order. Categories join until they bring enough rows: then it may be
 * a split. */
static void scan_sorted(struct scan *s, const int *order, int n, int from, int step)
{
    const int half = (n + 1) / 2;
    const int most = s->rules->category_most < half ? s->rules->category_most : half;
    struct side left = {0};
    double group = 0; /* what the bins since the last try bring */
    for (int i = 0; i < most; i++) {
        const struct souk_histbin *bin = &s->bin[order[from + i * step]];
        add(s, &left, bin);
        group += count_rows(s, bin);
        const struct side right = rest_of(s, &left);
        if (group < (double)s->rules->category_min_rows ||
            right.count < (double)s->rules->category_min_rows)
            continue;
        group = 0;
        if (try_split(s, &left, &right))
            keep_categories(s, order, from, step, i + 1);
    }
}

static void scan_categories(struct scan *s)
{
    int order[SOUK_BINS_MAX];
    if (s->bins <= s->rules->category_one) {
        scan_one_category(s);
        return;
    }
    s->l2 += s->rules->category_l2;
    const int n = sort_categories(s, order);
    scan_sorted(s, order, n, 0, 1);
    if (n > 0)
        scan_sorted(s, order, n, n - 1, -1);
}

/* A numeric split's bits, once it is known to be the best. */
static void fill_numeric(struct souk_split *best, const struct souk_binning *binning)
{
    if (best->column < 0 || best->categorical)
        return;
    for (int w = 0; w < SOUK_SPLIT_WORDS; w++)
        best->goes_left[w] = 0;
    for (int b = 0; b <= best->bin; b++)
        set_left(best, b);
    if (best->missing_left)
        set_left(best, binning->bins[binning->feature[best->column]].count);
}

bool souk_split_better(const struct souk_split *a, const struct souk_split *b)
{
    if (a->gain != b->gain)
        return a->gain > b->gain;
    return a->column >= 0 && (b->column < 0 || a->column < b->column);
}

struct souk_split souk_split_find(const struct souk_binning *binning, int first, int end,
                                  const struct souk_histbin *histogram,
                                  const struct souk_leafsum *leaf,
                                  const struct souk_gradients *units, const bool *allowed,
                                  const struct souk_split_rules *rules)
{
    struct souk_split best = {.column = -1};
    struct scan s = {.units = units, .rules = rules, .leaf = *leaf, .best = &best};
    const double leaf_score = score(&s, leaf, rules->l2);
    s.rows_by_hessian = leaf->hessian > 0 ? leaf->rows / leaf->hessian : 0;
    for (int c = first; c < end; c++) {
        const struct souk_bins *bins = &binning->bins[binning->feature[c]];
        if (allowed && !allowed[c])
            continue;
        s.bin = histogram + (binning->first_bin[c] - binning->first_bin[first]);
        s.bins = bins->count;
        s.column = c;
        s.l2 = rules->l2;
        s.leaf_score = leaf_score + rules->min_gain;
        if (bins->categorical)
            scan_categories(&s);
        else
            scan_numeric(&s);
    }
    fill_numeric(&best, binning);
    return best;
}
