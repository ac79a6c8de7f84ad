/** @file
 *  The sections of a two-stage model in its files; private to shared/model.
 *
 *      model.h5        manifest: "stages": {sources, columns, types, rules, forest, levels,
 *                      confidence}     /forest     /confidence     /levels/value, hash
 *      part-NNNN.h5    /users/event_*  /items/columns  /items/day*
 *                      /sources/NAME/length, item, weight
 */
#ifndef SOUK_MODEL_STAGES_H
#define SOUK_MODEL_STAGES_H

#include "shared/data/manifest.h"
#include "shared/model/modelfile.h"

/** The manifest's member `stages`; NULL when memory is out. */
json_t *souk_stages_json(const struct souk_model_stages *s);

/** Read what souk_stages_json() wrote. @return SOUK_OK, SOUK_EFORMAT (names the key), SOUK_ENOMEM
 */
souk_status souk_stages_parse(const struct souk_manifest *m, struct souk_model_stages *s,
                              struct souk_error *err) SOUK_MUST_CHECK;

/** What model.h5 holds beside the manifest: levels (levels.h), and the texts of the forest and of
 *  the calibration as /forest and /confidence; reading checks them against the manifest's digests.
 *  @param items of the model */
souk_status souk_stages_write_tables(struct souk_h5 *h5, const struct souk_model_stages *s,
                                     struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_stages_read_tables(struct souk_h5 *h5, const struct souk_manifest *m,
                                    int64_t items, struct souk_model_stages *s,
                                    struct souk_error *err) SOUK_MUST_CHECK;
void souk_stages_fini(struct souk_model_stages *s);

/** A part's sections. Reading checks shapes, ranges, orders and finite values.
 *  @param path of the file, for messages */
souk_status souk_stages_write_users(struct souk_h5 *h5, const struct souk_model_part *p,
                                    struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_stages_write_items(struct souk_h5 *h5, const struct souk_model_stages *s,
                                    const struct souk_model_part *p,
                                    struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_stages_read_users(struct souk_h5 *h5, const char *path, const struct souk_model *m,
                                   struct souk_model_part *p,
                                   struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_stages_read_items(struct souk_h5 *h5, const char *path, const struct souk_model *m,
                                   struct souk_model_part *p,
                                   struct souk_error *err) SOUK_MUST_CHECK;
void souk_stages_part_fini(struct souk_model_part *p);

#endif
