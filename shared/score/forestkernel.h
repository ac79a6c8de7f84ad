/** @file
 *  The body of the forest scorer, included once per instruction set by a file that defines
 *  KERNEL_TABLE and KERNEL_NAME. Integers decide the leaf; the sum over trees is in their order, in
 *  double: the bits are those of the plain walk.
 */
#include "shared/score/forestlayout.h"

#include <math.h>
#include <string.h>

enum { ROWS = SOUK_BLOCK_ROWS, LANES = 32 };

typedef int16_t vec __attribute__((vector_size(2 * LANES), may_alias));

_Static_assert(ROWS == 2 * LANES, "a block is two vectors");

static vec spread(int16_t value)
{
    return value - (vec){0};
}

/* code[r] = number of thresholds < value[r], by halving: the same steps for every row. */
static void find_codes(const double *threshold, int32_t count, const double *value, int16_t *code)
{
    int32_t low[ROWS] = {0};
    int32_t left = count;
    while (left > 1) {
        const int32_t half = left / 2;
        for (int r = 0; r < ROWS; r++)
            low[r] += threshold[low[r] + half - 1] < value[r] ? half : 0;
        left -= half;
    }
    for (int r = 0; r < ROWS; r++)
        code[r] = (int16_t)(low[r] + (threshold[low[r]] < value[r]));
}

/* Codes of a feature, in each of its columns. */
static void fill_columns(const struct souk_forestlayout *l, const struct souk_codedfeature *coded,
                         const double *value, int16_t *code)
{
    int16_t found[ROWS], nan[ROWS], zero[ROWS];
    find_codes(l->threshold + coded->first_threshold, coded->thresholds, value, found);
    for (int r = 0; r < ROWS; r++) {
        nan[r] = value[r] != value[r] ? -1 : 0;
        zero[r] = fabs(value[r]) <= SOUK_SPLIT_ZERO ? -1 : nan[r];
    }
    for (int c = coded->first_column; c < coded->first_column + coded->columns; c++) {
        const struct souk_codecolumn *column = &l->column[c];
        const int16_t *missing = column->missing == SOUK_SPLIT_MISSING_ZERO ? zero : nan;
        int16_t *to = code + (size_t)c * ROWS;
        for (int r = 0; r < ROWS; r++)
            to[r] = (int16_t)((found[r] & ~missing[r]) | (column->missing_code & missing[r]));
    }
}

static void fill_categories(const double *value, int32_t *category)
{
    /* As is_in_bitset() of tree.c: truncated towards 0; NaN and what no bitset has become -1. */
    for (int r = 0; r < ROWS; r++)
        category[r] =
            value[r] > -1 && value[r] < 32. * SOUK_TREE_WORDS_MAX ? (int32_t)value[r] : -1;
}

static void read_rows(const struct souk_forestlayout *l, const double *const *row,
                      const struct souk_scoreblock *b)
{
    for (int i = 0; i < l->features; i++) {
        for (int r = 0; r < ROWS; r++)
            b->value[r] = row[r][l->feature[i].feature];
        fill_columns(l, &l->feature[i], b->value, b->code);
    }
    for (int i = 0; i < l->category_features; i++) {
        for (int r = 0; r < ROWS; r++)
            b->value[r] = row[r][l->category_feature[i]];
        fill_categories(b->value, b->category + (size_t)i * ROWS);
    }
}

/* The columns of a tree's categorical nodes: 1 where they send right. */
static void test_categories(const struct souk_forestlayout *l, const struct souk_layouttree *t,
                            const struct souk_scoreblock *b)
{
    for (int k = 0; k < t->categories; k++) {
        const struct souk_categorynode *node = &l->category[t->first_category + k];
        const int32_t *category = b->category + (size_t)node->category * ROWS;
        int16_t *code = b->code + (size_t)(l->columns + k) * ROWS;
        for (int r = 0; r < ROWS; r++) {
            const uint32_t at = (uint32_t)category[r]; /* -1 is beyond all words */
            const bool is_in = at / 32 < (uint32_t)node->words && node->bit[at / 32] >> at % 32 & 1;
            code[r] = !is_in;
        }
    }
}

/* Clear the leaves that a row cannot reach. */
static void clear_leaves(const struct souk_forestlayout *l, const struct souk_layouttree *t,
                         const struct souk_scoreblock *b)
{
    for (int w = 0; w < t->words; w++) {
        const int64_t *first = &l->word_entry[t->first_word + w];
        vec low = ~(vec){0}, high = ~(vec){0};
        for (int64_t e = first[0]; e < first[1]; e++) {
            const struct souk_layoutentry *entry = &l->entry[e];
            const vec *code = (const vec *)(b->code + (size_t)entry->column * ROWS);
            const vec bound = spread(entry->code), zeros = spread((int16_t)entry->zeros);
            low &= ~((code[0] > bound) & zeros);
            high &= ~((code[1] > bound) & zeros);
        }
        vec *bits = (vec *)(b->bits + (size_t)w * ROWS);
        bits[0] = low;
        bits[1] = high;
    }
}

/* The first bit of the words [words] that are ROWS apart. */
static int first_leaf(const uint16_t *bits, int words)
{
    int w = 0;
    while (w + 1 < words && bits[w * ROWS] == 0)
        w++;
    return w * SOUK_WORD_LEAVES + __builtin_ctz(bits[w * ROWS] | 1u << SOUK_WORD_LEAVES);
}

static void add_leaves(const double *leaf_value, int words, const uint16_t *bits, double *sum)
{
    if (words == 1) {
        for (int r = 0; r < ROWS; r++)
            sum[r] += leaf_value[__builtin_ctz(bits[r])];
    } else if (words == 2) {
        for (int r = 0; r < ROWS; r++)
            sum[r] += leaf_value[__builtin_ctz(bits[r] | (uint32_t)bits[ROWS + r] << 16)];
    } else if (words <= 4) {
        for (int r = 0; r < ROWS; r++) {
            uint64_t all =
                bits[r] | (uint32_t)bits[ROWS + r] << 16 | (uint64_t)bits[2 * ROWS + r] << 32;
            if (words == 4)
                all |= (uint64_t)bits[3 * ROWS + r] << 48;
            sum[r] += leaf_value[__builtin_ctzll(all)];
        }
    } else {
        for (int r = 0; r < ROWS; r++)
            sum[r] += leaf_value[first_leaf(bits + r, words)];
    }
}

static void score(const struct souk_forestlayout *l, const double *const *row,
                  const struct souk_scoreblock *b)
{
    read_rows(l, row, b);
    memset(b->sum, 0, ROWS * sizeof *b->sum);
    for (int i = 0; i < l->trees; i++) {
        const struct souk_layouttree *t = &l->tree[i];
        test_categories(l, t, b);
        clear_leaves(l, t, b);
        add_leaves(l->leaf_value + t->first_leaf, t->words, b->bits, b->sum);
    }
}

const struct souk_forest_kernels KERNEL_TABLE = {KERNEL_NAME, score};
