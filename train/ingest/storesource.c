#include "train/ingest/storesource.h"

#include "shared/base/memory.h"
#include "shared/base/progress.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 256 << 10, TEXTS = 4 };

/* A record in a block; its texts follow, each with its NUL. */
struct head {
    int64_t ms, seq;
    double value;
    uint32_t len[TEXTS]; /* of user, item, type, event_id, with the NUL */
    uint32_t unused;     /* so that no byte of it is left to chance */
};

struct dealer {
    const struct souk_comm *comm;
    souk_store_take take;
    void *context;
    char *block; /* [BLOCK_BYTES] */
    size_t size;
    int turn; /* whose block it is */
    int64_t dealt;
    struct souk_progress progress;
    souk_status status;
    struct souk_error *err;
};

/* ---- blocks ---- */

static size_t add_text(char *to, const char *text, uint32_t *len)
{
    *len = (uint32_t)strlen(text) + 1;
    memcpy(to, text, *len);
    return *len;
}

static size_t size_of(const struct souk_event_record *e)
{
    return sizeof(struct head) + strlen(e->user) + strlen(e->item) + strlen(e->type) +
           strlen(e->event_id) + TEXTS;
}

/* There is room. */
static void put(struct dealer *d, const struct souk_event_record *e)
{
    struct head h = {.ms = e->ms, .seq = e->seq, .value = e->value};
    const char *const texts[TEXTS] = {e->user, e->item, e->type, e->event_id};
    char *at = d->block + d->size + sizeof h;
    for (int t = 0; t < TEXTS; t++)
        at += add_text(at, texts[t], &h.len[t]);
    memcpy(d->block + d->size, &h, sizeof h);
    d->size = (size_t)(at - d->block);
}

/* Take the records of a block. */
static void take_block(struct dealer *d, size_t size)
{
    for (size_t at = 0; at < size && !d->status;) {
        struct head h;
        const char *texts[TEXTS];
        memcpy(&h, d->block + at, sizeof h);
        at += sizeof h;
        for (int t = 0; t < TEXTS; at += h.len[t++])
            texts[t] = d->block + at;
        const struct souk_event_record record = {.user = texts[0],
                                                 .item = texts[1],
                                                 .type = texts[2],
                                                 .event_id = texts[3],
                                                 .request_id = "",
                                                 .model = "",
                                                 .arm = "",
                                                 .ms = h.ms,
                                                 .value = h.value,
                                                 .seq = h.seq};
        d->status = d->take(d->context, &record, d->err);
    }
}

/* ---- rank 0 ---- */

static void send_block(struct dealer *d, int rank)
{
    const souk_status status = souk_mpi_check(
        MPI_Send(d->block, (int)d->size, MPI_BYTE, rank, SOUK_TAG_STORE, d->comm->mpi), "MPI_Send",
        d->err);
    d->status = d->status ? d->status : status;
}

static void deal(struct dealer *d)
{
    if (d->turn == 0)
        take_block(d, d->size);
    else
        send_block(d, d->turn);
    d->size = 0;
    d->turn = (d->turn + 1) % d->comm->size;
    souk_progress_update(&d->progress, d->dealt, NULL);
}

static bool visit(void *context, const struct souk_event_record *event)
{
    struct dealer *d = context;
    const size_t need = size_of(event);
    if (need > BLOCK_BYTES) { /* no store of ours has such a record */
        d->status = souk_fail(d->err, SOUK_EFORMAT, "--events-from: event %lld has %zu bytes",
                              (long long)event->seq, need);
        return false;
    }
    if (d->size + need > BLOCK_BYTES)
        deal(d);
    put(d, event);
    d->dealt++;
    return d->status == SOUK_OK;
}

/* An empty block is the last one. */
static void read_and_deal(struct dealer *d, struct souk_event_store *store)
{
    souk_progress_init(&d->progress, "read", 0, "events", false);
    const souk_status status = souk_event_store_scan(store, 0, visit, d, d->err);
    d->status = d->status ? d->status : status;
    if (!d->status && d->size > 0)
        deal(d);
    souk_progress_finish(&d->progress, d->dealt, NULL);
    d->size = 0;
    for (int rank = 1; rank < d->comm->size; rank++)
        send_block(d, rank);
}

/* ---- the others ---- */

/* Blocks come until the last one, also where this rank has failed. */
static void receive(struct dealer *d)
{
    int size = 1;
    while (size > 0) {
        MPI_Status received;
        souk_status status = souk_mpi_check(
            MPI_Recv(d->block, BLOCK_BYTES, MPI_BYTE, 0, SOUK_TAG_STORE, d->comm->mpi, &received),
            "MPI_Recv", d->err);
        if (!status)
            status =
                souk_mpi_check(MPI_Get_count(&received, MPI_BYTE, &size), "MPI_Get_count", d->err);
        if (status) {
            d->status = status;
            return;
        }
        take_block(d, (size_t)size);
    }
}

souk_status souk_store_deal_all(const struct souk_comm *comm, struct souk_event_store *store,
                                souk_store_take take, void *context, struct souk_error *err)
{
    struct dealer d = {.comm = comm, .take = take, .context = context, .err = err};
    souk_status status = SOUK_OK;
    d.block = souk_alloc_array(BLOCK_BYTES, 1);
    if (!d.block)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for the events of a store");
    status = souk_status_agree_all(comm, status, err);
    if (!status) {
        if (store)
            read_and_deal(&d, store);
        else
            receive(&d);
        status = souk_status_agree_all(comm, d.status, err);
    }
    free(d.block);
    return status;
}
