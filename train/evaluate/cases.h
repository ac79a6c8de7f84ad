/** @file
 *  The cases of an evaluation: users of this rank, and the items that each of them wanted.
 *
 *      users                 "13085"  "17850" ...          by part, then id; parts as duty.h deals
 *      target_offsets        0        2       5 ...
 *      target                4 7      0 4 9   ...          index into wanted, ascending
 *      wanted                "10002" "22423" ...           distinct targets, by part, then id
 *
 *  Users and items may be unknown to the model, and (from a file) to the dataset as well.
 */
#ifndef SOUK_EVALUATE_CASES_H
#define SOUK_EVALUATE_CASES_H

#include "shared/data/dataset.h"
#include "train/comm/comm.h"

#include <stdbool.h>
#include <stdint.h>

enum souk_protocol { SOUK_PROTOCOL_TEMPORAL, SOUK_PROTOCOL_PER_USER, SOUK_PROTOCOL_FILE };

/** What is asked of a model. */
struct souk_question {
    enum souk_protocol protocol;
    int64_t split_ms;           /**< temporal: targets begin here */
    int64_t until_ms;           /**< temporal: and end before this */
    double share;               /**< per-user: held out of training */
    struct souk_window trained; /**< per-user: the window that the share was cut from */
    const char *targets;        /**< file: its path */
    bool discovery;             /**< only items that the user had not touched before */
    bool include_seen;          /**< training items stay in the lists */
};

struct souk_cases {
    int64_t count;
    struct souk_idtable users; /**< rows ordered by part, then id */
    int64_t *round_first;      /**< [rounds + 1], cases of each round of duty */
    int64_t *target_offsets;   /**< [count + 1] */
    int64_t *target;
    struct souk_idtable wanted; /**< rows ordered by part, then id */
    int64_t *wanted_first;      /**< [parts + 1] */
};

/** Collective. Cases out of the dataset's own events (temporal, per-user).
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
