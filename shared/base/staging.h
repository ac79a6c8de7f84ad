/** @file
 *  Output that appears whole or not at all.
 *
 *      PATH                what readers see: the old version, until the commit
 *      .PATH.partial       (beside it) where the new version grows
 *      commit              sync every file, sync the folder, rename over PATH, sync the parent
 *
 *  For a single file and for a flat folder of files (dataset, model). Where PATH is a link, what it
 *  points to is replaced. A process that dies leaves only the partial name, which the next run with
 *  the same PATH removes. A folder is exchanged with the old one in one step (renameat2); where the
 *  file system cannot, the old one is renamed to .PATH.replaced for a moment, and put back by the
 *  next run where the process died in that moment. SIGTERM, SIGINT and SIGHUP remove the partial
 *  version at once (souk_staging_guard).
 */
#ifndef SOUK_BASE_STAGING_H
#define SOUK_BASE_STAGING_H

#include "shared/base/status.h"

#include <stdbool.h>

struct souk_staging {
    char *path;    /**< final name */
    char *partial; /**< temporary name: write here */
    bool folder;
    bool committed;
};

/** Prepare to replace `path`. For a folder, makes the empty temporary folder. In an MPI program
 *  only one rank calls begin with create = true, the others with false after it (they only learn
 *  the name).
 *  @param marker a file that every folder of this kind holds; NULL: any folder may be replaced
 *  @return SOUK_OK, SOUK_EIO, SOUK_ENOTFOUND (no parent folder), SOUK_EEXIST (path exists and is
 *          not of this kind: a file where a folder is wanted, a device where a file is, or a folder
 *          that is not empty and has no `marker` in it, which is somebody else's), SOUK_EINVAL
 *          (`.`, `..` or `/`), SOUK_ENOMEM; *s is zeroed on failure */
souk_status souk_staging_begin(struct souk_staging *s, const char *path, bool folder,
                               const char *marker, bool create,
                               struct souk_error *err) SOUK_MUST_CHECK;

/** Sync one finished file under the temporary folder (each rank its own, before the commit). */
souk_status souk_staging_sync_file(const char *file, struct souk_error *err) SOUK_MUST_CHECK;

/** Sync the folder and put it in place, atomically where the file system can exchange names.
 *  After this, readers see the new version whole. Called by one rank. */
souk_status souk_staging_commit(struct souk_staging *s, struct souk_error *err) SOUK_MUST_CHECK;

/** Remove what is there of the new version, unless it was committed, and free the names. Safe on a
 *  zeroed struct. @param remove true on one rank */
void souk_staging_end(struct souk_staging *s, bool remove);

/** From now to souk_staging_end(), a deadly signal removes the partial version first.
 *  One staging at a time per process. */
void souk_staging_guard(const struct souk_staging *s);

/** Remove a file, or a folder with all in it. Missing is fine. */
souk_status souk_remove_tree(const char *path, struct souk_error *err) SOUK_MUST_CHECK;

#endif
