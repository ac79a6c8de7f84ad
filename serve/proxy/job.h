/** @file
 *  One request under way in the proxy: what it asks, what is known so far, and how shards are
 * asked.
 *
 *      job        of one request, on a worker's stack
 *      workspace  of one worker, kept from one request to the next
 *
 *  A step that fails writes the error reply and returns false. A shard that holds another model
 *  than the view says makes the job stale: service.c starts it again with a new view.
 */
#ifndef SOUK_PROXY_JOB_H
#define SOUK_PROXY_JOB_H

#include "serve/proxy/candidatemerge.h"
#include "serve/proxy/fanout.h"
#include "serve/proxy/lately.h"
#include "serve/proxy/merge.h"
#include "serve/proxy/modelrules.h"
#include "serve/proxy/proxymetrics.h"
#include "serve/proxy/requestid.h"
#include "serve/proxy/uniqueid.h"
#include "shared/score/wholehistory.h"
#include "shared/wire/eventfields.h"
#include "shared/wire/filterfields.h"
#include "shared/wire/reply.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Explanations of a list's first items (explain.h), one map behind the other. */
struct souk_notes {
    struct souk_writer texts;
    size_t end[SOUK_WIRE_EXPLAIN_MAX]; /**< [count], where each ends */
    int count;
};

struct souk_workspace {
    struct souk_fanout fanout;
    struct souk_merge merge;
    struct souk_candidate_merge candidates;
    struct souk_event_fields events; /**< of the visitor: the model's, and later ones */
    struct souk_lately lately;       /**< of the visitor, since the model's data ends */
    struct souk_whole_history whole; /**< of the visitor, where there are later events */
    float *folded;                   /**< [folded_room], factors that such a visitor gets */
    size_t folded_room;
    int64_t *seen; /**< [seen_room], rows of such a visitor */
    size_t seen_room;
    struct souk_writer question; /**< fields of the question, without the common ones */
    struct souk_notes notes;
    const char *operation; /**< that it asks */
    size_t question_fields;
    int stage;                           /**< that the question belongs to */
    int64_t stage_us[SOUK_PROXY_STAGES]; /**< of this request */
    char request_id[SOUK_UNIQUE_ID_LEN]; /**< that its answer gets */
    bool *wanted;                        /**< [shards], of the next question */
    bool *missed;       /**< [shards], a round of this request went without its answer */
    int64_t *described; /**< [shards], items of the list that metadata was taken of (metadata.h) */
    unsigned char *profile; /**< factors, history and weights, out of the home shard's reply */
    size_t profile_size;
};

/** @return SOUK_OK, SOUK_ENOMEM; on failure souk_workspace_fini() is harmless */
souk_status souk_workspace_init(struct souk_workspace *w, struct souk_topology *topology,
                                struct souk_hedging *hedging,
                                struct souk_error *err) SOUK_MUST_CHECK;
void souk_workspace_fini(struct souk_workspace *w);

struct souk_job {
    struct souk_topology *topology;
    struct souk_proxy_metrics *metrics;
    struct souk_workspace *space;
    struct souk_unique_ids *ids; /**< of answers */
    struct souk_rules_shelf *shelf;
    const struct souk_recent_source *recent; /**< NULL: there is no store of events */
    const struct souk_request *request;
    struct souk_writer *reply;
    size_t body_at, body_fields; /**< what of a list's reply may be kept (answering.h) */
    struct souk_view view;
    int64_t deadline_us, begun_us;
    const char *origin; /**< [origin_len] id in the logs: the caller's, else the request_id */
    size_t origin_len;
    bool may_restart, stale;
    bool has_begun; /**< a shard has worked for it: it is brought to its end */
    int64_t n, moment_ms;
    int64_t scored;                       /**< candidates, by all shards */
    double min_confidence;                /**< 0: none is asked for */
    char source[SOUK_MODEL_NAME_MAX + 1]; /**< that `similar` goes by, where it is not the model */
    const char *id, *category;            /**< the user or the item; points into the request */
    size_t id_len, category_len;
    struct souk_filter_fields filters, preferences; /**< point into the request */
    bool include_seen, include_metadata, explain;
    bool warm, degraded, similar;
    int ahead;   /**< the shard that has sent its list with the profile; -1: none */
    bool erased; /**< what the model has of the visitor must not be used */
    /* Into the workspace. Seen is what must not be in the list, pair what history weighs. */
    const void *vector, *history, *weight, *pair, *seen;
    size_t vector_bytes, history_bytes, weight_bytes, pair_bytes, seen_bytes;
};

/** The last round of a request may take all the time that is left, another one half of it: a shard
 *  that hangs must not cost the answers of the others. */
enum souk_round { SOUK_ROUND_FIRST, SOUK_ROUND_LAST };

/** Of the question that the list comes from: more may be asked of its items. */
static inline enum souk_round souk_job_list_round(const struct souk_job *j)
{
    return j->include_metadata || j->explain ? SOUK_ROUND_FIRST : SOUK_ROUND_LAST;
}

/** Take in what `recommend`, `similar` and `explain` share. @param id_field `user` or `item` */
bool souk_job_take_fields(struct souk_job *j, const char *id_field);

/** Whether it is answered by the canary. */
enum souk_arm souk_job_arm(const struct souk_job *j);

/** The shard of an id. */
int souk_job_home(const struct souk_job *j, const char *id, size_t len);

/** Begin a question to shards in the workspace: `fields` follow. @param operation outlives it */
void souk_job_start_question(struct souk_job *j, const char *operation, size_t fields);

/** Ask one shard. @return its answer; without one, or with an error, its status is not 0 */
const struct souk_shard_answer *souk_job_ask_one(struct souk_job *j, int shard);

/** Whether a shard that was asked has no room: then the request is `overloaded`, not partial.
 *  @return true: the error reply is there */
bool souk_job_is_overloaded(struct souk_job *j);

/** Ask all shards, but those that have missed a round of this request already, and the one that is
 *  ahead, whose answer stays. Those that do not
 *  answer with status 0 miss this one.
 *  @return false: none answered, or one had no room, and an error reply is there; or the job is
 *          stale */
bool souk_job_ask_all(struct souk_job *j, enum souk_round round);

/** The same of those that are wanted already, in the workspace. None is needed.
 *  @return false: the job is stale */
bool souk_job_ask_wanted(struct souk_job *j, enum souk_round round);

/** Ask all shards what an answer can do without. A shard that does not answer misses this round;
 * one of an older release, which does not know the operation, misses nothing. No error reply is
 *  written. @return how many have said something; 0 also where the job is stale */
int souk_job_ask_aside(struct souk_job *j);

/** What a shard has said to it; NULL: nothing. */
const struct souk_message *souk_job_said(const struct souk_job *j, int shard);

/** The answer of a shard to the last question; NULL where it has missed a round. */
const struct souk_message *souk_job_answer(const struct souk_job *j, int shard);

/** A shard's answer cannot be used. */
void souk_job_miss(struct souk_job *j, int shard);

/** Count the time of a merge that began then. */
void souk_job_note_merge(const struct souk_job *j, int64_t start_us);

/** What all rounds came to; the list is in the workspace's merge. */
struct souk_result {
    int64_t scored, items; /**< items: of the shards that answered every round */
    bool partial;
};

/** Merge the `hits` of all answers, and end the list where confidence does. @return false: an error
 * reply is there */
bool souk_job_merge_hits(struct souk_job *j, struct souk_result *result);

#endif
