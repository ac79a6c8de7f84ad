/** @file
 *  What the manifests of datasets and models share: JSON in a sealed HDF5 file, read with
 * suspicion.
 *
 *  A getter fails with SOUK_EFORMAT and names the file and the key when the value is absent, of
 *  another type, or out of range.
 */
#ifndef SOUK_DATA_MANIFEST_H
#define SOUK_DATA_MANIFEST_H

#include "shared/base/status.h"
#include "shared/data/category.h"
#include "shared/data/dataset.h"
#include "shared/data/h5file.h"

#include <jansson.h>
#include <stdint.h>

/** A manifest that is being read: where it came from, for messages. */
struct souk_manifest {
    const char *path;
    json_t *json;
};

/** Store as /manifest. @param digest XXH3-64 of the stored text */
souk_status souk_manifest_write(struct souk_h5 *h5, const json_t *json, uint64_t *digest,
                                struct souk_error *err) SOUK_MUST_CHECK;

/** Read /manifest. @param json owned by the caller, json_decref() */
souk_status souk_manifest_read(struct souk_h5 *h5, const char *path, json_t **json,
                               uint64_t *digest, struct souk_error *err) SOUK_MUST_CHECK;

souk_status souk_manifest_get_int(const struct souk_manifest *m, const char *key, int64_t min,
                                  int64_t max, int64_t *value,
                                  struct souk_error *err) SOUK_MUST_CHECK;

/** @param text [size], NUL-terminated; a longer text is refused */
souk_status souk_manifest_get_text(const struct souk_manifest *m, const char *key, char *text,
                                   size_t size, struct souk_error *err) SOUK_MUST_CHECK;

/** The JSON text of a member, owned by the caller; NULL where it is absent. */
souk_status souk_manifest_get_json(const struct souk_manifest *m, const char *key, char **text,
                                   struct souk_error *err) SOUK_MUST_CHECK;

/** [parts + 1] row starts: 0, then ascending. @param first owned by the caller, free() */
souk_status souk_manifest_get_first(const struct souk_manifest *m, const char *key, int parts,
                                    int64_t **first, struct souk_error *err) SOUK_MUST_CHECK;

/** [parts] sizes and digests. @param files owned by the caller, free() */
souk_status souk_manifest_get_files(const struct souk_manifest *m, int parts,
                                    struct souk_part_file **files,
                                    struct souk_error *err) SOUK_MUST_CHECK;

/** NULL when memory is out. */
json_t *souk_manifest_first_json(const int64_t *first, int parts);
json_t *souk_manifest_files_json(const struct souk_part_file *files, int parts);

/** Parsed JSON text, or null where text is NULL or no JSON. */
json_t *souk_manifest_embed(const char *text);

/** The category tree as /categories/id and /categories/parent; nothing where it is empty. */
souk_status souk_manifest_write_categories(struct souk_h5 *h5, const struct souk_categories *c,
                                           struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_manifest_read_categories(struct souk_h5 *h5, struct souk_categories *c,
                                          struct souk_error *err) SOUK_MUST_CHECK;

/** Read the ids of a part and check that there are as many as the row starts say, and that each
 *  belongs to this part. @param first [parts + 1] row starts; @param path for messages */
souk_status souk_manifest_read_ids(struct souk_h5 *h5, const char *path, const char *name,
                                   const int64_t *first, int part, int parts,
                                   struct souk_idtable *ids,
                                   struct souk_error *err) SOUK_MUST_CHECK;

/** FOLDER/NAME in new memory. */
char *souk_path_join(const char *folder, const char *name) SOUK_MUST_CHECK;

/** "part-0003.h5". @param name [20] */
void souk_part_name(int part, char name[20]);

/** Join ids, row lengths and (columns > 0) factors of all parts in a manifest file, for people.
 *  @param group "users" or "items"; @param length_name "length", or NULL for none */
souk_status souk_manifest_write_virtual(struct souk_h5 *h5, const char *group, const int64_t *first,
                                        int parts, int id_width, const char *length_name,
                                        int factors, struct souk_error *err) SOUK_MUST_CHECK;

#endif
