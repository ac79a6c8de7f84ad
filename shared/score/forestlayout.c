#include "shared/score/forestlayout.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { RULES = 6 }; /* kinds of missing values, by default side */

/* A threshold that a node splits on. */
struct pair {
    int32_t feature;
    double threshold;
};

struct builder {
    struct souk_forestlayout *l;
    const struct souk_forest *f;
    struct pair *pair;
    int64_t pairs;
    int32_t *rule_column; /* [features of a row x RULES], -1: no such column */
    int32_t *coded;       /* [features of a row], which of l->feature, or -1 */
    int32_t *category;    /* [features of a row], which of l->category_feature, or -1 */
    int64_t words, entries, categories, leaves; /* laid out so far */
    int64_t *word_fill;                         /* [words + 1], while entries are placed */
};

static bool is_categorical(const struct souk_tree *t, int node)
{
    return t->decision_type[node] & SOUK_SPLIT_CATEGORICAL;
}

static int rule_of(const struct souk_tree *t, int node)
{
    const int missing = (t->decision_type[node] & SOUK_SPLIT_MISSING_MASK) >> 2;
    return 2 * missing + ((t->decision_type[node] & SOUK_SPLIT_DEFAULT_LEFT) != 0);
}

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->feature != y->feature)
        return x->feature < y->feature ? -1 : 1;
    return (x->threshold > y->threshold) - (x->threshold < y->threshold);
}

/* Thresholds of all numeric nodes, sorted, each once; which rules and categories there are. */
static souk_status collect(struct builder *b)
{
    const struct souk_forest *f = b->f;
    int64_t nodes = 0, kept = 0;
    for (int t = 0; t < f->trees; t++)
        nodes += f->tree[t].leaves - 1;
    b->pair = souk_alloc_array((size_t)nodes, sizeof *b->pair);
    b->rule_column = souk_alloc_array((size_t)f->features * RULES, sizeof *b->rule_column);
    b->coded = souk_alloc_array((size_t)f->features, sizeof *b->coded);
    b->category = souk_alloc_array((size_t)f->features, sizeof *b->category);
    if (!b->pair || !b->rule_column || !b->coded || !b->category)
        return SOUK_ENOMEM;
    memset(b->rule_column, -1, (size_t)f->features * RULES * sizeof *b->rule_column);
    memset(b->coded, -1, (size_t)f->features * sizeof *b->coded);
    memset(b->category, -1, (size_t)f->features * sizeof *b->category);
    for (int i = 0; i < f->trees; i++) {
        const struct souk_tree *t = &f->tree[i];
        for (int node = 0; node < t->leaves - 1; node++) {
            const int32_t feature = t->split_feature[node];
            if (is_categorical(t, node)) {
                b->category[feature] = 0;
                continue;
            }
            b->rule_column[feature * RULES + rule_of(t, node)] = 0;
            b->pair[b->pairs++] = (struct pair){feature, t->threshold[node]};
        }
    }
    qsort(b->pair, (size_t)b->pairs, sizeof *b->pair, compare_pairs);
    for (int64_t i = 0; i < b->pairs; i++)
        if (i == 0 || compare_pairs(&b->pair[i], &b->pair[kept - 1]) != 0)
            b->pair[kept++] = b->pair[i];
    b->pairs = kept;
    return SOUK_OK;
}

/* The number of a feature's thresholds below x. */
static int16_t code_of(const double *threshold, int32_t count, double x)
{
    int32_t code = 0;
    while (code < count && threshold[code] < x)
        code++;
    return (int16_t)code;
}

static void add_columns(struct builder *b, struct souk_codedfeature *coded)
{
    struct souk_forestlayout *l = b->l;
    const double *threshold = l->threshold + coded->first_threshold;
    coded->first_column = l->columns;
    for (int rule = 0; rule < RULES; rule++) {
        int32_t *column = &b->rule_column[coded->feature * RULES + rule];
        const unsigned missing = (unsigned)(rule / 2) << 2;
        if (*column < 0)
            continue;
        *column = l->columns;
        l->column[l->columns++] = (struct souk_codecolumn){
            .missing = missing,
            .missing_code = missing == SOUK_SPLIT_MISSING_NONE
                                ? code_of(threshold, coded->thresholds, 0)
                                : (int16_t)(rule % 2 ? 0 : coded->thresholds)};
    }
    coded->columns = l->columns - coded->first_column;
}

static int count_rules(const struct builder *b)
{
    int count = 0;
    for (int64_t i = 0; i < (int64_t)b->f->features * RULES; i++)
        count += b->rule_column[i] >= 0;
    return count;
}

static souk_status lay_features(struct builder *b)
{
    struct souk_forestlayout *l = b->l;
    l->threshold = souk_alloc_array((size_t)b->pairs, sizeof *l->threshold);
    l->feature = souk_alloc_array((size_t)b->f->features, sizeof *l->feature);
    l->column = souk_alloc_array((size_t)count_rules(b), sizeof *l->column);
    l->category_feature = souk_alloc_array((size_t)b->f->features, sizeof *l->category_feature);
    if (!l->threshold || !l->feature || !l->column || !l->category_feature)
        return SOUK_ENOMEM;
    for (int64_t i = 0; i < b->pairs;) {
        struct souk_codedfeature *coded = &l->feature[l->features];
        *coded = (struct souk_codedfeature){.feature = b->pair[i].feature, .first_threshold = i};
        for (; i < b->pairs && b->pair[i].feature == coded->feature; i++, coded->thresholds++)
            l->threshold[i] = b->pair[i].threshold;
        if (coded->thresholds > SOUK_CODE_MAX)
            return SOUK_ELIMIT;
        b->coded[coded->feature] = l->features++;
        add_columns(b, coded);
    }
    for (int i = 0; i < b->f->features; i++) {
        if (b->category[i] < 0)
            continue;
        b->category[i] = l->category_features;
        l->category_feature[l->category_features++] = i;
    }
    return SOUK_OK;
}

/* Entries are placed by word in two passes over the same walk: the first counts. */
enum pass { COUNT, PLACE };

static void place(struct builder *b, enum pass pass, int64_t first_word, int from, int to,
                  struct souk_layoutentry entry)
{
    for (int word = from / SOUK_WORD_LEAVES; word * SOUK_WORD_LEAVES < to; word++) {
        const int low = word * SOUK_WORD_LEAVES;
        entry.zeros = 0;
        for (int leaf = from > low ? from : low; leaf < to && leaf < low + SOUK_WORD_LEAVES; leaf++)
            entry.zeros |= (uint16_t)(1u << (leaf - low));
        int64_t *fill = &b->word_fill[first_word + word];
        if (pass == PLACE)
            b->l->entry[*fill] = entry;
        ++*fill;
    }
}

static int32_t position_of(const struct souk_forestlayout *l, const struct souk_codedfeature *coded,
                           double threshold)
{
    const double *all = l->threshold + coded->first_threshold;
    int32_t low = 0, high = coded->thresholds - 1;
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        if (all[middle] < threshold)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A node's test as an entry: it sends a row right where the column's code is above the entry's. */
static struct souk_layoutentry test_of(struct builder *b, enum pass pass, const struct souk_tree *t,
                                       int node, struct souk_layouttree *lt)
{
    struct souk_forestlayout *l = b->l;
    const int32_t feature = t->split_feature[node];
    if (is_categorical(t, node)) {
        const int set = (int)t->threshold[node];
        const int column = l->columns + lt->categories++;
        if (pass == PLACE)
            l->category[b->categories] = (struct souk_categorynode){
                .category = b->category[feature],
                .words = t->cat_boundaries[set + 1] - t->cat_boundaries[set],
                .bit = t->cat_threshold + t->cat_boundaries[set]};
        b->categories++;
        return (struct souk_layoutentry){.column = (uint32_t)column, .code = 0};
    }
    const struct souk_codedfeature *coded = &l->feature[b->coded[feature]];
    return (struct souk_layoutentry){
        .column = (uint32_t)b->rule_column[feature * RULES + rule_of(t, node)],
        .code = (int16_t)position_of(l, coded, t->threshold[node])};
}

/* @return leaves before and in the subtree, `from` before it */
static int lay_below(struct builder *b, enum pass pass, const struct souk_tree *t, int32_t at,
                     int from, struct souk_layouttree *lt)
{
    if (at < 0) {
        if (pass == PLACE)
            b->l->leaf_value[lt->first_leaf + from] = t->leaf_value[~at];
        return from + 1;
    }
    const struct souk_layoutentry entry = test_of(b, pass, t, at, lt);
    const int middle = lay_below(b, pass, t, t->left_child[at], from, lt);
    place(b, pass, lt->first_word, from, middle, entry);
    return lay_below(b, pass, t, t->right_child[at], middle, lt);
}

static void lay_trees(struct builder *b, enum pass pass)
{
    struct souk_forestlayout *l = b->l;
    b->words = b->categories = b->leaves = 0;
    for (int i = 0; i < b->f->trees; i++) {
        const struct souk_tree *t = &b->f->tree[i];
        struct souk_layouttree *lt = &l->tree[i];
        *lt =
            (struct souk_layouttree){.first_word = b->words,
                                     .words = (t->leaves + SOUK_WORD_LEAVES - 1) / SOUK_WORD_LEAVES,
                                     .first_category = b->categories,
                                     .first_leaf = b->leaves};
        lay_below(b, pass, t, t->leaves > 1 ? 0 : ~0, 0, lt);
        b->words += lt->words;
        b->leaves += t->leaves;
        l->most_categories =
            lt->categories > l->most_categories ? lt->categories : l->most_categories;
    }
}

/* Counts of entries into the first entry of each word. */
static void add_up(struct builder *b)
{
    int64_t before = 0;
    for (int64_t w = 0; w < b->words; w++) {
        const int64_t count = b->word_fill[w];
        b->word_fill[w] = before;
        before += count;
    }
    b->entries = before;
    memcpy(b->l->word_entry, b->word_fill, (size_t)b->words * sizeof *b->word_fill);
    b->l->word_entry[b->words] = before;
}

static souk_status lay_out(struct builder *b)
{
    struct souk_forestlayout *l = b->l;
    int64_t words = 0;
    l->trees = b->f->trees;
    l->tree = souk_alloc_array((size_t)l->trees, sizeof *l->tree);
    for (int i = 0; i < l->trees; i++)
        words += (b->f->tree[i].leaves + SOUK_WORD_LEAVES - 1) / SOUK_WORD_LEAVES;
    b->word_fill = souk_zalloc_array((size_t)words, sizeof *b->word_fill);
    l->word_entry = souk_alloc_array((size_t)words + 1, sizeof *l->word_entry);
    if (!l->tree || !b->word_fill || !l->word_entry)
        return SOUK_ENOMEM;
    lay_trees(b, COUNT);
    add_up(b);
    l->entry = souk_alloc_array((size_t)b->entries, sizeof *l->entry);
    l->category = souk_alloc_array((size_t)b->categories, sizeof *l->category);
    l->leaf_value = souk_alloc_array((size_t)b->leaves, sizeof *l->leaf_value);
    if (!l->entry || !l->category || !l->leaf_value)
        return SOUK_ENOMEM;
    lay_trees(b, PLACE);
    return SOUK_OK;
}

souk_status souk_forestlayout_init(struct souk_forestlayout *l, const struct souk_forest *f)
{
    *l = (struct souk_forestlayout){0};
    struct builder b = {.l = l, .f = f};
    souk_status status = collect(&b);
    if (status == SOUK_OK)
        status = lay_features(&b);
    if (status == SOUK_OK)
        status = lay_out(&b);
    free(b.pair);
    free(b.rule_column);
    free(b.coded);
    free(b.category);
    free(b.word_fill);
    if (status != SOUK_OK)
        souk_forestlayout_fini(l);
    return status;
}

void souk_forestlayout_fini(struct souk_forestlayout *l)
{
    free(l->feature);
    free(l->column);
    free(l->threshold);
    free(l->category_feature);
    free(l->tree);
    free(l->word_entry);
    free(l->entry);
    free(l->category);
    free(l->leaf_value);
    *l = (struct souk_forestlayout){0};
}
