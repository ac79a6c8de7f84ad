#include "train/comm/hiding.h"

#include "shared/base/hash.h"
#include "shared/base/random.h"

#include <jansson.h>
#include <string.h>

/* Columns of the random numbers: a user and an item of one name are two draws. */
enum { DRAW_ITEM, DRAW_USER };

static bool is_hidden(double share, uint64_t seed, const char *id, uint64_t draw)
{
    return share > 0 && souk_random_uniform(seed, souk_hash_bytes(id, strlen(id)), draw) < share;
}

bool souk_hiding_hides_item(const struct souk_hiding *h, const char *id)
{
    return is_hidden(h->items, h->seed, id, DRAW_ITEM);
}

bool souk_hiding_hides_user(const struct souk_hiding *h, const char *id)
{
    return is_hidden(h->users, h->seed, id, DRAW_USER);
}

static souk_status mark_own(const struct souk_comm *comm, const struct souk_dataset *dataset,
                            const struct souk_hiding *h, int64_t *hidden, struct souk_error *err)
{
    const struct souk_window any = {SOUK_TIME_NONE, SOUK_TIME_MAX};
    souk_status status = SOUK_OK;
    for (int p = comm->rank; p < dataset->parts && status == SOUK_OK; p++) {
        struct souk_dataset_part part;
        if (souk_part_rank(comm, p) != comm->rank)
            continue;
        status = souk_dataset_read_part(dataset, p, SOUK_READ_ITEMS, any, &part, err);
        for (int64_t i = 0; i < part.items.count && status == SOUK_OK; i++)
            hidden[dataset->item_first[p] + i] =
                souk_hiding_hides_item(h, souk_idtable_get(&part.items, i));
        souk_dataset_part_fini(&part);
    }
    return status;
}

souk_status souk_hiding_mark_all(const struct souk_comm *comm, const struct souk_dataset *dataset,
                                 const struct souk_hiding *h, int64_t *hidden,
                                 struct souk_error *err)
{
    const int64_t items = souk_dataset_items(dataset);
    memset(hidden, 0, (size_t)items * sizeof *hidden);
    if (h->items == 0)
        return SOUK_OK;
    const souk_status status =
        souk_status_agree_all(comm, mark_own(comm, dataset, h, hidden, err), err);
    return status == SOUK_OK ? souk_sum_i64_all(comm, hidden, items, err) : status;
}

void souk_hiding_trim(const struct souk_hiding *h, const int64_t *item_hidden,
                      struct souk_dataset_part *p)
{
    int64_t kept = 0, begin = 0;
    for (int64_t u = 0; u < p->users.count; u++) {
        const int64_t end = p->event_offsets[u + 1];
        const bool hidden = souk_hiding_hides_user(h, souk_idtable_get(&p->users, u));
        for (int64_t e = begin; e < end && !hidden; e++)
            if (!item_hidden[p->item[e]])
                souk_dataset_part_move_event(p, kept++, e);
        p->event_offsets[u + 1] = kept;
        begin = end;
    }
    p->event_count = kept;
}

static souk_status read_share(const json_t *parameters, const char *key, double *share,
                              struct souk_error *err)
{
    const json_t *value = json_object_get(parameters, key);
    const double number = json_number_value(value);
    if (value && (!json_is_number(value) || !(number >= 0 && number < 1)))
        return souk_fail(err, SOUK_EFORMAT, "the model's %s is not a number in [0, 1)", key);
    *share = number;
    return SOUK_OK;
}

souk_status souk_hiding_of_parameters(const char *parameters_json, struct souk_hiding *out,
                                      struct souk_error *err)
{
    json_error_t reason;
    *out = (struct souk_hiding){0};
    if (!parameters_json)
        return SOUK_OK;
    json_t *parameters = json_loads(parameters_json, 0, &reason);
    if (!parameters)
        return souk_fail(err, SOUK_EFORMAT, "the model's parameters are not JSON: %s", reason.text);
    const json_t *seed = json_object_get(parameters, "hide-seed");
    souk_status status = read_share(parameters, "hide-items", &out->items, err);
    if (status == SOUK_OK)
        status = read_share(parameters, "hide-users", &out->users, err);
    if (status == SOUK_OK && seed && (!json_is_integer(seed) || json_integer_value(seed) < 0))
        status = souk_fail(err, SOUK_EFORMAT, "the model's hide-seed is not a number from 0 on");
    out->seed = (uint64_t)json_integer_value(seed);
    json_decref(parameters);
    return status;
}
