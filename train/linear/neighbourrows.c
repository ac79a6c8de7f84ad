#include "train/linear/neighbourrows.h"

#include "shared/base/memory.h"

#include <math.h>
#include <stdlib.h>

/* One entry of B on its way: column `target`, row `source`; numbers in the matrix. */
struct entry {
    int32_t target, source;
    float weight;
};

/* What is kept of one item's column. */
struct neighbour {
    int32_t source;
    float weight;
};

struct kept {
    int64_t count;
    struct neighbour *neighbours; /* ascending */
};

struct collection {
    const struct souk_comm *comm;
    const struct souk_ratings *ratings;
    const struct souk_itemselection *selection;
    const struct souk_blockmatrix *inverse;
    int64_t keep;
    int64_t panels;
    double *diagonal;   /* [selected] of P */
    int32_t *owner;     /* [selected], rank that stores the item's row */
    struct kept *kept;  /* [selected], of this rank's items */
    int64_t *row;       /* [local rows], global */
    int64_t panel_rows; /* of this panel */
    int64_t *panel_row; /* [panel_rows], local */
    int64_t *counts;    /* [2 x ranks]: sent, received */
    int64_t *next;      /* [ranks] */
};

static int64_t global_column(const struct collection *c, int64_t local)
{
    return souk_block_global(local, c->inverse->block, c->inverse->grid->column,
                             c->inverse->grid->columns);
}

/* Every rank gets all of the diagonal: the elements of others count 0, and P's are positive. */
static souk_status share_diagonal_all(struct collection *c, struct souk_error *err)
{
    const struct souk_blockmatrix *p = c->inverse;
    for (int64_t j = 0; j < p->local_columns; j++) {
        const int64_t column = global_column(c, j);
        if (souk_block_owner(column, p->block, p->grid->rows) == p->grid->row)
            c->diagonal[column] =
                p->local[j * p->leading + souk_block_local(column, p->block, p->grid->rows)];
    }
    const souk_status status = souk_max_f64_all(c->comm, c->diagonal, c->selection->count, err);
    for (int64_t k = 0; k < c->selection->count && !status; k++)
        if (!(c->diagonal[k] > 0) || !isfinite(c->diagonal[k]))
            return souk_fail(err, SOUK_ENUMERIC,
                             "the inverse has %g on its diagonal: take a larger --lambda",
                             c->diagonal[k]);
    return status;
}

static void find_owners(struct collection *c)
{
    int part = 0;
    for (int64_t k = 0; k < c->selection->count; k++) {
        while (c->selection->row[k] >= c->ratings->item_first[part + 1])
            part++;
        c->owner[k] = souk_part_rank(c->comm, part);
    }
}

/* Count an entry into c->counts, or put it where c->next says when `out` is there. */
static void send_entry(struct collection *c, int64_t target, int64_t source, double value,
                       struct entry *out)
{
    const int owner = c->owner[target];
    if (!out)
        c->counts[owner]++;
    else
        out[c->next[owner]++] =
            (struct entry){(int32_t)target, (int32_t)source, (float)(-value / c->diagonal[target])};
}

/* All entries of a panel's items that this rank's part of the triangle gives: of its columns, and
 * of its rows. */
static void send_panel(struct collection *c, int64_t panel, struct entry *out)
{
    const struct souk_blockmatrix *p = c->inverse;
    int64_t below = 0, panel_below = 0; /* first row below the diagonal: of all, of the panel's */
    for (int64_t j = 0; j < p->local_columns; j++) {
        const int64_t column = global_column(c, j);
        const double *values = p->local + j * p->leading;
        while (below < p->local_rows && c->row[below] <= column)
            below++;
        while (panel_below < c->panel_rows && c->row[c->panel_row[panel_below]] <= column)
            panel_below++;
        for (int64_t i = below; i < p->local_rows && column % c->panels == panel; i++)
            send_entry(c, column, c->row[i], values[i], out);
        for (int64_t k = panel_below; k < c->panel_rows; k++)
            send_entry(c, c->row[c->panel_row[k]], column, values[c->panel_row[k]], out);
    }
}

static void list_panel_rows(struct collection *c, int64_t panel)
{
    c->panel_rows = 0;
    for (int64_t i = 0; i < c->inverse->local_rows; i++)
        if (c->row[i] % c->panels == panel)
            c->panel_row[c->panel_rows++] = i;
}

static souk_status pack_panel(struct collection *c, int64_t panel, struct entry **out,
                              struct souk_error *err)
{
    int64_t total = 0;
    for (int r = 0; r < c->comm->size; r++)
        c->counts[r] = 0;
    list_panel_rows(c, panel);
    send_panel(c, panel, NULL);
    for (int r = 0; r < c->comm->size; r++) {
        c->next[r] = total;
        total += c->counts[r];
    }
    *out = souk_alloc_array((size_t)total, sizeof **out);
    if (!*out)
        return souk_fail(err, SOUK_ENOMEM, "no memory to send %lld neighbours", (long long)total);
    send_panel(c, panel, *out);
    return SOUK_OK;
}

/* The count-th largest of the values (Hoare 1961); they are reordered. 1 <= count <= n. */
static float select_largest(float *values, int64_t n, int64_t count)
{
    int64_t low = 0, high = n - 1;
    while (low < high) {
        const float pivot = values[low + (high - low) / 2];
        int64_t i = low, j = high;
        while (i <= j) {
            while (values[i] > pivot)
                i++;
            while (values[j] < pivot)
                j--;
            if (i <= j) {
                const float value = values[i];
                values[i++] = values[j];
                values[j--] = value;
            }
        }
        if (count - 1 <= j)
            high = j;
        else if (count - 1 >= i)
            low = i;
        else
            break;
    }
    return values[count - 1];
}

/* Which entries of a column are kept: those above `cut` by magnitude, and the first `ties` at it.
 */
struct choice {
    float cut;
    int64_t ties;
};

static struct choice choose(const struct collection *c, const float *column, float *scratch)
{
    const int64_t n = c->selection->count;
    struct choice choice = {0, 0};
    if (c->keep == 0 || c->keep >= n)
        return choice;
    for (int64_t i = 0; i < n; i++)
        scratch[i] = fabsf(column[i]);
    choice.cut = select_largest(scratch, n, c->keep);
    choice.ties = c->keep;
    for (int64_t i = 0; i < n; i++)
        choice.ties -= fabsf(column[i]) > choice.cut;
    return choice;
}

/* @param out NULL: only count */
static int64_t copy_chosen(const float *column, int64_t n, struct choice choice,
                           struct neighbour *out)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) {
        const float magnitude = fabsf(column[i]);
        const bool tied = magnitude == choice.cut && magnitude > 0 && choice.ties-- > 0;
        if (!tied && !(magnitude > choice.cut))
            continue;
        if (out)
            out[count] = (struct neighbour){(int32_t)i, column[i]};
        count++;
    }
    return count;
}

static souk_status keep_column(const struct collection *c, int64_t target, const float *column,
                               float *scratch)
{
    const int64_t n = c->selection->count;
    const struct choice choice = choose(c, column, scratch);
    struct kept *kept = &c->kept[target];
    kept->count = copy_chosen(column, n, choice, NULL);
    kept->neighbours = souk_alloc_array((size_t)kept->count, sizeof *kept->neighbours);
    if (!kept->neighbours)
        return SOUK_ENOMEM;
    copy_chosen(column, n, choice, kept->neighbours);
    return SOUK_OK;
}

/* Whole columns of B, of the panel's items of this rank: [items of the panel here x selected]. */
static souk_status keep_panel(const struct collection *c, int64_t panel,
                              const struct entry *entries, int64_t count, struct souk_error *err)
{
    const int64_t n = c->selection->count;
    int64_t columns = 0, *place = souk_alloc_array((size_t)(n / c->panels + 1), sizeof *place);
    float *scratch = souk_alloc_array((size_t)n, sizeof *scratch), *b = NULL;
    size_t elements;
    souk_status status = SOUK_OK;
    for (int64_t k = panel; place && k < n; k += c->panels)
        place[k / c->panels] = c->owner[k] == c->comm->rank ? columns++ : -1;
    if (place && souk_mul_size((size_t)columns, (size_t)n, &elements))
        b = souk_zalloc_array(elements, sizeof *b);
    if (!place || !scratch || !b)
        status = SOUK_ENOMEM;
    for (int64_t at = 0; at < count && !status; at++)
        b[place[entries[at].target / c->panels] * n + entries[at].source] = entries[at].weight;
    for (int64_t k = panel; k < n && !status; k += c->panels)
        if (place[k / c->panels] >= 0)
            status = keep_column(c, k, b + place[k / c->panels] * n, scratch);
    free(place);
    free(scratch);
    free(b);
    return status ? souk_fail(err, status, "no memory for the neighbours of this rank's items")
                  : SOUK_OK;
}

static souk_status collect_panel_all(struct collection *c, int64_t panel, struct souk_error *err)
{
    struct entry *sent = NULL;
    void *received = NULL;
    int64_t count = 0;
    souk_status status = souk_status_agree_all(c->comm, pack_panel(c, panel, &sent, err), err);
    if (!status)
        status = souk_exchange_all(c->comm, sent, c->counts, sizeof *sent, &received,
                                   c->counts + c->comm->size, err);
    free(sent);
    for (int r = 0; r < c->comm->size; r++)
        count += c->counts[c->comm->size + r];
    if (!status)
        status = souk_status_agree_all(c->comm, keep_panel(c, panel, received, count, err), err);
    free(received);
    return status;
}

/* Kept entries of a part's items -> rows. An item that was not selected has an empty one. */
static souk_status join_part(struct collection *c, int part, struct souk_neighbour_rows *out)
{
    const int64_t first = c->ratings->item_first[part];
    const int64_t items = c->ratings->item_first[part + 1] - first;
    const int32_t *number = c->selection->number + first;
    int64_t *offsets = souk_zalloc_array((size_t)items + 1, sizeof *offsets);
    out->offsets[part] = offsets;
    if (!offsets)
        return SOUK_ENOMEM;
    for (int64_t i = 0; i < items; i++) {
        const int64_t count = number[i] < 0 ? 0 : c->kept[number[i]].count;
        offsets[i + 1] = offsets[i] + count;
        out->longest = count > out->longest ? count : out->longest;
    }
    out->item[part] = souk_alloc_array((size_t)offsets[items], sizeof *out->item[part]);
    out->weight[part] = souk_alloc_array((size_t)offsets[items], sizeof *out->weight[part]);
    if (!out->item[part] || !out->weight[part])
        return SOUK_ENOMEM;
    for (int64_t i = 0; i < items; i++) {
        for (int64_t at = offsets[i]; at < offsets[i + 1]; at++) {
            const struct neighbour *e = &c->kept[number[i]].neighbours[at - offsets[i]];
            out->item[part][at] = c->selection->row[e->source];
            out->weight[part][at] = e->weight;
        }
        if (number[i] >= 0) {
            free(c->kept[number[i]].neighbours);
            c->kept[number[i]] = (struct kept){0};
        }
    }
    return SOUK_OK;
}

static souk_status join_all(struct collection *c, struct souk_neighbour_rows *out,
                            struct souk_error *err)
{
    const size_t parts = (size_t)c->ratings->parts;
    souk_status status = SOUK_OK;
    out->parts = c->ratings->parts;
    out->offsets = souk_zalloc_array(parts, sizeof *out->offsets);
    out->item = souk_zalloc_array(parts, sizeof *out->item);
    out->weight = souk_zalloc_array(parts, sizeof *out->weight);
    if (!out->offsets || !out->item || !out->weight)
        status = SOUK_ENOMEM;
    for (int k = 0; k < c->ratings->local_count && !status; k++)
        status = join_part(c, c->ratings->local[k].part, out);
    if (status)
        souk_fail(err, status, "no memory for the neighbours of this rank's items");
    status = souk_status_agree_all(c->comm, status, err);
    return status ? status : souk_max_i64_all(c->comm, &out->longest, 1, err);
}

static souk_status allocate(struct collection *c, struct souk_error *err)
{
    const size_t count = (size_t)c->selection->count, ranks = (size_t)c->comm->size;
    c->diagonal = souk_zalloc_array(count, sizeof *c->diagonal);
    c->owner = souk_zalloc_array(count, sizeof *c->owner);
    c->kept = souk_zalloc_array(count, sizeof *c->kept);
    c->row = souk_zalloc_array((size_t)c->inverse->local_rows, sizeof *c->row);
    c->panel_row = souk_zalloc_array((size_t)c->inverse->local_rows, sizeof *c->panel_row);
    c->counts = souk_zalloc_array(2 * ranks, sizeof *c->counts);
    c->next = souk_zalloc_array(ranks, sizeof *c->next);
    if (!c->diagonal || !c->owner || !c->kept || !c->row || !c->panel_row || !c->counts || !c->next)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %zu items", count);
    for (int64_t i = 0; i < c->inverse->local_rows; i++)
        c->row[i] =
            souk_block_global(i, c->inverse->block, c->inverse->grid->row, c->inverse->grid->rows);
    return SOUK_OK;
}

static void collection_fini(struct collection *c)
{
    for (int64_t k = 0; c->kept && k < c->selection->count; k++)
        free(c->kept[k].neighbours);
    free(c->diagonal);
    free(c->owner);
    free(c->kept);
    free(c->row);
    free(c->panel_row);
    free(c->counts);
    free(c->next);
}

/* So many that what a rank sends in one stays near `panel_bytes`. */
static int64_t panel_count(int64_t items, int ranks, int64_t panel_bytes)
{
    const double bytes = (double)items * (double)items * (double)sizeof(struct entry) / ranks;
    const int64_t panels = 1 + (int64_t)(bytes / (double)panel_bytes);
    return panels < items ? panels : items;
}

souk_status souk_neighbour_rows_all(const struct souk_comm *comm,
                                    const struct souk_ratings *ratings,
                                    const struct souk_itemselection *selection,
                                    const struct souk_blockmatrix *inverse, int64_t keep,
                                    int64_t panel_bytes, struct souk_neighbour_rows *out,
                                    struct souk_error *err)
{
    struct collection c = {.comm = comm,
                           .ratings = ratings,
                           .selection = selection,
                           .inverse = inverse,
                           .keep = keep,
                           .panels = panel_count(selection->count, comm->size, panel_bytes)};
    *out = (struct souk_neighbour_rows){0};
    souk_status status = souk_status_agree_all(comm, allocate(&c, err), err);
    if (!status)
        status = share_diagonal_all(&c, err);
    if (!status)
        find_owners(&c);
    for (int64_t panel = 0; panel < c.panels && !status; panel++)
        status = collect_panel_all(&c, panel, err);
    if (!status)
        status = join_all(&c, out, err);
    collection_fini(&c);
    if (status)
        souk_neighbour_rows_fini(out);
    return status;
}
