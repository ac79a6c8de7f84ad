/** @file
 *  A random model for tests of storage and serving, and models that are wrong in one way.
 */
#ifndef SOUK_TESTS_SMALL_MODEL_H
#define SOUK_TESTS_SMALL_MODEL_H

#include "shared/base/status.h"
#include "shared/model/modelfile.h"

#include <stdbool.h>
#include <stdint.h>

enum small_model_fault {
    SMALL_MODEL_WHOLE,
    SMALL_MODEL_NAN,             /**< one item factor is NaN; seals and digests are right */
    SMALL_MODEL_SCHEMA,          /**< the manifest says schema 9 */
    SMALL_MODEL_UNSORTED,        /**< two ids of a part are swapped */
    SMALL_MODEL_FAR_ITEM,        /**< a history names an item row that does not exist */
    SMALL_MODEL_FAR_NEIGHBOUR,   /**< a neighbour's row does not exist */
    SMALL_MODEL_LONG_NEIGHBOURS, /**< the manifest allows rows of one neighbour only */
    SMALL_MODEL_FAR_EVENT,       /**< an event names an item row that does not exist */
    SMALL_MODEL_LATE_EVENT,      /**< an event is later than the one after it */
    SMALL_MODEL_INFINITE,        /**< an item's column is infinite */
    SMALL_MODEL_EMPTY_DAY,       /**< a day of an item without a user */
    SMALL_MODEL_FAR_SOURCE,      /**< a row of a source names an item row that does not exist */
    SMALL_MODEL_FAR_LEVEL,       /**< an item has a value that its level has not */
    SMALL_MODEL_CONFIDENCE,      /**< the calibration is not the one of the manifest */
    SMALL_MODEL_OTHER_LEVEL,     /**< an item has another value than when the digest was taken */
};

#define SMALL_MODEL_CALIBRATION                                                                    \
    "{\"cold\":{\"knots\":[],\"probabilities\":[],\"true_scores\":[]},"                            \
    "\"new\":{\"knots\":[],\"probabilities\":[],\"true_scores\":[]},\"schema\":1,"                 \
    "\"warm\":{\"knots\":[-2.0,1.5],\"probabilities\":[0.125,0.5],\"true_scores\":[-1.5,0.25]}}"

struct small_model {
    int64_t users, items;
    int factors, parts;
    int64_t neighbours; /**< of each item, at most; 0: none */
    bool stages;        /**< two-stage, as small_stages.h says; without neighbours */
    uint64_t seed;
    enum small_model_fault fault;
};

/** Write a model folder. Users are "u0", "u1", ..., items "i0", ...; each user has up to 7 items,
 * with weights of a quarter to 2, and some users with weights of 0 only. Without factors, but with
 * neighbours, the kind is "ease", with factors "als", folded in as `ials` with a half-life of
 * 500 ms; event types are view (1), addtocart (4) and transaction (8); with stages it is
 * "two-stage", calibrated by SMALL_MODEL_CALIBRATION. */
souk_status small_model_write(const char *path, const struct small_model *m,
                              struct souk_error *err) SOUK_MUST_CHECK;

/** One part as it is written, before any fault.
 *  @param p with its number; empty with souk_model_part_fini() whatever is returned
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status small_model_fill_part(const struct small_model *m,
                                  struct souk_model_part *p) SOUK_MUST_CHECK;

#endif
