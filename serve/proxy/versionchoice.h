/** @file
 *  Which version of a model the proxy asks for while replicas change theirs one after another.
 *
 *      shard 0   A1 {B, A}   A2 {A}          A: 2 copies in shard 0, 2 in shard 1  -> 2
 *      shard 1   B1 {B, A}   B2 {B, A}       B: 1 copy   in shard 0, 2 in shard 1  -> 1
 *
 *  A version counts as often as the shard that has the fewest copies of it: traffic moves to a new
 *  version when that is no worse off than the old one, and a change that stops half-way leaves the
 *  fleet on the old one. Of versions that count the same, the one that replicas holding both were
 *  given last; so a roll-back is a change like any other. docs/adr/0009-versions.md.
 */
#ifndef SOUK_PROXY_VERSIONCHOICE_H
#define SOUK_PROXY_VERSIONCHOICE_H

#include <stdbool.h>
#include <stdint.h>

enum { SOUK_VERSIONS_KNOWN = 4 };

/** What one replica that can be asked holds. */
struct souk_version_vote {
    int shard;
    int count;                               /**< of versions */
    const char *id[SOUK_VERSIONS_KNOWN];     /**< newest first */
    int64_t created_ms[SOUK_VERSIONS_KNOWN]; /**< of the model */
};

/** Pure. A shard without a vote does not count: its part of the answer is missing anyway.
 *  @param votes  [count]
 *  @param in_use "": none yet
 *  @param but    a version that may not be chosen; "": any may
 *  @return one of the votes' ids; NULL: no version is in every shard that votes */
const char *souk_version_choose(const struct souk_version_vote *votes, int count,
                                const char *in_use, const char *but);

/** Whether every shard that votes has a copy. */
bool souk_version_is_everywhere(const struct souk_version_vote *votes, int count, const char *id);

#endif
