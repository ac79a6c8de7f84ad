#include "serve/proxy/replicafacts.h"

#include "shared/wire/message.h"

#include <stdio.h>
#include <string.h>

/* ---- reading ---- */

static bool copy_text(const msgpack_object *map, const char *key, char *to)
{
    const msgpack_object *text = souk_message_map_get(map, key);
    if (!text || text->type != MSGPACK_OBJECT_STR || text->via.str.size > SOUK_MODEL_NAME_MAX)
        return false;
    memcpy(to, text->via.str.ptr, text->via.str.size);
    to[text->via.str.size] = '\0';
    return true;
}

/* A count; an absent one is 0. @return false: it is below the least, or no whole number */
static bool copy_count(const msgpack_object *map, const char *key, int64_t least, int64_t *to)
{
    const msgpack_object *number = souk_message_map_get(map, key);
    *to = 0;
    if (number && number->type == MSGPACK_OBJECT_POSITIVE_INTEGER && number->via.u64 <= INT64_MAX)
        *to = (int64_t)number->via.u64;
    else if (number)
        return false;
    return *to >= least;
}

/* A whole number of any sign; an absent one leaves what is there. */
static bool copy_integer(const msgpack_object *map, const char *key, int64_t *to)
{
    const msgpack_object *number = souk_message_map_get(map, key);
    if (!number)
        return true;
    if (number->type != MSGPACK_OBJECT_NEGATIVE_INTEGER &&
        (number->type != MSGPACK_OBJECT_POSITIVE_INTEGER || number->via.u64 > INT64_MAX))
        return false;
    *to = number->via.i64;
    return true;
}

static bool parse_data(const msgpack_object *map, struct souk_model_data *d)
{
    const struct souk_message m = {.unpacked = {.data = *map}};
    d->events = -1;
    return copy_count(map, "users", 0, &d->users) && copy_integer(map, "events", &d->events) &&
           copy_integer(map, "from_ms", &d->from_ms) &&
           copy_integer(map, "until_ms", &d->until_ms) &&
           souk_message_bool(&m, "prices", &d->prices) &&
           souk_message_bool(&m, "availability", &d->availability);
}

static bool parse_version(const msgpack_object *map, struct souk_version_facts *v)
{
    v->held = true;
    return copy_text(map, "model", v->model) && copy_text(map, "kind", v->kind) &&
           copy_count(map, "parts", 1, &v->parts) && copy_count(map, "items", 0, &v->items) &&
           copy_count(map, "catalogue", 0, &v->catalogue) &&
           copy_count(map, "created_ms", 0, &v->created_ms) &&
           copy_count(map, "sources", 0, &v->sources) && parse_data(map, &v->data);
}

/* The versions of a replica; one that knows no `versions` has one, at the top. */
static bool parse_versions(const struct souk_message *m, struct souk_replica_facts *f)
{
    const msgpack_object *list = souk_message_get(m, "versions");
    if (!list) {
        f->version_count = 1;
        return parse_version(&m->unpacked.data, &f->versions[0]);
    }
    if (list->type != MSGPACK_OBJECT_ARRAY || list->via.array.size > SOUK_VERSIONS_KNOWN)
        return false;
    for (uint32_t i = 0; i < list->via.array.size; i++)
        if (!parse_version(&list->via.array.ptr[i], &f->versions[f->version_count++]))
            return false;
    return true;
}

bool souk_replica_facts_parse(const void *bytes, size_t len, struct souk_replica_facts *facts)
{
    struct souk_message m;
    char reason[64], state[SOUK_MODEL_NAME_MAX + 1] = "ready";
    int64_t status = -1;
    struct souk_replica_facts f = {.known = true, .alive = true, .shard = -1};
    const bool good =
        souk_message_parse(&m, bytes, len, reason, sizeof reason) == SOUK_WIRE_OK &&
        souk_message_int(&m, "status", 0, INT32_MAX, &status) && status == SOUK_WIRE_OK &&
        souk_message_int(&m, "shard", 0, INT32_MAX, &f.shard) &&
        souk_message_int(&m, "shards", 1, INT32_MAX, &f.shards) && parse_versions(&m, &f);
    if (good) {
        if (souk_message_get(&m, "state") && !copy_text(&m.unpacked.data, "state", state))
            state[0] = '\0';
        f.ready = strcmp(state, "ready") == 0;
        *facts = f;
    }
    souk_message_fini(&m);
    return good;
}

void souk_replica_facts_keep_older(struct souk_replica_facts *f,
                                   const struct souk_replica_facts *old)
{
    for (int i = 0; i < old->version_count && f->version_count < SOUK_VERSIONS_KNOWN; i++) {
        if (!souk_replica_facts_of(f, old->versions[i].model)) {
            f->versions[f->version_count] = old->versions[i];
            f->versions[f->version_count++].held = false;
        }
    }
}

/* ---- asking ---- */

const struct souk_version_facts *souk_replica_facts_of(const struct souk_replica_facts *facts,
                                                       const char *model)
{
    for (int i = 0; i < facts->version_count; i++)
        if (strcmp(facts->versions[i].model, model) == 0)
            return &facts->versions[i];
    return NULL;
}

bool souk_replica_facts_holds(const struct souk_replica_facts *facts, const char *model)
{
    const struct souk_version_facts *v = facts->known ? souk_replica_facts_of(facts, model) : NULL;
    return v && v->held;
}

bool souk_replica_facts_can_answer(const struct souk_replica_facts *f)
{
    bool holds = false;
    for (int i = 0; i < f->version_count; i++)
        holds |= f->versions[i].held;
    return f->alive && f->ready && holds;
}

bool souk_replica_facts_fit(const struct souk_replica_facts *f, int shard, int shards, char *reason,
                            size_t size)
{
    if (f->shards != shards)
        snprintf(reason, size, "is one of %lld shards, the proxy was given %d",
                 (long long)f->shards, shards);
    else if (f->shard != shard)
        snprintf(reason, size,
                 "holds shard %lld where shard %d is wanted: its parts overlap another's",
                 (long long)f->shard, shard);
    else
        return true;
    return false;
}

bool souk_replica_facts_agree(const struct souk_replica_facts *a,
                              const struct souk_replica_facts *b, char *reason, size_t size)
{
    for (int i = 0; i < a->version_count; i++) {
        const struct souk_version_facts *v = &a->versions[i];
        const struct souk_version_facts *w = souk_replica_facts_of(b, v->model);
        if (w && (v->parts != w->parts || v->catalogue != w->catalogue)) {
            snprintf(reason, size,
                     "has model %s in %lld parts of %lld items, others have it in %lld of %lld",
                     v->model, (long long)v->parts, (long long)v->catalogue, (long long)w->parts,
                     (long long)w->catalogue);
            return false;
        }
    }
    return true;
}
