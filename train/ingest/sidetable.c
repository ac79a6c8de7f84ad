#include "train/ingest/sidetable.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* How a row travels: this, then its payload. */
struct row_head {
    int64_t row; /* within its part */
    uint32_t len;
} __attribute__((packed));

souk_status souk_sidetable_add(struct souk_sidetable *t, souk_lidx id, const void *head,
                               size_t head_len, const void *tail, size_t tail_len,
                               struct souk_error *err)
{
    const uint64_t at = t->count > 0 ? t->offset[t->count] : 0;
    souk_status status = souk_grow(&t->id, &t->id_cap, t->count + 1, UINT32_MAX, sizeof *t->id);
    if (!status)
        status = souk_grow(&t->offset, &t->offset_cap, t->count + 2, (size_t)UINT32_MAX + 1,
                           sizeof *t->offset);
    if (!status)
        status = souk_grow(&t->bytes, &t->byte_cap, at + head_len + tail_len, SIZE_MAX / 2, 1);
    if (status)
        return souk_fail(err, status, "no memory for %zu rows of a table", t->count);
    if (t->count == 0)
        t->offset[0] = 0;
    memcpy(t->bytes + at, head, head_len);
    if (tail_len > 0)
        memcpy(t->bytes + at + head_len, tail, tail_len);
    t->id[t->count++] = id;
    t->offset[t->count] = at + head_len + tail_len;
    return SOUK_OK;
}

void souk_sidetable_fini(struct souk_sidetable *t)
{
    free(t->id);
    free(t->offset);
    free(t->bytes);
    free(t->order);
    free(t->part_first);
    *t = (struct souk_sidetable){0};
}

souk_status souk_sidetable_sort(struct souk_sidetable *t, const struct souk_numbering *n,
                                struct souk_error *err)
{
    const size_t parts = (size_t)n->parts;
    uint64_t *next = souk_alloc_array(parts, sizeof *next);
    t->order = souk_alloc_array(t->count, sizeof *t->order);
    t->part_first = souk_zalloc_array(parts + 1, sizeof *t->part_first);
    if (!next || !t->order || !t->part_first) {
        free(next);
        return souk_fail(err, SOUK_ENOMEM, "no memory for %zu rows of a table", t->count);
    }
    for (size_t i = 0; i < t->count; i++)
        t->part_first[souk_numbering_part(n, n->row[t->id[i]]) + 1]++;
    for (size_t p = 0; p < parts; p++) {
        t->part_first[p + 1] += t->part_first[p];
        next[p] = t->part_first[p];
    }
    for (size_t i = 0; i < t->count; i++)
        t->order[next[souk_numbering_part(n, n->row[t->id[i]])]++] = (uint32_t)i;
    free(next);
    return SOUK_OK;
}

static int64_t bytes_of_part(const struct souk_sidetable *t, int part)
{
    int64_t bytes = 0;
    for (uint64_t k = t->part_first[part]; k < t->part_first[part + 1]; k++)
        bytes += (int64_t)(sizeof(struct row_head) + t->offset[t->order[k] + 1] -
                           t->offset[t->order[k]]);
    return bytes;
}

static char *pack_part(const struct souk_sidetable *t, const struct souk_numbering *n, int part,
                       char *at)
{
    for (uint64_t k = t->part_first[part]; k < t->part_first[part + 1]; k++) {
        const uint32_t i = t->order[k];
        const size_t len = t->offset[i + 1] - t->offset[i];
        const struct row_head head = {n->row[t->id[i]] - n->first[part], (uint32_t)len};
        memcpy(at, &head, sizeof head);
        memcpy(at + sizeof head, t->bytes + t->offset[i], len);
        at += sizeof head + len;
    }
    return at;
}

/* Find the rows in what arrived. */
static souk_status open_parcel(struct souk_parcel *p, int64_t bytes, struct souk_error *err)
{
    const char *at = p->bytes, *end = at + bytes;
    struct row_head head;
    for (const char *look = at; look < end; look += sizeof head + head.len, p->count++)
        memcpy(&head, look, sizeof head);
    p->row = souk_alloc_array((size_t)p->count, sizeof *p->row);
    p->payload = souk_alloc_array((size_t)p->count, sizeof *p->payload);
    p->len = souk_alloc_array((size_t)p->count, sizeof *p->len);
    if (!p->row || !p->payload || !p->len)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %lld rows of a table",
                         (long long)p->count);
    for (int64_t i = 0; i < p->count; i++, at += sizeof head + head.len) {
        memcpy(&head, at, sizeof head);
        p->row[i] = head.row;
        p->len[i] = head.len;
        p->payload[i] = at + sizeof head;
    }
    return SOUK_OK;
}

souk_status souk_sidetable_deliver_all(const struct souk_comm *comm, const struct souk_sidetable *t,
                                       const struct souk_numbering *n, int round,
                                       struct souk_parcel *out, struct souk_error *err)
{
    const int size = comm->size, first = round * size;
    int64_t *counts = souk_zalloc_array(2 * (size_t)size, sizeof *counts), all = 0;
    char *packed = NULL, *at;
    souk_status status = SOUK_OK;

    *out = (struct souk_parcel){0};
    for (int r = 0; r < size && counts; r++) {
        counts[r] = first + r < n->parts ? bytes_of_part(t, first + r) : 0;
        all += counts[r];
    }
    at = packed = souk_alloc_array((size_t)all, 1);
    if (!counts || !packed)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %lld bytes of a table", (long long)all);
    status = souk_status_agree_all(comm, status, err);
    if (status)
        goto out;
    for (int r = 0; r < size && first + r < n->parts; r++)
        at = pack_part(t, n, first + r, at);
    status = souk_exchange_all(comm, packed, counts, 1, &out->bytes, counts + size, err);
    free(packed);
    packed = NULL;
    all = 0;
    for (int r = 0; r < size && !status; r++)
        all += counts[size + r];
    if (!status)
        status = souk_status_agree_all(comm, open_parcel(out, all, err), err);
out:
    free(counts);
    free(packed);
    if (status)
        souk_parcel_fini(out);
    return status;
}

void souk_parcel_fini(struct souk_parcel *p)
{
    free(p->row);
    free(p->payload);
    free(p->len);
    free(p->bytes);
    *p = (struct souk_parcel){0};
}
