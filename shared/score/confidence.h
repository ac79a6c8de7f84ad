/** @file
 *  What calibration leaves in a model: how sure a score is, by audience.
 *
 *  Visitors with a long history, with a short one, and those of whom no event is known are not
 *  exchangeable, and the last are answered by popularity, whose scores are no ranker's: each
 *  audience has a conformal calibration of its own (the `confidence` of an item, conformal.h), and
 * a fit of its own (its `probability`, isotonic.h). One that was not calibrated has no points: its
 *  confidence is 1 and not guaranteed, its probability NaN, that is, not said.
 *
 *  Everything is plain arrays; the text form is one JSON object (docs/confidence.md).
 */
#ifndef SOUK_SCORE_CONFIDENCE_H
#define SOUK_SCORE_CONFIDENCE_H

#include "shared/score/conformal.h"
#include "shared/score/isotonic.h"

#include <stddef.h>

/** X(NAME, "name"): the segments of segment.h, and those whom popularity answers. */
#define SOUK_AUDIENCE_LIST(X)                                                                      \
    X(WARM, "warm") /**< has a history to speak of */                                              \
    X(COLD, "cold") /**< a few items */                                                            \
    X(NEW, "new")   /**< no event is known of */

enum souk_audience {
#define X(name, text) SOUK_AUDIENCE_##name,
    SOUK_AUDIENCE_LIST(X)
#undef X
        SOUK_AUDIENCES
};

struct souk_confidence {
    struct souk_conformal conformal[SOUK_AUDIENCES];
    struct souk_isotonic probability[SOUK_AUDIENCES];
};

/** "warm", "cold" or "new". */
const char *souk_audience_name(enum souk_audience audience);

/** What answers say of an item: confidence in [1 / (n + 1), 1], 1 without calibration; probability
 *  in [0, 1], NaN without. Both never fall with the score. Thread-safe.
 *  @param audience of the visitor; @param score that the list is ordered by */
double souk_confidence_of(const struct souk_confidence *c, enum souk_audience audience,
                          double score);
double souk_confidence_probability(const struct souk_confidence *c, enum souk_audience audience,
                                   double score);

/** The least score that min_confidence = alpha keeps (souk_conformal_threshold()), and whether that
 *  promises anything (souk_conformal_is_guaranteed()). */
double souk_confidence_threshold(const struct souk_confidence *c, enum souk_audience audience,
                                 double alpha);
bool souk_confidence_is_guaranteed(const struct souk_confidence *c, enum souk_audience audience,
                                   double alpha);

/** Multiply the scores that an audience was calibrated on: another unit, the same order.
 *  @param factor finite, above 0 */
void souk_confidence_scale(struct souk_confidence *c, enum souk_audience audience, double factor);

/** Frees everything; a zeroed one is fine, and is one without calibration. */
void souk_confidence_fini(struct souk_confidence *c);

/** As JSON text. @param text [*len] and a NUL, free() it; NULL on failure
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_confidence_format(const struct souk_confidence *c, char **text, size_t *len,
                                   struct souk_error *err) SOUK_MUST_CHECK;

/** From JSON text: untrusted, the same bits as were written.
 *  @param text [len], no NUL needed; @param name stands in messages
 *  @param c    overwritten; empty on failure
 *  @return SOUK_OK, SOUK_EFORMAT, SOUK_EVERSION, SOUK_ENOMEM */
souk_status souk_confidence_parse(struct souk_confidence *c, const char *text, size_t len,
                                  const char *name, struct souk_error *err) SOUK_MUST_CHECK;

#endif
