#include "shared/data/h5seal.h"

#include "shared/base/hash.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char MAGIC[] = "souk-h5 1\n";

static void format_seal(char seal[SOUK_H5_SEAL_BYTES], const char *kind, int64_t content_bytes,
                        uint64_t content_hash)
{
    memset(seal, 0, SOUK_H5_SEAL_BYTES);
    snprintf(seal, SOUK_H5_SEAL_BYTES, "%skind %s\nbytes %016" PRId64 "\nxxh3 %016" PRIx64 "\n",
             MAGIC, kind, content_bytes, content_hash);
}

static souk_status write_and_sync(int fd, const char *path, const char *seal,
                                  struct souk_error *err)
{
    if (pwrite(fd, seal, SOUK_H5_SEAL_BYTES, 0) != SOUK_H5_SEAL_BYTES)
        return souk_fail_errno(err, "%s: write the seal", path);
    if (fsync(fd) != 0)
        return souk_fail_errno(err, "%s: sync", path);
    return SOUK_OK;
}

souk_status souk_h5seal_write(const char *path, const char *kind, int64_t *size_bytes,
                              uint64_t *digest, struct souk_error *err)
{
    char seal[SOUK_H5_SEAL_BYTES];
    uint64_t content_hash = 0;
    souk_status status = souk_hash_file(path, SOUK_H5_SEAL_BYTES, &content_hash, size_bytes, err);
    if (status)
        return status;
    format_seal(seal, kind, *size_bytes - SOUK_H5_SEAL_BYTES, content_hash);
    *digest = souk_hash_bytes(seal, sizeof seal);

    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return souk_fail_errno(err, "%s", path);
    status = write_and_sync(fd, path, seal, err);
    if (close(fd) != 0 && !status)
        status = souk_fail_errno(err, "%s: close", path);
    return status;
}

static souk_status read_seal(const char *path, char seal[SOUK_H5_SEAL_BYTES + 1],
                             int64_t *size_bytes, struct souk_error *err)
{
    struct stat info;
    souk_status status = SOUK_OK;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return souk_fail_errno(err, "%s", path);
    if (fstat(fd, &info) != 0) {
        status = souk_fail_errno(err, "%s", path);
        goto out;
    }
    if (!S_ISREG(info.st_mode)) {
        status = souk_fail(err, SOUK_EFORMAT, "%s: not a regular file", path);
        goto out;
    }
    *size_bytes = info.st_size;
    const ssize_t got = pread(fd, seal, SOUK_H5_SEAL_BYTES, 0);
    if (got < 0)
        status = souk_fail_errno(err, "%s", path);
    else if (got == 0)
        status = souk_fail(err, SOUK_EFORMAT, "%s: the file is empty", path);
    else if (got < SOUK_H5_SEAL_BYTES)
        status = souk_fail(err, SOUK_EFORMAT, "%s: not a file of Souk's, or cut short (%zd bytes)",
                           path, got);
    seal[SOUK_H5_SEAL_BYTES] = '\0';
out:
    close(fd);
    return status;
}

static souk_status check_seal(const char *path, const char *kind, const char *seal,
                              int64_t *content_bytes, uint64_t *content_hash,
                              struct souk_error *err)
{
    int version = 0;
    char found[65] = "", again[SOUK_H5_SEAL_BYTES];
    if (sscanf(seal, "souk-h5 %9d\n", &version) != 1)
        return souk_fail(err, SOUK_EFORMAT, "%s: not a file of Souk's", path);
    if (version != 1)
        return souk_fail(err, SOUK_EVERSION, "%s: container version %d, this build reads version 1",
                         path, version);
    if (sscanf(seal, "souk-h5 1\nkind %64s\nbytes %16" SCNd64 "\nxxh3 %16" SCNx64 "\n", found,
               content_bytes, content_hash) != 3)
        return souk_fail(err, SOUK_EINTEGRITY, "%s: its seal is damaged", path);
    format_seal(again, found, *content_bytes, *content_hash);
    if (memcmp(seal, again, sizeof again) != 0)
        return souk_fail(err, SOUK_EINTEGRITY, "%s: its seal is damaged", path);
    if (strcmp(found, kind) != 0)
        return souk_fail(err, SOUK_EINTEGRITY, "%s: holds a %s where a %s is wanted", path, found,
                         kind);
    return SOUK_OK;
}

souk_status souk_h5seal_verify(const char *path, const char *kind, int64_t *size_bytes,
                               uint64_t *digest, struct souk_error *err)
{
    char seal[SOUK_H5_SEAL_BYTES + 1];
    int64_t stated_bytes = 0, hashed_bytes = 0;
    uint64_t stated_hash = 0, hash = 0;
    souk_status status = read_seal(path, seal, size_bytes, err);
    if (!status)
        status = check_seal(path, kind, seal, &stated_bytes, &stated_hash, err);
    if (status)
        return status;
    if (*size_bytes - SOUK_H5_SEAL_BYTES != stated_bytes)
        return souk_fail(err, SOUK_EINTEGRITY, "%s: %lld bytes where its seal states %lld", path,
                         (long long)*size_bytes, (long long)(stated_bytes + SOUK_H5_SEAL_BYTES));
    status = souk_hash_file(path, SOUK_H5_SEAL_BYTES, &hash, &hashed_bytes, err);
    if (status)
        return status;
    if (hash != stated_hash || hashed_bytes != *size_bytes)
        return souk_fail(err, SOUK_EINTEGRITY,
                         "%s: damaged: its content hashes to %016" PRIx64
                         ", its seal states %016" PRIx64,
                         path, hash, stated_hash);
    *digest = souk_hash_bytes(seal, SOUK_H5_SEAL_BYTES);
    return SOUK_OK;
}
