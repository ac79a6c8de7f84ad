/** @file
 *  The cases of an evaluation: users of this rank, and the items that each of them wanted.
 *
 *      users                 "13085"  "17850" ...          by part, then id; parts as duty.h deals
 *      target_offsets        0        2       5 ...
 *      target                4 7      0 4 9   ...          index into wanted, ascending
 *      given_offsets         0        1       1 ...
 *      given, given_weight   2 (1.0)                       index into wanted, ascending
 *      wanted                "10002" "22423" ...           distinct items of both, by part, then id
 *
 *  Users and items may be unknown to the model, and (from a file) to the dataset as well. What is
 *  *given* is told to the model before it is asked: items that the user had beside, or instead of,
 *  those in training.
 */
#ifndef SOUK_EVALUATE_CASES_H
#define SOUK_EVALUATE_CASES_H

#include "shared/data/dataset.h"
#include "shared/data/interactions.h"
#include "train/comm/comm.h"
#include "train/comm/hiding.h"

#include <stdbool.h>
#include <stdint.h>

/** X(NAME, "as --protocol takes it") */
#define SOUK_PROTOCOL_LIST(X)                                                                      \
    X(TEMPORAL, "temporal")                                                                        \
    X(PER_USER, "per-user")                                                                        \
    X(FILE, "file")                                                                                \
    X(STRONG, "strong")                                                                            \
    X(SESSION, "session")                                                                          \
    X(COLD_USERS, "cold-users")                                                                    \
    X(ITEM_HOLDOUT, "item-holdout")                                                                \
    X(LEAVE_OUT, "leave-one-out")

enum souk_protocol {
#define X(name, text) SOUK_PROTOCOL_##name,
    SOUK_PROTOCOL_LIST(X)
#undef X
};

enum { SOUK_COLD_HISTORY_MAX = 1000 };

/** What is asked of a model. */
struct souk_question {
    enum souk_protocol protocol;
    int64_t split_ms; /**< temporal, session, cold-users, item-holdout: targets begin here */
    int64_t until_ms; /**< and end before this */
    double share;     /**< per-user: held out of training; strong: of the held-out users' events */
    struct souk_window
        trained; /**< per-user, strong, leave-one-out: the window that the share is cut from */
    struct souk_hiding hiding; /**< strong: the users; item-holdout: the items */
    int64_t cold_history; /**< cold-users: items that are given, at most SOUK_COLD_HISTORY_MAX */
    int leave_out;        /**< leave-one-out: place of the item (leaveout.h) */
    struct souk_interaction_rule weighing; /**< of the given items' events */
    const char *targets;                   /**< file: its path */
    bool discovery;                        /**< only items that the user had not touched before */
    bool include_seen;                     /**< training items stay in the lists */
    bool sold_only; /**< item-holdout: lists hold items with an event before until_ms only */
};

struct souk_cases {
    int64_t count;
    struct souk_idtable users; /**< rows ordered by part, then id */
    int64_t *round_first;      /**< [rounds + 1], cases of each round of duty */
    int64_t *target_offsets;   /**< [count + 1] */
    int64_t *target;
    int64_t *given_offsets; /**< [count + 1]; NULL: the protocol gives nothing */
    int64_t *given;
    float *given_weight;
    int64_t *moment_ms; /**< [count], when each case asks; NULL: at the end of the model's window,
                           or where that is open at the user's last event */
    struct souk_idtable wanted; /**< rows ordered by part, then id */
    int64_t *wanted_first;      /**< [parts + 1] */
};

/** The protocol's name, as --protocol takes it. */
const char *souk_protocol_name(enum souk_protocol protocol);

/** Whether a protocol's targets lie behind one cut in time. */
static inline bool souk_protocol_has_split(enum souk_protocol p)
{
    return p == SOUK_PROTOCOL_TEMPORAL || p == SOUK_PROTOCOL_SESSION ||
           p == SOUK_PROTOCOL_COLD_USERS || p == SOUK_PROTOCOL_ITEM_HOLDOUT;
}

/** Whether its users come with a history. */
static inline bool souk_protocol_gives(enum souk_protocol p)
{
    return p == SOUK_PROTOCOL_STRONG || p == SOUK_PROTOCOL_SESSION || p == SOUK_PROTOCOL_COLD_USERS;
}

/** Collective. Cases out of the dataset's own events (all but file).
 *  @param out owned by the caller, empty with souk_cases_fini(); zeroed on failure
 *  @return the same on every rank */
souk_status souk_cases_from_events_all(const struct souk_comm *comm,
                                       const struct souk_dataset *dataset,
                                       const struct souk_question *question, struct souk_cases *out,
                                       struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. Cases out of a CSV file of two columns, user and item, with or without a header
 *  (user,item or visitorid,itemid and the like). A line that is not that is an error with its
 *  number; a line twice counts once.
 *  @param parts of the model */
souk_status souk_cases_from_file_all(const struct souk_comm *comm, const char *path, int parts,
                                     struct souk_cases *out,
                                     struct souk_error *err) SOUK_MUST_CHECK;

/** No cases yet. @param stride of the users' ids
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_EINVAL (stride); zeroed on failure */
souk_status souk_cases_init(struct souk_cases *cases, int rounds, int stride,
                            struct souk_error *err) SOUK_MUST_CHECK;
void souk_cases_fini(struct souk_cases *cases);

/** Of the cases from `first` on, all of one part, keep this rank's slice. */
void souk_cases_keep_slice(struct souk_cases *cases, int64_t first, int slice, int slices);

/** Keep only the targets for which keep[] is set. Users stay, some with no target left: these count
 *  nowhere. @param keep [targets], in the order of `target` */
void souk_cases_filter_targets(struct souk_cases *cases, const bool *keep);

#endif
