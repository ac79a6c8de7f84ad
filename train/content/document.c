#include "train/content/document.h"

#include "shared/base/memory.h"
#include "train/content/itemtoken.h"
#include "train/content/tokencount.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct loading {
    const struct souk_dataset *dataset;
    const struct souk_ratings *ratings;
    const struct souk_document_rule *rule;
    struct souk_documents *out;
    struct souk_token_list tokens; /* of one item */
    size_t count, token_cap, weight_cap;
};

/* Whether a comma-separated list names the field. */
static bool is_wanted(const char *fields, const char *name)
{
    const size_t len = strlen(name);
    if (!fields)
        return true;
    for (const char *at = fields; *at; at += *at == ',') {
        const size_t field = strcspn(at, ",");
        if (field == len && memcmp(at, name, len) == 0)
            return true;
        at += field;
    }
    return false;
}

static souk_status add_attributes(struct loading *l, const struct souk_dataset_part *p, int64_t i)
{
    souk_status status = SOUK_OK;
    for (int a = 0; a < p->item_attribute_count && !status; a++) {
        const struct souk_attribute *column = &p->item_attributes[a];
        if (!is_wanted(l->rule->fields, column->name))
            continue;
        if (column->type == SOUK_ATTRIBUTE_NUMBER)
            status = souk_token_add_number(&l->tokens, column->name, column->numbers[i]);
        else
            status = souk_token_add_text(
                &l->tokens, column->name, column->text_bytes + column->text_offsets[i],
                (size_t)(column->text_offsets[i + 1] - column->text_offsets[i]));
    }
    return status;
}

/* The log is sorted by item, property, time: the last entry of a property is the latest. */
static souk_status add_properties(struct loading *l, const struct souk_dataset_part *p, int64_t i)
{
    const struct souk_properties *log = &p->properties;
    souk_status status = SOUK_OK;
    if (!log->item_offsets)
        return SOUK_OK;
    for (int64_t e = log->item_offsets[i]; e < log->item_offsets[i + 1] && !status; e++) {
        const char *name = l->dataset->property_names[log->property[e]];
        const bool is_latest =
            e + 1 == log->item_offsets[i + 1] || log->property[e + 1] != log->property[e];
        if (is_latest && is_wanted(l->rule->fields, name))
            status = souk_token_add_property(
                &l->tokens, name, log->value_bytes + log->value_offsets[e],
                (size_t)(log->value_offsets[e + 1] - log->value_offsets[e]));
    }
    return status;
}

static souk_status add_categories(struct loading *l, int32_t category)
{
    const struct souk_categories *tree = &l->dataset->categories;
    souk_status status = SOUK_OK;
    if (!is_wanted(l->rule->fields, "category"))
        return SOUK_OK;
    for (int32_t at = category; at >= 0 && !status; at = tree->parent[at])
        status = souk_token_add_category(&l->tokens, souk_idtable_get(&tree->ids, at));
    return status;
}

static int by_token(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The item's tokens become its row; weights are 1 + ln tf. */
static souk_status close_row(struct loading *l)
{
    struct souk_token_list *t = &l->tokens;
    struct souk_documents *out = l->out;
    souk_status status = souk_grow(&out->token, &l->token_cap, l->count + t->count, SIZE_MAX / 16,
                                   sizeof *out->token);
    if (!status)
        status = souk_grow(&out->weight, &l->weight_cap, l->count + t->count, SIZE_MAX / 16,
                           sizeof *out->weight);
    if (status)
        return status;
    if (t->count > 1)
        qsort(t->token, t->count, sizeof *t->token, by_token);
    for (size_t i = 0, end; i < t->count; i = end) {
        for (end = i; end < t->count && t->token[end] == t->token[i];)
            end++;
        out->token[l->count] = t->token[i];
        out->weight[l->count++] = (float)(1 + log((double)(end - i)));
    }
    t->count = 0;
    out->offsets[++out->items] = (int64_t)l->count;
    return SOUK_OK;
}

static souk_status load_part(struct loading *l, int local, struct souk_error *err)
{
    const unsigned what = SOUK_READ_ITEMS | SOUK_READ_ATTRIBUTES | SOUK_READ_PROPERTIES;
    const struct souk_ratings_part *rated = &l->ratings->local[local];
    const int64_t *row = l->ratings->item_row + l->dataset->item_first[rated->part];
    struct souk_dataset_part p;
    int64_t own = 0;
    souk_status status =
        souk_dataset_read_part(l->dataset, rated->part, what, l->ratings->window, &p, err);
    if (status)
        return status;
    for (int64_t i = 0; i < p.items.count && !status; i++) {
        if (row[i] < 0)
            continue;
        status = add_attributes(l, &p, i);
        if (!status)
            status = add_properties(l, &p, i);
        if (!status && rated->category)
            status = add_categories(l, rated->category[own]);
        if (!status)
            status = close_row(l);
        own++;
    }
    if (status)
        status = souk_fail(err, status, "no memory for the tokens of part %d", rated->part);
    souk_dataset_part_fini(&p);
    return status;
}

static souk_status load(struct loading *l, struct souk_error *err)
{
    const struct souk_ratings *r = l->ratings;
    struct souk_documents *out = l->out;
    souk_status status = SOUK_OK;
    int64_t items = 0;
    out->part_first = souk_zalloc_array((size_t)r->local_count + 1, sizeof *out->part_first);
    for (int k = 0; k < r->local_count && out->part_first; k++) {
        items += r->local[k].items.count;
        out->part_first[k + 1] = items;
    }
    out->offsets = souk_zalloc_array((size_t)items + 1, sizeof *out->offsets);
    if (!out->part_first || !out->offsets)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the tokens of %lld items",
                         (long long)items);
    for (int k = 0; k < r->local_count && !status; k++)
        status = load_part(l, k, err);
    return status;
}

/* What the counts make of one row's weights; tokens that count in no product go.
 * @param at where the row goes; moved behind it */
static void weigh_row(struct souk_documents *d, const struct souk_token_counts *counts, int64_t cap,
                      int64_t first, int64_t end, int64_t *at)
{
    const int64_t begin = *at;
    double square = 0;
    for (int64_t e = first; e < end; e++) {
        const int64_t items = counts->items[souk_token_counts_find(counts, d->token[e])];
        const double weight = (double)d->weight[e] * log((double)d->documents / (double)items);
        d->dropped += items > cap;
        if (items > cap || !(weight > 0))
            continue;
        square += weight * weight;
        if (items == 1)
            continue;
        d->token[*at] = d->token[e];
        d->weight[(*at)++] = (float)weight;
    }
    for (int64_t e = begin; e < *at; e++)
        d->weight[e] = (float)((double)d->weight[e] / sqrt(square));
}

static souk_status weigh_all(const struct souk_comm *comm, const struct souk_document_rule *rule,
                             struct souk_documents *d, struct souk_error *err)
{
    const int64_t entries = d->offsets[d->items];
    struct souk_token_counts counts = {0};
    uint64_t *tokens = souk_alloc_array((size_t)entries, sizeof *tokens);
    souk_status status = SOUK_OK;
    int64_t at = 0, first = 0;
    for (int64_t i = 0; i < d->items; i++)
        d->documents += d->offsets[i + 1] > d->offsets[i];
    if (!tokens)
        status = souk_fail(err, SOUK_ENOMEM, "no memory to count %lld tokens", (long long)entries);
    else if (entries > 0)
        memcpy(tokens, d->token, (size_t)entries * sizeof *tokens);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_sum_i64_all(comm, &d->documents, 1, err);
    if (!status)
        status = souk_token_counts_all(comm, tokens, (size_t)entries, &counts, err);
    const double share = rule->max_share * (double)d->documents;
    const int64_t by_share = share < 9e18 ? (int64_t)share : INT64_MAX;
    const int64_t cap = by_share < rule->max_items ? by_share : rule->max_items;
    for (int64_t i = 0; i < d->items && !status; i++) {
        const int64_t end = d->offsets[i + 1];
        weigh_row(d, &counts, cap > 2 ? cap : 2, first, end, &at);
        d->offsets[i + 1] = at;
        first = end;
    }
    if (!status)
        status = souk_sum_i64_all(comm, &d->dropped, 1, err);
    souk_token_counts_fini(&counts);
    free(tokens);
    return status;
}

souk_status souk_documents_load_all(const struct souk_comm *comm,
                                    const struct souk_dataset *dataset,
                                    const struct souk_ratings *ratings,
                                    const struct souk_document_rule *rule,
                                    struct souk_documents *out, struct souk_error *err)
{
    struct loading l = {.dataset = dataset, .ratings = ratings, .rule = rule, .out = out};
    *out = (struct souk_documents){0};
    souk_status status = souk_status_agree_all(comm, load(&l, err), err);
    free(l.tokens.token);
    if (!status)
        status = weigh_all(comm, rule, out, err);
    if (status)
        souk_documents_fini(out);
    return status;
}

void souk_documents_fini(struct souk_documents *d)
{
    free(d->part_first);
    free(d->offsets);
    free(d->token);
    free(d->weight);
    *d = (struct souk_documents){0};
}
