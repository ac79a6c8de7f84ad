#include "serve/proxy/job.h"

#include "serve/proxy/narrowing.h"
#include "shared/base/clock.h"
#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "shared/data/idtable.h"

#include <stdlib.h>
#include <string.h>

/* ---- a worker's memory ---- */

souk_status souk_workspace_init(struct souk_workspace *w, struct souk_topology *topology,
                                struct souk_hedging *hedging, struct souk_error *err)
{
    const size_t shards = (size_t)souk_topology_shards(topology);
    *w = (struct souk_workspace){.profile = NULL};
    souk_writer_init(&w->question);
    souk_writer_init(&w->notes.texts);
    souk_status status = souk_merge_init(&w->merge);
    if (!status)
        status = souk_event_fields_init(&w->events);
    if (!status)
        status = souk_lately_init(&w->lately);
    w->wanted = souk_zalloc_array(shards, sizeof *w->wanted);
    w->missed = souk_zalloc_array(shards, sizeof *w->missed);
    w->described = souk_zalloc_array(shards, sizeof *w->described);
    if (status || !w->wanted || !w->missed || !w->described)
        return souk_fail(err, SOUK_ENOMEM, "no memory for a worker");
    return souk_fanout_init(&w->fanout, topology, hedging, err);
}

void souk_workspace_fini(struct souk_workspace *w)
{
    souk_fanout_fini(&w->fanout);
    souk_merge_fini(&w->merge);
    souk_candidate_merge_fini(&w->candidates);
    souk_event_fields_fini(&w->events);
    souk_lately_fini(&w->lately);
    souk_whole_history_fini(&w->whole);
    free(w->folded);
    free(w->seen);
    souk_writer_fini(&w->question);
    souk_writer_fini(&w->notes.texts);
    free(w->wanted);
    free(w->missed);
    free(w->described);
    free(w->profile);
}

/* ---- taking the request in ---- */

/* @return false: not a number from 0 to below 1 */
static bool take_min_confidence(struct souk_job *j)
{
    return !souk_message_get(&j->request->message, "min_confidence") ||
           (souk_message_map_number(&j->request->message.unpacked.data, "min_confidence",
                                    &j->min_confidence) &&
            j->min_confidence >= 0 && j->min_confidence < 1);
}

bool souk_job_take_fields(struct souk_job *j, const char *id_field)
{
    const struct souk_message *m = &j->request->message;
    j->n = 10;
    j->moment_ms = souk_wall_ms();
    if (!souk_message_text(m, id_field, SOUK_ID_MAX_BYTES, &j->id, &j->id_len) || !j->id ||
        !souk_id_is_valid(j->id, j->id_len))
        souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD,
                         "'%s' must be an id of 1 to %d bytes of UTF-8", id_field,
                         SOUK_ID_MAX_BYTES);
    else if (!souk_message_int(m, "n", 1, SOUK_WIRE_LIST_MAX, &j->n))
        souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD,
                         "'n' must be a number from 1 to %d", SOUK_WIRE_LIST_MAX);
    else if (!souk_message_int(m, "moment_ms", 0, SOUK_WIRE_MOMENT_MAX, &j->moment_ms))
        souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD,
                         "'moment_ms' must be milliseconds from 1970 to the year 9999");
    else if (!take_min_confidence(j))
        souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD,
                         "'min_confidence' must be a number from 0 to below 1");
    else if (!souk_message_bool(m, "include_seen", &j->include_seen))
        souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD,
                         "'include_seen' must be true or false");
    else if (!souk_message_bool(m, "include_metadata", &j->include_metadata))
        souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD,
                         "'include_metadata' must be true or false");
    else if (!souk_message_bool(m, "explain", &j->explain))
        souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD,
                         "'explain' must be true or false");
    else
        return souk_job_take_narrowing(j, strcmp(id_field, "user") == 0);
    return false;
}

enum souk_arm souk_job_arm(const struct souk_job *j)
{
    return j->view.canary ? SOUK_ARM_CANARY : SOUK_ARM_STABLE;
}

int souk_job_home(const struct souk_job *j, const char *id, size_t len)
{
    const int part = souk_part_of(souk_hash_bytes(id, len), (int)j->view.parts);
    return part % souk_topology_shards(j->topology);
}

/* ---- asking ---- */

static int64_t round_end_us(const struct souk_job *j, enum souk_round round)
{
    const int64_t now = souk_monotonic_us();
    return round == SOUK_ROUND_LAST || j->deadline_us <= now ? j->deadline_us
                                                             : now + (j->deadline_us - now) / 2;
}

void souk_job_start_question(struct souk_job *j, const char *operation, size_t fields)
{
    j->space->stage = souk_proxy_metrics_stage(operation);
    souk_writer_clear(&j->space->question);
    j->space->operation = operation;
    j->space->question_fields = fields;
}

static void note_stage(const struct souk_job *j, int stage, int64_t start_us)
{
    const int64_t took_us = souk_monotonic_us() - start_us;
    souk_histogram_add(j->metrics->stage[stage], took_us);
    j->space->stage_us[stage] += took_us;
}

static int ask(struct souk_job *j, enum souk_round round)
{
    const struct souk_fanout *f = &j->space->fanout;
    const int64_t start_us = souk_monotonic_us();
    const struct souk_question question = {.operation = j->space->operation,
                                           .model = j->view.model,
                                           .origin = j->origin,
                                           .origin_len = j->origin_len,
                                           .body = &j->space->question,
                                           .fields = j->space->question_fields,
                                           .deadline_us = round_end_us(j, round),
                                           .keep_others = j->ahead >= 0,
                                           .is_first = !j->has_begun};
    const int good = souk_fanout_ask(&j->space->fanout, j->space->wanted, &question);
    note_stage(j, j->space->stage, start_us);
    j->has_begun |= good > 0;
    for (int s = 0; s < souk_topology_shards(j->topology); s++)
        j->stale |= f->answers[s].status == SOUK_WIRE_NO_SUCH_MODEL && j->may_restart;
    return good;
}

const struct souk_shard_answer *souk_job_ask_one(struct souk_job *j, int shard)
{
    for (int s = 0; s < souk_topology_shards(j->topology); s++)
        j->space->wanted[s] = s == shard;
    ask(j, SOUK_ROUND_FIRST);
    return &j->space->fanout.answers[shard];
}

bool souk_job_is_overloaded(struct souk_job *j)
{
    const struct souk_fanout *f = &j->space->fanout;
    for (int s = 0; s < souk_topology_shards(j->topology); s++) {
        if (j->space->wanted[s] && f->answers[s].status == SOUK_WIRE_OVERLOADED) {
            souk_reply_error(j->reply, j->request, SOUK_WIRE_OVERLOADED,
                             "no replica of shard %d has room", s);
            return true;
        }
    }
    return false;
}

/* What to say of shards that all failed: the status of the first that was asked. */
static void reply_no_shard(struct souk_job *j)
{
    const struct souk_fanout *f = &j->space->fanout;
    int64_t status = SOUK_WIRE_UNAVAILABLE;
    for (int s = souk_topology_shards(j->topology) - 1; s >= 0; s--)
        if (j->space->wanted[s])
            status = f->answers[s].status;
    souk_reply_error(j->reply, j->request, (enum souk_wire_status)status, "no shard answered: %s",
                     souk_wire_status_name((int)status));
}

bool souk_job_ask_all(struct souk_job *j, enum souk_round round)
{
    const int shards = souk_topology_shards(j->topology);
    for (int s = 0; s < shards; s++)
        j->space->wanted[s] = !j->space->missed[s] && s != j->ahead;
    const int good = ask(j, round);
    if (j->stale || souk_job_is_overloaded(j))
        return false;
    if (good == 0)
        reply_no_shard(j);
    for (int s = 0; s < shards; s++)
        j->space->missed[s] |= j->space->fanout.answers[s].status != SOUK_WIRE_OK;
    return good > 0;
}

int souk_job_ask_aside(struct souk_job *j)
{
    const int shards = souk_topology_shards(j->topology);
    for (int s = 0; s < shards; s++)
        j->space->wanted[s] = !j->space->missed[s];
    const int good = ask(j, SOUK_ROUND_FIRST);
    for (int s = 0; s < shards; s++) {
        const int64_t status = j->space->fanout.answers[s].status;
        j->space->missed[s] |= status != SOUK_WIRE_OK && status != SOUK_WIRE_UNKNOWN_OPERATION;
    }
    return j->stale ? 0 : good;
}

const struct souk_message *souk_job_said(const struct souk_job *j, int shard)
{
    const struct souk_shard_answer *a = &j->space->fanout.answers[shard];
    return a->answered && a->status == SOUK_WIRE_OK ? &a->message : NULL;
}

bool souk_job_ask_wanted(struct souk_job *j, enum souk_round round)
{
    const int shards = souk_topology_shards(j->topology);
    for (int s = 0; s < shards; s++)
        j->space->wanted[s] &= !j->space->missed[s];
    j->ahead = -1; /* what it said is merged */
    ask(j, round);
    for (int s = 0; s < shards && !j->stale; s++)
        j->space->missed[s] |=
            j->space->wanted[s] && j->space->fanout.answers[s].status != SOUK_WIRE_OK;
    return !j->stale;
}

const struct souk_message *souk_job_answer(const struct souk_job *j, int shard)
{
    return j->space->missed[shard] ? NULL : &j->space->fanout.answers[shard].message;
}

void souk_job_miss(struct souk_job *j, int shard)
{
    j->space->missed[shard] = true;
}

/* ---- the lists of all shards ---- */

void souk_job_note_merge(const struct souk_job *j, int64_t start_us)
{
    note_stage(j, souk_proxy_metrics_stage("merge"), start_us);
}

/* @return false: an error reply is there */
static bool keep_confident(struct souk_job *j)
{
    struct souk_merge *m = &j->space->merge;
    if (j->min_confidence == 0)
        return true;
    if (m->calibrated < 0) {
        souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD,
                         "'min_confidence': this model of kind '%s' is not calibrated for it",
                         j->view.kind);
        return false;
    }
    souk_merge_keep_confident(m, j->min_confidence);
    return true;
}

static bool merge_hits(struct souk_job *j, struct souk_result *result)
{
    const int shards = souk_topology_shards(j->topology);
    *result = (struct souk_result){0};
    if (souk_merge_start(&j->space->merge, (int)j->n, shards) != SOUK_OK) {
        souk_reply_error(j->reply, j->request, SOUK_WIRE_INTERNAL, "no memory");
        return false;
    }
    for (int s = 0; s < shards; s++) {
        const struct souk_message *m = souk_job_answer(j, s);
        int64_t scored = 0;
        if (m && (!souk_message_int(m, "scored", 0, INT64_MAX, &scored) ||
                  !souk_merge_add(&j->space->merge, m)))
            souk_job_miss(j, s);
        if (j->space->missed[s]) {
            result->partial = true;
            continue;
        }
        result->scored += scored;
        result->items += j->space->fanout.answers[s].items;
    }
    souk_merge_finish(&j->space->merge);
    return keep_confident(j);
}

bool souk_job_merge_hits(struct souk_job *j, struct souk_result *result)
{
    const int64_t start_us = souk_monotonic_us();
    const bool good = merge_hits(j, result);
    souk_job_note_merge(j, start_us);
    j->scored = result->scored;
    return good;
}
