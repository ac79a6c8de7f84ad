#include "serve/proxyctl/fleetstatus.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- fields ---- */

/* A text into an array; what is longer is cut. @return false: it is not there, or no text */
static bool copy_text(const msgpack_object *map, const char *key, char *to, size_t size)
{
    const msgpack_object *text = souk_message_map_get(map, key);
    if (!text || text->type != MSGPACK_OBJECT_STR)
        return false;
    const size_t len = text->via.str.size < size ? text->via.str.size : size - 1;
    memcpy(to, text->via.str.ptr, len);
    to[len] = '\0';
    return true;
}

static bool copy_number(const msgpack_object *map, const char *key, int64_t *to)
{
    const msgpack_object *number = souk_message_map_get(map, key);
    if (!number || (number->type != MSGPACK_OBJECT_POSITIVE_INTEGER &&
                    number->type != MSGPACK_OBJECT_NEGATIVE_INTEGER))
        return false;
    *to = number->via.i64;
    return number->type == MSGPACK_OBJECT_NEGATIVE_INTEGER || number->via.u64 <= INT64_MAX;
}

static bool copy_bool(const msgpack_object *map, const char *key, bool *to)
{
    const msgpack_object *value = souk_message_map_get(map, key);
    if (!value || value->type != MSGPACK_OBJECT_BOOLEAN)
        return false;
    *to = value->via.boolean;
    return true;
}

/* ---- the replicas ---- */

static bool read_models(const msgpack_object *map, struct souk_replica_status *r)
{
    const msgpack_object *list = souk_message_map_get(map, "models");
    if (!list || list->type != MSGPACK_OBJECT_ARRAY)
        return false;
    for (uint32_t i = 0; i < list->via.array.size && i < SOUK_STATUS_MODELS_MAX; i++) {
        const msgpack_object *id = &list->via.array.ptr[i];
        if (id->type != MSGPACK_OBJECT_STR || id->via.str.size >= sizeof r->model[0])
            return false;
        memcpy(r->model[i], id->via.str.ptr, id->via.str.size);
        r->model_count++;
    }
    return true;
}

static bool read_replica(const msgpack_object *map, struct souk_replica_status *r)
{
    const msgpack_object *address = souk_message_map_get(map, "address");
    if (!address || address->type != MSGPACK_OBJECT_STR)
        return false;
    r->address = souk_strndup(address->via.str.ptr, address->via.str.size);
    return r->address && copy_text(map, "state", r->state, sizeof r->state) &&
           copy_text(map, "reason", r->reason, sizeof r->reason) &&
           copy_number(map, "shard", &r->shard) && copy_bool(map, "drained", &r->drained) &&
           copy_number(map, "outstanding", &r->outstanding) &&
           copy_number(map, "latency_us", &r->latency_us) &&
           copy_number(map, "out_us", &r->out_us) && read_models(map, r);
}

static bool read_fleet(const msgpack_object *map, struct souk_fleet_status *s)
{
    const msgpack_object *list = souk_message_map_get(map, "replicas");
    if (!copy_text(map, "state", s->state, sizeof s->state) ||
        !copy_text(map, "reason", s->reason, sizeof s->reason) ||
        !copy_text(map, "model", s->model, sizeof s->model) ||
        !copy_number(map, "shards", &s->shards) || !list || list->type != MSGPACK_OBJECT_ARRAY)
        return false;
    s->replicas = souk_zalloc_array(list->via.array.size, sizeof *s->replicas);
    for (uint32_t i = 0; s->replicas && i < list->via.array.size; i++)
        if (!read_replica(&list->via.array.ptr[i], &s->replicas[s->count++]))
            return false;
    return s->replicas != NULL;
}

/* ---- the counts ---- */

static bool read_duration(const struct souk_message *m, struct souk_fleet_status *s)
{
    const void *bounds = NULL, *counts = NULL;
    int64_t bound_count = 0, count_count = 0;
    if (!souk_message_array(m, "bounds_us", sizeof *s->bound_us, &bounds, &bound_count) ||
        !souk_message_array(m, "counts", sizeof *s->bucket, &counts, &count_count) || !bounds ||
        !counts || bound_count > SOUK_STATUS_BUCKETS_MAX || count_count != bound_count + 1)
        return false;
    s->buckets = (int)bound_count;
    memcpy(s->bound_us, bounds, (size_t)bound_count * sizeof *s->bound_us);
    memcpy(s->bucket, counts, (size_t)count_count * sizeof *s->bucket);
    return true;
}

static bool read_figures(const struct souk_message *m, struct souk_fleet_status *s)
{
    const struct {
        const char *key;
        int64_t *to;
    } fields[] = {
        {"at_us", &s->at_us},
        {"requests", &s->requests},
        {"errors", &s->errors},
        {"refused", &s->refused},
        {"partial", &s->partial},
        {"degraded", &s->degraded},
        {"restarts", &s->restarts},
        {"hedged", &s->hedged},
        {"hedges_won", &s->hedges_won},
        {"retried", &s->retried},
        {"waiting", &s->waiting},
        {"busy", &s->busy},
        {"connections", &s->connections},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (!copy_number(&m->unpacked.data, fields[i].key, fields[i].to))
            return false;
    return read_duration(m, s);
}

souk_status souk_fleet_status_read(const struct souk_message *m, struct souk_fleet_status *out,
                                   struct souk_error *err)
{
    *out = (struct souk_fleet_status){0};
    out->has_figures = souk_message_get(m, "at_us") != NULL;
    if (read_fleet(&m->unpacked.data, out) && (!out->has_figures || read_figures(m, out)))
        return SOUK_OK;
    souk_fleet_status_fini(out);
    return souk_fail(err, SOUK_EFORMAT,
                     "this is not what a proxy says of its fleet: is it a proxy's --admin?");
}

void souk_fleet_status_fini(struct souk_fleet_status *s)
{
    for (int i = 0; i < s->count; i++)
        free(s->replicas[i].address);
    free(s->replicas);
    *s = (struct souk_fleet_status){0};
}

/* ---- quantiles ---- */

int64_t souk_fleet_status_quantile(const struct souk_fleet_status *before,
                                   const struct souk_fleet_status *now, double q)
{
    double count[SOUK_STATUS_BUCKETS_MAX + 1], sum = 0, below = 0;
    for (int b = 0; b <= now->buckets; b++) {
        count[b] = (double)(now->bucket[b] - (before ? before->bucket[b] : 0));
        if (count[b] < 0)
            return -1;
        sum += count[b];
    }
    if (sum == 0)
        return -1;
    for (int b = 0; b < now->buckets; b++) {
        const double from = b > 0 ? (double)now->bound_us[b - 1] : 0;
        if (below + count[b] >= q * sum)
            return (int64_t)(from +
                             ((double)now->bound_us[b] - from) * (q * sum - below) / count[b]);
        below += count[b];
    }
    return INT64_MAX;
}
