#include "serve/proxy/userprofile.h"

#include "serve/proxy/narrowing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JOINED_ITEMS_MAX = 65536 }; /* of a shard: scanned in about the time of a round trip */

/* Room for the profile whose sizes the job states, and where its pieces go. */
static bool make_room(struct souk_job *j)
{
    struct souk_workspace *w = j->space;
    const size_t size = j->vector_bytes + j->history_bytes + j->weight_bytes + j->pair_bytes + 1;
    if (size > w->profile_size) {
        unsigned char *grown = realloc(w->profile, size);
        if (!grown)
            return false;
        w->profile = grown;
        w->profile_size = size;
    }
    j->vector = w->profile;
    j->history = w->profile + j->vector_bytes;
    j->weight = w->profile + j->vector_bytes + j->history_bytes;
    j->pair = w->profile + j->vector_bytes + j->history_bytes + j->weight_bytes;
    j->seen = j->history;
    j->seen_bytes = j->history_bytes;
    return true;
}

static unsigned char *append(unsigned char *to, const void *from, size_t bytes)
{
    if (bytes > 0)
        memcpy(to, from, bytes);
    return to + bytes;
}

/* Copy vector, history and weights out of a reply that the next question will overwrite. Weights
 * are there where the model scores by neighbours, those of the pairs where they were asked for. */
static bool keep_profile(struct souk_job *j, const struct souk_message *m)
{
    const void *vector = NULL, *history = NULL, *weight = NULL, *pair = NULL;
    int64_t floats = 0, rows = 0, weights = 0, pairs = 0;
    if (!souk_message_array(m, "vector", sizeof(float), &vector, &floats) ||
        !souk_message_array(m, "history", sizeof(int64_t), &history, &rows) ||
        !souk_message_array(m, "history_weight", sizeof(float), &weight, &weights) ||
        !souk_message_array(m, "pair_weight", sizeof(float), &pair, &pairs) ||
        (weights > 0 && weights != rows) || (pairs > 0 && pairs != rows))
        return false;
    j->vector_bytes = (size_t)floats * sizeof(float);
    j->history_bytes = (size_t)rows * sizeof(int64_t);
    j->weight_bytes = (size_t)weights * sizeof(float);
    j->pair_bytes = (size_t)pairs * sizeof(float);
    if (!make_room(j))
        return false;
    unsigned char *to = append(j->space->profile, vector, j->vector_bytes);
    append(append(append(to, history, j->history_bytes), weight, j->weight_bytes), pair,
           j->pair_bytes);
    return true;
}

/* The history of `similar`: the item itself, which must not be in the answer. */
static bool keep_row(struct souk_job *j, int64_t row)
{
    j->history_bytes = sizeof row;
    if (!make_room(j))
        return false;
    memcpy(j->space->profile + j->vector_bytes, &row, sizeof row);
    return true;
}

static bool is_good(const struct souk_shard_answer *a)
{
    return a->answered && a->status == SOUK_WIRE_OK;
}

/* The events of a two-stage model's user; none in other models' replies. */
static bool keep_events(struct souk_job *j, const struct souk_message *m)
{
    return j->view.sources == 0 ||
           souk_event_fields_read(&j->space->events, m, INT64_MAX, UINT8_MAX + 1);
}

/* Whether the home shard sends its list with the profile, which saves a question to it. It scans
 * before the others instead of beside them: only where that is quick. */
static bool may_join(const struct souk_job *j)
{
    return souk_request_is(j->request, "recommend") && j->view.sources == 0 &&
           j->space->lately.count == 0 &&
           j->view.catalogue / souk_topology_shards(j->topology) <= JOINED_ITEMS_MAX;
}

static void write_profile(struct souk_job *j, bool joined)
{
    struct souk_writer *w = &j->space->question;
    const bool pairs = j->view.sources == 0 && j->space->lately.count > 0;
    souk_job_start_question(j, "profile",
                            1 + pairs + (joined ? 2 + souk_job_narrowing_fields(j, true) : 0));
    souk_writer_put_text(w, "user", j->id, j->id_len);
    if (pairs)
        souk_writer_put_bool(w, "pairs", true);
    if (!joined)
        return;
    souk_writer_put_int(w, "n", j->n);
    souk_writer_put_bool(w, "include_seen", j->include_seen);
    souk_job_put_narrowing(j, true);
}

bool souk_job_get_profile(struct souk_job *j)
{
    bool known = false;
    const int home = souk_job_home(j, j->id, j->id_len);
    const bool joined = may_join(j);
    j->space->events.count = 0;
    if (j->erased)
        return true;
    write_profile(j, joined);
    const struct souk_shard_answer *a = souk_job_ask_one(j, home);
    if (j->stale || souk_job_is_overloaded(j))
        return false;
    if (!is_good(a) || !souk_message_get(&a->message, "known") ||
        !souk_message_bool(&a->message, "known", &known) ||
        (known && (!keep_profile(j, &a->message) || !keep_events(j, &a->message)))) {
        j->vector_bytes = j->history_bytes = j->weight_bytes = j->pair_bytes = j->seen_bytes =
            0; /* of a profile half read */
        j->degraded = true;
        return true;
    }
    j->warm = known;
    j->ahead = joined ? home : -1;
    return true;
}

/* The source of a two-stage model that tells which items are alike. */
static bool keep_source(struct souk_job *j, const struct souk_message *m)
{
    const char *name = NULL;
    size_t len = 0;
    if (!souk_message_text(m, "source", SOUK_MODEL_NAME_MAX, &name, &len))
        return false;
    if (name)
        snprintf(j->source, sizeof j->source, "%.*s", (int)len, name);
    return true;
}

/* What `similar` goes by. @return false: an error reply is there */
static bool keep_item(struct souk_job *j, int64_t row)
{
    j->similar = true;
    if (j->weight_bytes > 0)
        return true; /* the reply has the history of somebody with only this item */
    if (j->vector_bytes == 0) {
        souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD,
                         "a model of kind '%s' has no item vectors to compare", j->view.kind);
        return false;
    }
    if (!keep_row(j, row)) {
        souk_reply_error(j->reply, j->request, SOUK_WIRE_INTERNAL, "no memory");
        return false;
    }
    return true;
}

/* What the client is told when a shard's answer cannot be used: the shard may have run out of time,
 * or be on its way out, and have said so. */
static enum souk_wire_status blame(const struct souk_shard_answer *a)
{
    switch (a->status) {
    case SOUK_WIRE_UNAVAILABLE:
    case SOUK_WIRE_DEADLINE:
    case SOUK_WIRE_OVERLOADED:
    case SOUK_WIRE_DRAINING:
        return (enum souk_wire_status)a->status;
    default:
        return SOUK_WIRE_INTERNAL;
    }
}

bool souk_job_get_item(struct souk_job *j)
{
    const int home = souk_job_home(j, j->id, j->id_len);
    int64_t row = -1;
    souk_job_start_question(j, "item", 1);
    souk_writer_put_text(&j->space->question, "item", j->id, j->id_len);
    const struct souk_shard_answer *a = souk_job_ask_one(j, home);
    if (j->stale)
        return false;
    if (a->status == SOUK_WIRE_NOT_FOUND) {
        souk_reply_error(j->reply, j->request, SOUK_WIRE_NOT_FOUND,
                         "the model does not know item '%.*s'", (int)j->id_len, j->id);
        return false;
    }
    if (!is_good(a) || !souk_message_int(&a->message, "row", 0, INT64_MAX, &row) || row < 0 ||
        !keep_profile(j, &a->message) || !keep_source(j, &a->message)) {
        souk_reply_error(j->reply, j->request, blame(a),
                         "shard %d, which holds the item, did not answer", home);
        return false;
    }
    return keep_item(j, row);
}
