#include "train/ingest/numbering.h"

#include "shared/base/hash.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* One id on its way to be sorted: the first 8 bytes decide nearly always. */
struct sort_key {
    uint64_t prefix; /**< big-endian, NUL-padded */
    const char *text;
    uint32_t len;
    souk_lidx index;
};

/* What a rank knows while rows are made. */
struct exchange {
    int64_t *send_counts, *recv_counts; /**< [ranks] bytes of text, then rows */
    int64_t *sent_ids, *received_ids;   /**< [ranks] */
    char *outgoing, *incoming;          /**< ids as a length byte and the text, by rank */
    souk_lidx *sent;                    /**< [d->count] local index, in the order of sending */
    souk_lidx *received;                /**< index into `owned`, in the order of receiving */
    souk_gidx *rows, *replies;
    struct souk_dictionary owned; /**< ids of this rank's parts */
};

static void exchange_fini(struct exchange *x)
{
    free(x->send_counts);
    free(x->recv_counts);
    free(x->sent_ids);
    free(x->received_ids);
    free(x->outgoing);
    free(x->incoming);
    free(x->sent);
    free(x->received);
    free(x->rows);
    free(x->replies);
    souk_dictionary_fini(&x->owned);
}

static int part_of_id(const struct souk_dictionary *d, souk_lidx index, int parts)
{
    size_t len;
    const char *text = souk_dictionary_text(d, index, &len);
    return souk_part_of(souk_hash_bytes(text, len), parts);
}

static souk_status exchange_init(struct exchange *x, const struct souk_comm *comm,
                                 const struct souk_dictionary *d, struct souk_error *err)
{
    const size_t ranks = (size_t)comm->size;
    souk_status status = souk_dictionary_init(&x->owned, d->kind, err);
    if (status)
        return status;
    x->send_counts = souk_zalloc_array(ranks, sizeof *x->send_counts);
    x->recv_counts = souk_zalloc_array(ranks, sizeof *x->recv_counts);
    x->sent_ids = souk_zalloc_array(ranks, sizeof *x->sent_ids);
    x->received_ids = souk_zalloc_array(ranks, sizeof *x->received_ids);
    x->outgoing = souk_alloc_array(d->arena_len + d->count, 1);
    x->sent = souk_alloc_array(d->count, sizeof *x->sent);
    if (!x->send_counts || !x->recv_counts || !x->sent_ids || !x->received_ids || !x->outgoing ||
        !x->sent)
        return souk_fail(err, SOUK_ENOMEM, "no memory to number %zu %s ids", d->count, d->kind);
    return SOUK_OK;
}

/* Ids by the rank that owns their part: outgoing, sent, send_counts, sent_ids. */
static souk_status pack_ids(struct exchange *x, const struct souk_comm *comm,
                            const struct souk_dictionary *d, int parts, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    const int64_t count = (int64_t)d->count;
    int *rank_of = souk_alloc_array(d->count, sizeof *rank_of);
    int64_t *byte_at = souk_zalloc_array((size_t)comm->size, sizeof *byte_at);
    int64_t *id_at = souk_zalloc_array((size_t)comm->size, sizeof *id_at);
    if (!rank_of || !byte_at || !id_at) {
        status = souk_fail(err, SOUK_ENOMEM, "no memory to send %zu %s ids", d->count, d->kind);
        goto out;
    }
    for (int64_t i = 0; i < count; i++) {
        const int rank = souk_part_rank(comm, part_of_id(d, (souk_lidx)i, parts));
        rank_of[i] = rank;
        x->send_counts[rank] += 1 + d->ids[i].len;
        x->sent_ids[rank]++;
    }
    for (int rank = 1; rank < comm->size; rank++) {
        byte_at[rank] = byte_at[rank - 1] + x->send_counts[rank - 1];
        id_at[rank] = id_at[rank - 1] + x->sent_ids[rank - 1];
    }
    for (int64_t i = 0; i < count; i++) {
        size_t len;
        const char *text = souk_dictionary_text(d, (souk_lidx)i, &len);
        char *to = x->outgoing + byte_at[rank_of[i]];
        *to = (char)len;
        memcpy(to + 1, text, len);
        byte_at[rank_of[i]] += 1 + (int64_t)len;
        x->sent[id_at[rank_of[i]]++] = (souk_lidx)i;
    }
out:
    free(rank_of);
    free(byte_at);
    free(id_at);
    return status;
}

/* Collect what came into `owned`: received, received_ids. */
static souk_status unpack_ids(struct exchange *x, const struct souk_comm *comm,
                              struct souk_error *err)
{
    souk_status status = SOUK_OK;
    const char *at = x->incoming;
    int64_t bytes = 0;
    size_t n = 0;
    for (int rank = 0; rank < comm->size; rank++)
        bytes += x->recv_counts[rank];
    /* Every id takes two bytes at least. */
    x->received = souk_alloc_array((size_t)bytes / 2, sizeof *x->received);
    if (!x->received)
        return souk_fail(err, SOUK_ENOMEM, "no memory to receive %lld bytes of ids",
                         (long long)bytes);
    for (int rank = 0; rank < comm->size && !status; rank++) {
        const size_t before = n;
        const char *end = at + x->recv_counts[rank];
        for (; at < end && !status; at += 1 + (unsigned char)*at)
            status =
                souk_dictionary_add(&x->owned, at + 1, (unsigned char)*at, &x->received[n++], err);
        x->received_ids[rank] = (int64_t)(n - before);
    }
    return status;
}

static uint64_t prefix_of(const char *text, size_t len)
{
    unsigned char b[8] = {0};
    memcpy(b, text, len < sizeof b ? len : sizeof b);
    uint64_t prefix;
    memcpy(&prefix, b, sizeof prefix);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    prefix = __builtin_bswap64(prefix);
#endif
    return prefix;
}

static int compare_keys(const void *a, const void *b)
{
    const struct sort_key *x = a, *y = b;
    if (x->prefix != y->prefix)
        return x->prefix < y->prefix ? -1 : 1;
    const int order = memcmp(x->text, y->text, x->len < y->len ? x->len : y->len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* The ids of one part, sorted, as a table. */
static souk_status make_table(struct sort_key *keys, int64_t count, struct souk_idtable *table)
{
    uint32_t longest = 0;
    for (int64_t i = 0; i < count; i++)
        longest = keys[i].len > longest ? keys[i].len : longest;
    qsort(keys, (size_t)count, sizeof *keys, compare_keys);
    souk_status status = souk_idtable_init(table, count, (int)longest + 1);
    for (int64_t i = 0; i < count && !status; i++)
        memcpy(table->bytes + i * table->stride, keys[i].text, keys[i].len);
    return status;
}

/* Sort the owned ids by part and bytes: n->tables, and the sizes of the parts in n->first[1..].
 * order[c] becomes the owned id that the rank counts as its row c. */
static souk_status sort_owned(const struct souk_comm *comm, const struct souk_dictionary *owned,
                              struct souk_numbering *n, souk_lidx *order, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    const int64_t count = (int64_t)owned->count;
    int *part_of = souk_alloc_array(owned->count, sizeof *part_of);
    int64_t *at = souk_zalloc_array((size_t)n->parts, sizeof *at);
    struct sort_key *keys = souk_alloc_array(owned->count, sizeof *keys);
    if (!part_of || !at || !keys) {
        status = SOUK_ENOMEM;
        goto out;
    }
    for (int64_t i = 0; i < count; i++) {
        part_of[i] = part_of_id(owned, (souk_lidx)i, n->parts);
        n->first[part_of[i] + 1]++;
    }
    for (int p = 1; p < n->parts; p++)
        at[p] = at[p - 1] + n->first[p];
    for (int64_t i = 0; i < count; i++) {
        size_t len;
        const char *text = souk_dictionary_text(owned, (souk_lidx)i, &len);
        keys[at[part_of[i]]++] =
            (struct sort_key){prefix_of(text, len), text, (uint32_t)len, (souk_lidx)i};
    }
    for (int p = comm->rank; p < n->parts && !status; p += comm->size)
        status = make_table(keys + at[p] - n->first[p + 1], n->first[p + 1], &n->tables[p]);
    for (int64_t c = 0; c < count; c++)
        order[c] = keys[c].index;
out:
    free(part_of);
    free(at);
    free(keys);
    if (status)
        return souk_fail(err, status, "no memory to sort %zu %s ids", owned->count, owned->kind);
    return SOUK_OK;
}

/* From the sizes of each rank's parts to the first row of each part. */
static souk_status add_up_parts_all(const struct souk_comm *comm, struct souk_numbering *n,
                                    struct souk_error *err)
{
    souk_status status = souk_sum_i64_all(comm, n->first + 1, n->parts, err);
    for (int p = comm->size; p < n->parts; p++) /* parts are dealt round-robin: souk_part_rank() */
        n->owned_first[p] = n->owned_first[p - comm->size] + n->first[p - comm->size + 1];
    for (int p = 0; p < n->parts; p++)
        n->first[p + 1] += n->first[p];
    return status;
}

/* The answer to every id received, in the order of receiving. */
static void answer(const struct souk_comm *comm, const struct souk_numbering *n,
                   const souk_lidx *order, struct exchange *x)
{
    int64_t received = 0;
    for (int p = comm->rank; p < n->parts; p += comm->size)
        for (int64_t row = n->first[p]; row < n->first[p + 1]; row++)
            x->rows[order[souk_numbering_owned(n, p, row)]] = row;
    for (int rank = 0; rank < comm->size; rank++)
        received += x->received_ids[rank];
    for (int64_t i = 0; i < received; i++)
        x->replies[i] = x->rows[x->received[i]];
}

static souk_status number_owned_all(const struct souk_comm *comm, struct souk_numbering *n,
                                    struct exchange *x, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    int64_t received = 0;
    for (int rank = 0; rank < comm->size; rank++)
        received += x->received_ids[rank];
    souk_lidx *order = souk_alloc_array(x->owned.count, sizeof *order);
    x->rows = souk_alloc_array(x->owned.count, sizeof *x->rows);
    x->replies = souk_alloc_array((size_t)received, sizeof *x->replies);
    if (!order || !x->rows || !x->replies)
        status = souk_fail(err, SOUK_ENOMEM, "no memory to number %zu %s ids", x->owned.count,
                           x->owned.kind);
    if (!status)
        status = sort_owned(comm, &x->owned, n, order, err);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = add_up_parts_all(comm, n, err);
    if (!status)
        answer(comm, n, order, x);
    free(order);
    return status;
}

static souk_status send_back_all(const struct souk_comm *comm, const struct souk_dictionary *d,
                                 struct souk_numbering *n, struct exchange *x,
                                 struct souk_error *err)
{
    void *rows = NULL;
    souk_status status = souk_exchange_all(comm, x->replies, x->received_ids, sizeof(souk_gidx),
                                           &rows, x->recv_counts, err);
    if (status)
        return status;
    for (size_t i = 0; i < d->count; i++)
        n->row[x->sent[i]] = ((const souk_gidx *)rows)[i];
    free(rows);
    return SOUK_OK;
}

static souk_status numbering_init(struct souk_numbering *n, const struct souk_dictionary *d,
                                  int parts, struct souk_error *err)
{
    *n = (struct souk_numbering){.parts = parts};
    n->first = souk_zalloc_array((size_t)parts + 1, sizeof *n->first);
    n->owned_first = souk_zalloc_array((size_t)parts, sizeof *n->owned_first);
    n->tables = souk_zalloc_array((size_t)parts, sizeof *n->tables);
    n->row = souk_alloc_array(d->count, sizeof *n->row);
    if (!n->first || !n->owned_first || !n->tables || !n->row)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the rows of %zu %s ids", d->count,
                         d->kind);
    return SOUK_OK;
}

/* What numbering takes, on top of the dictionary: each id on its way out and, about as many again,
 * in the owner's dictionary, sort keys and table. */
static souk_status print_memory_all(const struct souk_comm *comm, const struct souk_dictionary *d,
                                    struct souk_error *err)
{
    const size_t per_id = 1 + 2 * sizeof(souk_lidx) + 3 * sizeof(souk_gidx) +
                          4 * sizeof(struct souk_dictionary_slot) +
                          sizeof(struct souk_dictionary_id) + sizeof(struct sort_key);
    int64_t bytes = (int64_t)(d->count * (per_id + d->longest) + 3 * d->arena_len);
    const souk_status status = souk_max_i64_all(comm, &bytes, 1, err);
    if (!status)
        souk_log(SOUK_LOG_INFO, "memory", "stage=number ids=%ss mib_per_rank=%lld", d->kind,
                 (long long)(bytes >> 20) + 1);
    return status;
}

souk_status souk_numbering_make_all(const struct souk_comm *comm, const struct souk_dictionary *d,
                                    int parts, struct souk_numbering *n, struct souk_error *err)
{
    struct exchange x = {0};
    int64_t longest = d->longest;
    void *incoming = NULL;

    souk_status status = print_memory_all(comm, d, err);
    if (status) {
        *n = (struct souk_numbering){0};
        return status;
    }
    status = numbering_init(n, d, parts, err);
    if (!status)
        status = exchange_init(&x, comm, d, err);
    if (!status)
        status = pack_ids(&x, comm, d, parts, err);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status =
            souk_exchange_all(comm, x.outgoing, x.send_counts, 1, &incoming, x.recv_counts, err);
    x.incoming = incoming;
    if (!status)
        status = souk_status_agree_all(comm, unpack_ids(&x, comm, err), err);
    if (!status)
        status = number_owned_all(comm, n, &x, err);
    if (!status)
        status = send_back_all(comm, d, n, &x, err);
    if (!status)
        status = souk_max_i64_all(comm, &longest, 1, err);
    n->longest = (int)longest;
    n->owned_count = (int64_t)x.owned.count;
    exchange_fini(&x);
    if (status)
        souk_numbering_fini(n);
    return status;
}

void souk_numbering_fini(struct souk_numbering *n)
{
    for (int p = 0; n->tables && p < n->parts; p++)
        souk_idtable_fini(&n->tables[p]);
    free(n->tables);
    free(n->first);
    free(n->owned_first);
    free(n->row);
    *n = (struct souk_numbering){0};
}

int souk_numbering_part(const struct souk_numbering *n, souk_gidx row)
{
    int low = 0, high = n->parts; /* first[low] <= row < first[high] */
    while (high - low > 1) {
        const int middle = (low + high) / 2;
        if (n->first[middle] <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}
