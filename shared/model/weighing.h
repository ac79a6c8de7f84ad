/** @file
 *  How events became the weight of a pair in training, in the manifests of models of every kind:
 *  who weighs later events must do it alike.
 *
 *      "weighing": {"weighting": "events", "types": [{"name": "view", "weight": 1, ...}, ...]}
 *
 *  Private to shared/model but for the texts of the weightings.
 */
#ifndef SOUK_MODEL_WEIGHING_H
#define SOUK_MODEL_WEIGHING_H

#include "shared/data/manifest.h"
#include "shared/model/modelfile.h"

/** "events", "values", "orders", "last", "mean". */
const char *souk_weighting_name(enum souk_weighting weighting);

/** @param name [len] @return false: it is none of them; *weighting is untouched */
bool souk_weighting_of_name(const char *name, size_t len, enum souk_weighting *weighting);

/** A list of types as objects of name, weight and target; NULL when memory is out. */
json_t *souk_event_types_json(const struct souk_event_type *types, int count);

/** Read such a list. @param list not trusted; path, key for messages
 *  @return SOUK_OK, SOUK_EFORMAT */
souk_status souk_event_types_read(const char *path, const char *key, const json_t *list,
                                  struct souk_event_type *types, int *count,
                                  struct souk_error *err) SOUK_MUST_CHECK;

/** The manifest's member `weighing`; NULL when memory is out. */
json_t *souk_weighing_json(const struct souk_model_weighing *w);

/** Read it; a manifest that has none, of an earlier release, knows no types.
 *  @return SOUK_OK, SOUK_EFORMAT (names the key) */
souk_status souk_weighing_parse(const struct souk_manifest *m, struct souk_model_weighing *w,
                                struct souk_error *err) SOUK_MUST_CHECK;

#endif
