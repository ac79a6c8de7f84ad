/** @file
 *  What calibration leaves in a model: how sure a score is, by segment of users.
 *
 *  Users with a history and users without are not exchangeable: each segment has a conformal
 *  calibration of its own (the `confidence` of an item, conformal.h), and a fit of its own (its
 *  `probability`, isotonic.h). A segment that was not calibrated has no points: its confidence is 1
 *  and not guaranteed, its probability NaN, that is, not said.
 *
 *  Everything is plain arrays; the text form is one JSON object (docs/confidence.md).
 */
#ifndef SOUK_SCORE_CONFIDENCE_H
#define SOUK_SCORE_CONFIDENCE_H

#include "shared/score/conformal.h"
#include "shared/score/isotonic.h"
#include "shared/score/segment.h"

#include <stddef.h>

struct souk_confidence {
    struct souk_conformal conformal[SOUK_SEGMENTS];
    struct souk_isotonic probability[SOUK_SEGMENTS];
};

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
