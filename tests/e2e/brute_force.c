/* brute_force MODEL user|item ID N: the list that the fleet must give, by one scan over all items
 * with the reference dot product and a sort. Of a two-stage model only what its base source says of
 * an item, and what is popular. Prints `item<TAB>score` with 9 digits. */
#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "shared/math/dot.h"
#include "shared/score/stagerules.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scored {
    float score;
    const char *id;
};

static int better(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return strcmp(x->id, y->id);
}

static bool in_history(const struct souk_model_part *p, int64_t row, int64_t item)
{
    for (int64_t k = p->history_offsets[row]; k < p->history_offsets[row + 1]; k++)
        if (p->history[k] == item)
            return true;
    return false;
}

/* The sum over the history, ascending: by looking each of its items up in the row of neighbours. */
static float by_neighbours(const struct souk_model_part *home, int64_t user,
                           const struct souk_model_part *p, int64_t item)
{
    float sum = 0;
    for (int64_t k = home->history_offsets[user]; k < home->history_offsets[user + 1]; k++)
        for (int64_t at = p->neighbour_offsets[item]; at < p->neighbour_offsets[item + 1]; at++)
            if (p->neighbour[at] == home->history[k])
                sum += home->history_weight[k] * p->neighbour_weight[at];
    return sum;
}

static bool is_heard(const struct souk_model_part *p, int64_t user)
{
    for (int64_t k = p->history_offsets[user]; k < p->history_offsets[user + 1]; k++)
        if (p->history_weight[k] != 0)
            return true;
    return false;
}

/* What one item says for another. */
static float neighbour_weight(const struct souk_model_part *p, int64_t item, int64_t row)
{
    for (int64_t at = p->neighbour_offsets[item]; at < p->neighbour_offsets[item + 1]; at++)
        if (p->neighbour[at] == row)
            return p->neighbour_weight[at];
    return 0;
}

/* The rows that `similar` goes by: the model's own, or the base source's. */
static souk_status use_base_source(const struct souk_model *m, struct souk_model_part *p,
                                   struct souk_error *err)
{
    struct souk_stage_rules rules;
    const souk_status status = souk_stage_rules_of(m, &rules, err);
    if (status)
        return status;
    p->neighbour_offsets = p->sources[rules.blend[SOUK_SEGMENT_WARM].source].offsets;
    p->neighbour = p->sources[rules.blend[SOUK_SEGMENT_WARM].source].item;
    p->neighbour_weight = p->sources[rules.blend[SOUK_SEGMENT_WARM].source].weight;
    p->sources[rules.blend[SOUK_SEGMENT_WARM].source] = (struct souk_source_rows){0};
    return SOUK_OK;
}

static float norm(const float *x, int n)
{
    const float length = sqrtf(souk_dot_reference(x, x, n));
    return length > 0 ? length : 1;
}

int main(int argc, char **argv)
{
    struct souk_error err = {0};
    struct souk_model *m = NULL;
    if (argc != 5 || souk_model_open(argv[1], &m, &err) != SOUK_OK) {
        fprintf(stderr, "brute_force: %s\n", err.msg);
        return 1;
    }
    const bool similar = strcmp(argv[2], "item") == 0, staged = m->stages.source_count > 0;
    const bool has_neighbours = m->neighbours > 0 || staged;
    const char *id = argv[3];
    const int home = souk_part_of(souk_hash_bytes(id, strlen(id)), m->parts);
    struct souk_model_part *parts = souk_zalloc_array((size_t)m->parts, sizeof *parts);
    struct scored *list = souk_zalloc_array((size_t)souk_model_items(m), sizeof *list);
    float vector[SOUK_FACTORS_MAX];
    int64_t count = 0;
    for (int p = 0; p < m->parts; p++)
        if (souk_model_read_part(m, p, SOUK_MODEL_USERS | SOUK_MODEL_ITEMS, &parts[p], &err) ||
            (staged && use_base_source(m, &parts[p], &err)))
            return 1;
    const struct souk_model_part *h = &parts[home];
    const int stride = h->stride;
    const int64_t row = souk_idtable_find(similar ? &h->items : &h->users, id, strlen(id));
    for (int c = 0; similar && m->factors > 0 && c < stride; c++)
        vector[c] =
            h->item_factors[row * stride + c] / norm(h->item_factors + row * stride, stride);
    for (int p = 0; p < m->parts; p++) {
        for (int64_t i = 0; i < parts[p].items.count; i++) {
            const float *y = m->factors > 0 ? parts[p].item_factors + i * stride : NULL;
            const int64_t item = m->item_first[p] + i;
            float score = parts[p].popularity[i];
            if (similar ? p == home && i == row : row >= 0 && in_history(h, row, item))
                continue;
            if (has_neighbours && similar)
                score = neighbour_weight(&parts[p], i, m->item_first[home] + row);
            else if (m->neighbours > 0 && row >= 0 && is_heard(h, row))
                score = by_neighbours(h, row, &parts[p], i);
            else if (similar)
                score = souk_dot_reference(vector, y, stride) / norm(y, stride);
            else if (row >= 0 && y)
                score = souk_dot_reference(h->user_factors + row * stride, y, stride);
            if (has_neighbours && similar && !(score > 0))
                continue;
            list[count++] = (struct scored){score, souk_idtable_get(&parts[p].items, i)};
        }
    }
    qsort(list, (size_t)count, sizeof *list, better);
    for (int64_t k = 0; k < count && k < atoll(argv[4]); k++)
        printf("%s\t%.9g\n", list[k].id, (double)list[k].score);
    for (int p = 0; p < m->parts; p++)
        souk_model_part_fini(&parts[p]);
    free(parts);
    free(list);
    souk_model_free(m);
    return 0;
}
