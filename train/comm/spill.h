/** @file
 *  Arrays that live in a file, mapped: memory that the system may take back at any time, by writing
 *  it out. The file has no name any more when the call returns: nothing is left behind.
 */
#ifndef SOUK_COMM_SPILL_H
#define SOUK_COMM_SPILL_H

#include "shared/base/status.h"

#include <stddef.h>

struct souk_spill {
    void *data; /**< [bytes], zeroed, aligned to a page */
    size_t bytes;
};

/** @param folder where the file is made; it should not be a memory file system
 *  @return SOUK_OK, SOUK_EIO (a folder that cannot be written, a full disk), SOUK_ENOMEM */
souk_status souk_spill_init(struct souk_spill *s, const char *folder, size_t bytes,
                            struct souk_error *err) SOUK_MUST_CHECK;
void souk_spill_fini(struct souk_spill *s);

/** Let go of the pages: what was written stays, and comes back when it is touched. */
void souk_spill_release(const struct souk_spill *s);

#endif
