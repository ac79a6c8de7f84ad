#include "shared/base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <xxhash.h>

enum { READ_BYTES = 1 << 18 };

uint64_t souk_hash_bytes(const void *bytes, size_t len)
{
    return XXH3_64bits(bytes, len);
}

struct souk_hash_wide souk_hash_wide(const void *bytes, size_t len)
{
    const XXH128_hash_t hash = XXH3_128bits(bytes, len);
    return (struct souk_hash_wide){hash.high64, hash.low64};
}

souk_status souk_hash_file(const char *path, int64_t skip, uint64_t *digest, int64_t *size_bytes,
                           struct souk_error *err)
{
    souk_status status = SOUK_OK;
    struct stat info;
    size_t got;
    unsigned char *chunk = NULL;
    XXH3_state_t *state = NULL;
    FILE *file = fopen(path, "rb");

    if (!file || fstat(fileno(file), &info) != 0 || fseeko(file, skip, SEEK_SET) != 0) {
        status = souk_fail_errno(err, "%s", path);
        goto out;
    }
    chunk = malloc(READ_BYTES);
    state = XXH3_createState();
    if (!chunk || !state) {
        status = souk_fail(err, SOUK_ENOMEM, "%s: no memory to hash it", path);
        goto out;
    }
    XXH3_64bits_reset(state);
    while ((got = fread(chunk, 1, READ_BYTES, file)) > 0)
        XXH3_64bits_update(state, chunk, got);
    if (ferror(file)) {
        status = souk_fail_errno(err, "%s", path);
        goto out;
    }
    *digest = XXH3_64bits_digest(state);
    *size_bytes = info.st_size;
out:
    if (file)
        fclose(file);
    XXH3_freeState(state);
    free(chunk);
    return status;
}
