#include "train/ingest/eventids.h"

#include "shared/base/hash.h"
#include "shared/base/largearray.h"
#include "shared/base/memory.h"

#include <stdlib.h>

/* An event that has an id, as the owner of the id sees it. */
struct claim {
    struct souk_hash_wide id;
    uint64_t order; /* the smallest is kept */
};

static const uint64_t FROM_A_FILE = UINT64_C(1) << 63;

static bool has_id(const struct souk_hash_wide *id)
{
    return (id->high | id->low) != 0;
}

static int owner_of(const struct souk_comm *comm, const struct souk_hash_wide *id)
{
    return (int)(id->high % (uint64_t)comm->size);
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t len)
{
    const uint64_t words[2] = {hash, souk_hash_bytes(bytes, len)};
    return souk_hash_bytes(words, sizeof words);
}

/* By what the event says: local indexes are of this rank alone. */
static uint64_t order_of(const struct souk_event_log *log, size_t i)
{
    const struct souk_event *e = &log->events[i];
    size_t user_len, item_len;
    const char *user = souk_dictionary_text(&log->users, e->user, &user_len);
    const char *item = souk_dictionary_text(&log->items, e->item, &item_len);
    const struct {
        int64_t time_ms, order;
        float value;
        uint32_t type;
    } rest = {e->time_ms, e->order, e->value, e->type};
    const uint64_t hash =
        mix(mix(souk_hash_bytes(user, user_len), item, item_len), &rest, sizeof rest);
    return (hash & ~FROM_A_FILE) | (i < log->from_store ? 0 : FROM_A_FILE);
}

/* Claims by the rank they go to, in the order of the events. @param counts [ranks], filled in */
static souk_status make_claims(const struct souk_comm *comm, const struct souk_event_log *log,
                               struct claim **out, int64_t *counts, struct souk_error *err)
{
    int64_t total = 0;
    souk_status status = SOUK_OK;
    int64_t *at = souk_zalloc_array((size_t)comm->size, sizeof *at);
    for (size_t i = 0; i < log->count; i++)
        if (has_id(&log->ids[i])) {
            counts[owner_of(comm, &log->ids[i])]++;
            total++;
        }
    *out = souk_large_array((size_t)total + 1, sizeof **out);
    if (!at || !*out) {
        status = souk_fail(err, SOUK_ENOMEM, "no memory for the ids of %zu events", log->count);
        goto out;
    }
    for (int rank = 1; rank < comm->size; rank++)
        at[rank] = at[rank - 1] + counts[rank - 1];
    for (size_t i = 0; i < log->count; i++)
        if (has_id(&log->ids[i]))
            (*out)[at[owner_of(comm, &log->ids[i])]++] =
                (struct claim){log->ids[i], order_of(log, i)};
out:
    free(at);
    return status;
}

static int compare_places(const void *a, const void *b, void *context)
{
    const struct claim *claims = context;
    const int64_t i = *(const int64_t *)a, k = *(const int64_t *)b;
    const struct claim *x = &claims[i], *y = &claims[k];
    if (x->id.high != y->id.high)
        return x->id.high < y->id.high ? -1 : 1;
    if (x->id.low != y->id.low)
        return x->id.low < y->id.low ? -1 : 1;
    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return (i > k) - (i < k);
}

/* Of those with the same id all but the first lose. @param verdicts [count], out: 1 loses */
static souk_status judge(struct claim *claims, int64_t count, char *verdicts,
                         struct souk_error *err)
{
    int64_t *places = souk_large_array((size_t)count + 1, sizeof *places);
    if (!places)
        return souk_fail(err, SOUK_ENOMEM, "no memory to compare %lld ids", (long long)count);
    for (int64_t i = 0; i < count; i++)
        places[i] = i;
    qsort_r(places, (size_t)count, sizeof *places, compare_places, claims);
    for (int64_t i = 0; i < count; i++) {
        const struct claim *mine = &claims[places[i]];
        const struct claim *before = i > 0 ? &claims[places[i - 1]] : NULL;
        verdicts[places[i]] =
            before && before->id.high == mine->id.high && before->id.low == mine->id.low;
    }
    free(places);
    return SOUK_OK;
}

/* Verdicts came back in the order of the claims. */
static souk_status drop_losers(const struct souk_comm *comm, struct souk_event_log *log,
                               const char *verdicts, const int64_t *counts, struct souk_error *err)
{
    int64_t dropped = 0;
    souk_status status = SOUK_OK;
    int64_t *at = souk_zalloc_array((size_t)comm->size, sizeof *at);
    bool *drop = souk_zalloc_array(log->count + 1, sizeof *drop);
    if (!at || !drop) {
        status = souk_fail(err, SOUK_ENOMEM, "no memory to drop events of the same id");
        goto out;
    }
    for (int rank = 1; rank < comm->size; rank++)
        at[rank] = at[rank - 1] + counts[rank - 1];
    for (size_t i = 0; i < log->count; i++) {
        drop[i] = has_id(&log->ids[i]) && verdicts[at[owner_of(comm, &log->ids[i])]++];
        dropped += drop[i];
    }
    souk_rejects_count(&log->rejects, SOUK_REJECT_SAME_ID, dropped);
    if (dropped > 0)
        status = souk_event_log_drop(log, drop, err);
out:
    free(at);
    free(drop);
    return status;
}

souk_status souk_event_ids_unite_all(const struct souk_comm *comm, struct souk_event_log *log,
                                     struct souk_error *err)
{
    struct claim *mine = NULL;
    void *received = NULL, *answers = NULL;
    char *verdicts = NULL;
    int64_t count = 0;
    souk_status status = SOUK_OK;
    int64_t *sent = souk_zalloc_array((size_t)comm->size, sizeof *sent);
    int64_t *taken = souk_zalloc_array((size_t)comm->size, sizeof *taken);
    int64_t *answered = souk_zalloc_array((size_t)comm->size, sizeof *answered);
    if (!sent || !taken || !answered)
        status = souk_fail(err, SOUK_ENOMEM, "no memory to compare ids");
    if (!status)
        status = make_claims(comm, log, &mine, sent, err);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_exchange_all(comm, mine, sent, sizeof *mine, &received, taken, err);
    free(mine);
    for (int rank = 0; rank < comm->size && !status; rank++)
        count += taken[rank];
    if (!status) {
        verdicts = souk_large_array((size_t)count + 1, sizeof *verdicts);
        status = verdicts ? judge(received, count, verdicts, err)
                          : souk_fail(err, SOUK_ENOMEM, "no memory to compare ids");
        status = souk_status_agree_all(comm, status, err);
    }
    free(received);
    if (!status)
        status =
            souk_exchange_all(comm, verdicts, taken, sizeof *verdicts, &answers, answered, err);
    if (!status)
        status = souk_status_agree_all(comm, drop_losers(comm, log, answers, sent, err), err);
    free(verdicts);
    free(answers);
    free(sent);
    free(taken);
    free(answered);
    free(log->ids);
    log->ids = NULL;
    log->keeps_ids = false;
    return status;
}
