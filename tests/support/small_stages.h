/** @file
 *  The stages of a small model: two sources, three columns with some NaN, two event types, two
 *  levels with some items of no value.
 */
#ifndef SOUK_TESTS_SMALL_STAGES_H
#define SOUK_TESTS_SMALL_STAGES_H

#include "shared/model/modelfile.h"

/** Names and rules; no forest. The first source has no lift, the second one has.
 *  @param out its rules_json is the caller's, free()
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status small_stages_name(struct souk_model_stages *out) SOUK_MUST_CHECK;

/** Levels of the model's items, at random. Values are numbered as the hashes of "v0", "v1", ...
 * are.
 *  @param out empty with souk_levels_fini() whatever is returned
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status small_stages_sort(uint64_t seed, int64_t items,
                              struct souk_levels *out) SOUK_MUST_CHECK;

/** Events of the part's users, sources and columns of its items, at random.
 *  @param items of the whole model; @param p with ids; empty with souk_model_part_fini()
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status small_stages_fill(uint64_t seed, int64_t items,
                              struct souk_model_part *p) SOUK_MUST_CHECK;

#endif
