/** @file
 *  The body of the forest scorer, included once per instruction set by a file that defines
 *  KERNEL_TABLE, KERNEL_NAME and VECTOR_BYTES (of a register: GCC takes longer vectors apart into
 *  scalars). Integers decide the leaf; the sum over trees is in their order, in
 *  double: the bits are those of the plain walk.
 */
#include "shared/score/forestlayout.h"

#include <math.h>
#include <string.h>

enum { ROWS = SOUK_BLOCK_ROWS, LANES = VECTOR_BYTES / 2, VECTORS = ROWS / LANES };

typedef int16_t vec __attribute__((vector_size(VECTOR_BYTES), may_alias));

#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE vec spread(int16_t value)
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
            low[r] += half * (threshold[low[r] + half - 1] < value[r]); /* no branch */
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

/* Where code > bound, the leaves on the left of a node go: 16 leaves of a tree, of all rows. */
ALWAYS_INLINE void clear_leaves(const struct souk_layoutentry *entry, int64_t entries,
                                const int16_t *codes, vec *left)
{
#pragma GCC unroll 8
    for (int v = 0; v < VECTORS; v++)
        left[v] = ~(vec){0};
    for (int64_t e = 0; e < entries; e++) {
        const vec *code = (const vec *)(codes + (size_t)entry[e].column * ROWS);
        const vec bound = spread(entry[e].code), zeros = spread((int16_t)entry[e].zeros);
#pragma GCC unroll 8
        for (int v = 0; v < VECTORS; v++)
            left[v] &= ~((code[v] > bound) & zeros);
    }
}

/* The first word of 16 leaves in which a row has any left, and that word: from the last down. */
static void find_words(const struct souk_forestlayout *l, const struct souk_layouttree *t,
                       const int16_t *codes, vec *word, vec *bits)
{
    for (int v = 0; v < VECTORS; v++)
        word[v] = bits[v] = (vec){0};
    for (int w = t->words - 1; w >= 0; w--) {
        const int64_t *first = &l->word_entry[t->first_word + w];
        vec left[VECTORS]; /* in registers: every loop over it is unrolled */
        clear_leaves(l->entry + first[0], first[1] - first[0], codes, left);
#pragma GCC unroll 8
        for (int v = 0; v < VECTORS; v++) {
            const vec some = left[v] != 0;
            word[v] = (spread((int16_t)w) & some) | (word[v] & ~some);
            bits[v] = (left[v] & some) | (bits[v] & ~some);
        }
    }
}

static void add_leaves(const struct souk_forestlayout *l, const struct souk_layouttree *t,
                       const struct souk_scoreblock *b)
{
    const double *leaf_value = l->leaf_value + t->first_leaf;
    vec word[VECTORS], bits[VECTORS];
    uint16_t first[ROWS], left[ROWS];
    find_words(l, t, b->code, word, bits);
    memcpy(first, word, sizeof first);
    memcpy(left, bits, sizeof left);
    for (int r = 0; r < ROWS; r++)
        b->sum[r] += leaf_value[first[r] * SOUK_WORD_LEAVES + __builtin_ctz(left[r])];
}

static void score(const struct souk_forestlayout *l, const double *const *row,
                  const struct souk_scoreblock *b)
{
    read_rows(l, row, b);
    memset(b->sum, 0, ROWS * sizeof *b->sum);
    for (int i = 0; i < l->trees; i++) {
        const struct souk_layouttree *t = &l->tree[i];
        test_categories(l, t, b);
        add_leaves(l, t, b);
    }
}

const struct souk_forest_kernels KERNEL_TABLE = {KERNEL_NAME, score};
