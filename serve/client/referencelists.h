/** @file
 *  What the fleet must answer: lists made by a plain scan of a model, outside the fleet, and the
 *  check of an answer against those of the version and the coverage that it states.
 *
 *  A file is of one model version (docs/load.md): the number of items of each shard, and for each
 *  user the best items, best first, each with its score and the shard that owns it. The first n of
 *  them whose shards answered are the list: whole where all did, and the right partial one
 *  otherwise.
 *
 *      user   u17                 all shards: i4 i9 i2     shard 1 alone: i9 i2 i8
 *      2.75   0   i4
 *      2.5    1   i9              every item that is among the best n of its shard is there
 *      1.125  1   i2
 *      ...
 *
 *  The user with the empty id stands for all that the model does not know, and for those of whom a
 *  degraded answer knows nothing.
 */
#ifndef SOUK_CLIENT_REFERENCELISTS_H
#define SOUK_CLIENT_REFERENCELISTS_H

#include "serve/client/souk_client.h"

struct souk_references;

/** @param paths of files, separated by comma, at most 64
 *  @param n  length of the lists that will be checked
 *  @param out owned by the caller, free with souk_references_free(); NULL on failure
 *  @return SOUK_OK, SOUK_ENOTFOUND, SOUK_EIO, SOUK_EFORMAT (with the line), SOUK_EUSAGE (a file is
 *          for shorter lists), SOUK_ENOMEM */
souk_status souk_references_load(const char *paths, int64_t n, struct souk_references **out,
                                 struct souk_error *err) SOUK_MUST_CHECK;
void souk_references_free(struct souk_references *r);

enum souk_verdict {
    SOUK_VERDICT_RIGHT,
    SOUK_VERDICT_WRONG,           /**< not the list of the version and coverage stated */
    SOUK_VERDICT_MIXED,           /**< wrong, and each item is of some version: of several, or of
                                       another than is stated */
    SOUK_VERDICT_UNKNOWN_VERSION, /**< no file is of the version stated */
    SOUK_VERDICT_UNCHECKED,       /**< the version's file has no list of this user */
};

/** Thread-safe. @param user that was asked for @param n the length that was asked for
 *  @param a an answer with status 0 */
enum souk_verdict souk_references_check(const struct souk_references *r, const char *user,
                                        int64_t n, const struct souk_answer *a);

#endif
