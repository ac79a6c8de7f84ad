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

static bool is_leaf_enough(const struct scan *s, const struct souk_leafsum *side)
{
    return side->rows >= (double)s->rules->min_rows &&
           side->hessian * s->units->hessian_unit >= s->rules->min_hessian;
}

static double estimate_rows(const struct scan *s, const struct souk_histbin *bin)
{
    return floor(bin->hessian * s->rows_by_hessian + .5);
}

static void add(const struct scan *s, struct souk_leafsum *sum, const struct souk_histbin *bin)
{
    sum->gradient += bin->gradient;
    sum->hessian += bin->hessian;
    sum->rows += estimate_rows(s, bin);
}

static struct souk_leafsum rest_of(const struct souk_leafsum *leaf, const struct souk_leafsum *side)
{
    return (struct souk_leafsum){leaf->gradient - side->gradient, leaf->hessian - side->hessian,
                                 leaf->rows - side->rows};
}

/* @return whether this is the best so far; then its gain and sums are kept */
static bool try_split(struct scan *s, const struct souk_leafsum *left,
                      const struct souk_leafsum *right)
{
    if (!is_leaf_enough(s, left) || !is_leaf_enough(s, right))
        return false;
    const double gain = score(s, left, s->l2) + score(s, right, s->l2) - s->leaf_score;
    if (!(gain > s->best->gain))
        return false;
    s->best->gain = gain;
    s->best->column = s->column;
    s->best->left = *left;
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

/* Without rows, or with such as say nothing: a split on either side of it is the same. */
static bool is_empty(const struct souk_histbin *bin)
{
    return bin->gradient == 0 && bin->hessian == 0;
}

/* Missing values on the left, or none: from the last bin. An empty bin goes left with the next. */
static void scan_from_right(struct scan *s, bool has_missing)
{
    struct souk_leafsum right = {0};
    for (int b = s->bins - 1; b > 0; b--) {
        if (is_empty(&s->bin[b]))
            continue;
        add(s, &right, &s->bin[b]);
        const struct souk_leafsum left = rest_of(&s->leaf, &right);
        if (left.rows < (double)s->rules->min_rows)
            return;
        if (try_split(s, &left, &right))
            keep_numeric(s, b - 1, has_missing || left.rows > right.rows);
    }
}

/* Missing values on the right: also alone, behind the last bin. */
static void scan_from_left(struct scan *s)
{
    struct souk_leafsum left = {0};
    for (int b = 0; b < s->bins; b++) {
        if (is_empty(&s->bin[b]))
            continue;
        add(s, &left, &s->bin[b]);
        const struct souk_leafsum right = rest_of(&s->leaf, &left);
        if (right.rows < (double)s->rules->min_rows)
            return;
        if (try_split(s, &left, &right))
            keep_numeric(s, b, false);
    }
}

static void scan_numeric(struct scan *s)
{
    const bool has_missing = !is_empty(&s->bin[s->bins]);
    scan_from_right(s, has_missing);
    if (has_missing)
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
        struct souk_leafsum left = {0};
        add(s, &left, &s->bin[b]);
        const struct souk_leafsum right = rest_of(&s->leaf, &left);
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
        if (estimate_rows(s, bin) < fmax(s->rules->category_smooth, 1))
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
    struct souk_leafsum left = {0};
    double group = 0; /* what the bins since the last try bring */
    for (int i = 0; i < most; i++) {
        const struct souk_histbin *bin = &s->bin[order[from + i * step]];
        add(s, &left, bin);
        group += estimate_rows(s, bin);
        const struct souk_leafsum right = rest_of(&s->leaf, &left);
        if (group < (double)s->rules->category_min_rows ||
            right.rows < (double)s->rules->category_min_rows)
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
