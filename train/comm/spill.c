#include "train/comm/spill.h"

#include "shared/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

souk_status souk_spill_init(struct souk_spill *s, const char *folder, size_t bytes,
                            struct souk_error *err)
{
    char path[4096];
    int fd = -1, code = 0;
    souk_status status = SOUK_OK;
    *s = (struct souk_spill){.bytes = bytes ? bytes : 1};
    if (snprintf(path, sizeof path, "%s/souk-XXXXXX", folder) >= (int)sizeof path)
        return souk_fail(err, SOUK_EIO, "%s: the name is too long", folder);
    fd = mkstemp(path);
    if (fd < 0)
        return souk_fail(err, SOUK_EIO, "%s: %s: choose another folder with --scratch", folder,
                         strerror(errno));
    if (unlink(path) != 0)
        status = souk_fail(err, SOUK_EIO, "%s: %s", path, strerror(errno));
    /* The blocks are taken now: a disk that fills up later would end in SIGBUS. */
    if (!status && (code = posix_fallocate(fd, 0, (off_t)s->bytes)) != 0)
        status = souk_fail(err, SOUK_EIO, "%s: %s: %zu bytes are needed (--scratch)", folder,
                           strerror(code), s->bytes);
    if (!status) {
        void *data = mmap(NULL, s->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (data == MAP_FAILED)
            status = souk_fail(err, SOUK_ENOMEM, "%s: %s", folder, strerror(errno));
        else
            s->data = data;
    }
    if (close(fd) != 0 && !status)
        status = souk_fail(err, SOUK_EIO, "%s: %s", folder, strerror(errno));
    return status;
}

void souk_spill_fini(struct souk_spill *s)
{
    if (s->data && munmap(s->data, s->bytes) != 0)
        souk_log(SOUK_LOG_WARN, "spill", "munmap: %s", strerror(errno));
    *s = (struct souk_spill){0};
}

void souk_spill_release(const struct souk_spill *s)
{
    if (s->data && madvise(s->data, s->bytes, MADV_DONTNEED) != 0)
        souk_log(SOUK_LOG_DEBUG, "spill", "madvise: %s", strerror(errno));
}
