#include "train/covisit/basketexchange.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

static void place_items(struct souk_basket_exchange *x)
{
    const int64_t *item_first = x->ratings->item_first;
    for (int p = 0; p < x->ratings->parts; p++) {
        const int64_t items = item_first[p + 1] - item_first[p];
        for (int t = 0; t < x->panels; t++) {
            const int64_t end = souk_basket_panel_first(items, t + 1, x->panels);
            for (int64_t i = souk_basket_panel_first(items, t, x->panels); i < end; i++)
                x->place[item_first[p] + i] = t * x->comm->size + souk_part_rank(x->comm, p);
        }
    }
}

/* Count the basket at [at, end) for every place that its items have in [first, first + places), or
 * copy it there. @param next [places], where to copy it, moved on; NULL: only count */
static void send_basket(struct souk_basket_exchange *x, size_t at, size_t end, int32_t first,
                        int32_t places, int64_t *next, struct souk_basket_entry *out)
{
    const size_t length = end - at;
    for (size_t k = at; k < end && length > 1; k++) {
        const int32_t place = x->place[x->baskets->entry[k].item] - first;
        if (place < 0 || place >= places || x->visited[place] == (int64_t)at)
            continue;
        x->visited[place] = (int64_t)at;
        if (next) {
            memcpy(out + next[place], x->baskets->entry + at, length * sizeof *out);
            next[place] += (int64_t)length;
        } else {
            x->counts[first + place] += (int64_t)length;
        }
    }
}

static void send_all_baskets(struct souk_basket_exchange *x, int32_t first, int32_t places,
                             int64_t *next, struct souk_basket_entry *out)
{
    for (int32_t k = 0; k < places; k++)
        x->visited[k] = -1;
    for (size_t at = 0, end; at < x->baskets->count; at = end) {
        end = souk_basket_end(x->baskets, at);
        send_basket(x, at, end, first, places, next, out);
    }
}

/* Plan with x->panels panels: what everybody sends, and the most that anybody receives. */
static souk_status count_all(struct souk_basket_exchange *x, struct souk_error *err)
{
    const int32_t places = (int32_t)(x->panels * x->comm->size);
    souk_status status = SOUK_OK;
    free(x->counts);
    free(x->visited);
    x->counts = souk_zalloc_array((size_t)places, sizeof *x->counts);
    x->visited = souk_alloc_array((size_t)places, sizeof *x->visited);
    int64_t *received = souk_alloc_array((size_t)places, sizeof *received);
    if (!x->counts || !x->visited || !received)
        status = souk_fail(err, SOUK_ENOMEM, "no memory to send baskets");
    status = souk_status_agree_all(x->comm, status, err);
    if (status)
        goto out;
    place_items(x);
    send_all_baskets(x, 0, places, NULL, NULL);
    memcpy(received, x->counts, (size_t)places * sizeof *received);
    status = souk_sum_i64_all(x->comm, received, places, err);
    x->largest = 0;
    for (int32_t k = 0; k < places; k++)
        x->largest = received[k] > x->largest ? received[k] : x->largest;
out:
    free(received);
    return status;
}

/* More than the items of the largest part would only add empty ones. */
static int64_t most_panels(const struct souk_ratings *ratings)
{
    int64_t most = 1;
    for (int p = 0; p < ratings->parts; p++) {
        const int64_t items = ratings->item_first[p + 1] - ratings->item_first[p];
        most = items > most ? items : most;
    }
    return most < SOUK_BASKET_PANELS_MAX ? most : SOUK_BASKET_PANELS_MAX;
}

souk_status souk_basket_exchange_plan_all(const struct souk_comm *comm,
                                          const struct souk_ratings *ratings,
                                          const struct souk_baskets *baskets, int64_t buffer_bytes,
                                          struct souk_basket_exchange *out, struct souk_error *err)
{
    const int64_t most = buffer_bytes / (int64_t)sizeof(struct souk_basket_entry);
    souk_status status = SOUK_OK;
    *out = (struct souk_basket_exchange){
        .comm = comm, .ratings = ratings, .baskets = baskets, .panels = 1};
    out->place = souk_alloc_array((size_t)ratings->item_first[ratings->parts], sizeof *out->place);
    if (!out->place)
        status = souk_fail(err, SOUK_ENOMEM, "no memory to send baskets");
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = count_all(out, err);
    while (!status && out->largest > most && out->panels < most_panels(ratings)) {
        out->panels *= 2;
        status = count_all(out, err);
    }
    return status;
}

void souk_basket_exchange_fini(struct souk_basket_exchange *x)
{
    free(x->place);
    free(x->counts);
    free(x->visited);
    *x = (struct souk_basket_exchange){0};
}

/* The panel's baskets, for rank 0, then for rank 1, ... @param out owned by the caller, free() */
static souk_status pack(struct souk_basket_exchange *x, const int64_t *counts, int32_t first,
                        int64_t *next, struct souk_basket_entry **out, struct souk_error *err)
{
    int64_t total = 0;
    for (int r = 0; r < x->comm->size; r++) {
        next[r] = total;
        total += counts[r];
    }
    *out = souk_alloc_array((size_t)total, sizeof **out);
    if (!*out)
        return souk_fail(err, SOUK_ENOMEM, "no memory to send %lld entries of baskets",
                         (long long)total);
    send_all_baskets(x, first, x->comm->size, next, *out);
    return SOUK_OK;
}

souk_status souk_basket_exchange_all(struct souk_basket_exchange *x, int panel,
                                     struct souk_baskets *out, struct souk_error *err)
{
    const int32_t first = (int32_t)(panel * x->comm->size);
    struct souk_basket_entry *sent = NULL;
    void *received = NULL;
    int64_t *scratch = souk_zalloc_array(2 * (size_t)x->comm->size, sizeof *scratch);
    int64_t *next = scratch, *recv_counts = scratch ? scratch + x->comm->size : NULL;
    souk_status status = SOUK_OK;
    *out = (struct souk_baskets){0};
    if (!scratch)
        status = souk_fail(err, SOUK_ENOMEM, "no memory to send baskets");
    if (!status)
        status = pack(x, x->counts + first, first, next, &sent, err);
    status = souk_status_agree_all(x->comm, status, err);
    if (!status)
        status = souk_exchange_all(x->comm, sent, x->counts + first, sizeof *sent, &received,
                                   recv_counts, err);
    for (int r = 0; r < x->comm->size && !status; r++)
        out->count += (size_t)recv_counts[r];
    out->entry = received;
    free(sent);
    free(scratch);
    return status;
}
