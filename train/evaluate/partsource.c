#include "train/evaluate/partsource.h"

#include "shared/base/memory.h"
#include "train/evaluate/duty.h"

/* One array of a part on its way from its owner to all. */
struct field {
    void **array;
    int64_t count;
    size_t size;
};

enum { FIELDS_MAX = 5 };

static int user_fields(struct souk_model_part *p, int64_t pairs, struct field *f)
{
    const int64_t users = p->users.count;
    int n = 0;
    f[n++] = (struct field){(void **)&p->users.bytes, users, (size_t)p->users.stride};
    f[n++] = (struct field){(void **)&p->history_offsets, users + 1, sizeof *p->history_offsets};
    f[n++] = (struct field){(void **)&p->history, pairs, sizeof *p->history};
    f[n++] = (struct field){(void **)&p->history_weight, pairs, sizeof *p->history_weight};
    if (p->factors > 0)
        f[n++] = (struct field){(void **)&p->user_factors, users * p->stride, sizeof(float)};
    return n;
}

static int item_fields(struct souk_model_part *p, bool has_category, struct field *f)
{
    const int64_t items = p->items.count;
    int n = 0;
    f[n++] = (struct field){(void **)&p->items.bytes, items, (size_t)p->items.stride};
    f[n++] = (struct field){(void **)&p->popularity, items, sizeof *p->popularity};
    f[n++] = (struct field){(void **)&p->item_events, items, sizeof *p->item_events};
    if (p->factors > 0)
        f[n++] = (struct field){(void **)&p->item_factors, items * p->stride, sizeof(float)};
    if (has_category)
        f[n++] = (struct field){(void **)&p->category, items, sizeof *p->category};
    return n;
}

static int local_of(const struct souk_ratings *r, int part)
{
    for (int k = 0; k < r->local_count; k++)
        if (r->local[k].part == part)
            return k;
    return -1;
}

/* What the others must know before they make room. */
struct shape {
    int64_t count, pairs, id_stride, has_category;
};

static struct shape shape_of(const struct souk_model_part *p, unsigned what)
{
    const bool users = what == SOUK_MODEL_USERS;
    const struct souk_idtable *ids = users ? &p->users : &p->items;
    return (struct shape){.count = ids->count,
                          .pairs = users ? p->history_offsets[ids->count] : 0,
                          .id_stride = ids->stride,
                          .has_category = p->category != NULL};
}

static souk_status make_room(const struct field *fields, int n, struct souk_error *err)
{
    for (int i = 0; i < n; i++) {
        *fields[i].array = souk_alloc_aligned((size_t)fields[i].count, fields[i].size);
        if (!*fields[i].array)
            return souk_fail(err, SOUK_ENOMEM, "out of memory for a part of the model");
    }
    return SOUK_OK;
}

/* The owner keeps a view of its part, the others get a copy. */
static souk_status send_part_all(const struct souk_comm *comm,
                                 const struct souk_part_source *source, int part, unsigned what,
                                 struct souk_source_part *out, struct souk_error *err)
{
    const int owner = souk_part_rank(comm, part);
    struct souk_model_part *p = &out->part;
    struct field fields[FIELDS_MAX];
    struct shape shape = {0};

    out->borrowed = comm->rank == owner;
    if (out->borrowed) {
        *p =
            souk_model_part_view(source->ratings, source->content, local_of(source->ratings, part));
        shape = shape_of(p, what);
    }
    if (comm->size == 1)
        return SOUK_OK;
    souk_status status = souk_broadcast_all(comm, &shape, sizeof shape, owner, err);
    if (status != SOUK_OK)
        return status;
    if (!out->borrowed) {
        *p = (struct souk_model_part){
            .part = part, .factors = source->content->factors, .stride = source->content->stride};
        *(what == SOUK_MODEL_USERS ? &p->users : &p->items) =
            (struct souk_idtable){.count = shape.count, .stride = (int)shape.id_stride};
    }
    const int n = what == SOUK_MODEL_USERS ? user_fields(p, shape.pairs, fields)
                                           : item_fields(p, shape.has_category != 0, fields);
    status = souk_status_agree_all(comm, out->borrowed ? SOUK_OK : make_room(fields, n, err), err);
    for (int i = 0; i < n && status == SOUK_OK; i++)
        status = souk_broadcast_all(comm, *fields[i].array,
                                    fields[i].count * (int64_t)fields[i].size, owner, err);
    return status;
}

/* More ranks than parts: the ranks of a part share its users. */
static souk_status share_users_all(const struct souk_comm *comm,
                                   const struct souk_part_source *source, int wanted,
                                   struct souk_source_part *out, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int part = 0; part < source->model->parts && status == SOUK_OK; part++) {
        struct souk_source_part sent = {0};
        status = send_part_all(comm, source, part, SOUK_MODEL_USERS, &sent, err);
        if (part == wanted)
            *out = sent;
        else
            souk_source_part_fini(&sent);
    }
    return status;
}

souk_status souk_source_users_all(const struct souk_comm *comm,
                                  const struct souk_part_source *source, int round, bool is_wanted,
                                  struct souk_source_part *out, struct souk_error *err)
{
    const struct souk_model *model = source->model;
    const int part = souk_duty_of(comm, model->parts, round).part;
    souk_status status = SOUK_OK;
    *out = (struct souk_source_part){0};
    if (!source->ratings) {
        if (is_wanted)
            status = souk_model_read_part(model, part, SOUK_MODEL_USERS, &out->part, err);
        return souk_status_agree_all(comm, status, err);
    }
    if (comm->size > model->parts)
        return share_users_all(comm, source, part, out, err);
    out->borrowed = true;
    if (part >= 0)
        out->part =
            souk_model_part_view(source->ratings, source->content, local_of(source->ratings, part));
    return SOUK_OK;
}

souk_status souk_source_items_all(const struct souk_comm *comm,
                                  const struct souk_part_source *source, int part,
                                  struct souk_source_part *out, struct souk_error *err)
{
    *out = (struct souk_source_part){0};
    if (source->ratings)
        return send_part_all(comm, source, part, SOUK_MODEL_ITEMS, out, err);
    return souk_status_agree_all(
        comm, souk_model_read_part(source->model, part, SOUK_MODEL_ITEMS, &out->part, err), err);
}

void souk_source_part_fini(struct souk_source_part *p)
{
    if (!p->borrowed)
        souk_model_part_fini(&p->part);
    *p = (struct souk_source_part){0};
}
