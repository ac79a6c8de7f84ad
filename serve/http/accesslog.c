#include "serve/http/accesslog.h"

#include "shared/base/clock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static souk_status open_file(const char *path, int *fd, struct souk_error *err)
{
    *fd = strcmp(path, "-") == 0
              ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
              : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
    return *fd >= 0 ? SOUK_OK : souk_fail_errno(err, "--access-log %s", path);
}

souk_status souk_access_log_open(struct souk_access_log *log, const char *path,
                                 struct souk_error *err)
{
    int fd = -1;
    log->path = path;
    const souk_status status = path ? open_file(path, &fd, err) : SOUK_OK;
    atomic_init(&log->fd, fd);
    return status;
}

souk_status souk_access_log_reopen(struct souk_access_log *log, struct souk_error *err)
{
    int fd;
    if (!log->path)
        return SOUK_OK;
    souk_status status = open_file(log->path, &fd, err);
    if (status)
        return status;
    /* The number stays the same: who is about to write does so into the old file or the new one. */
    if (dup3(fd, atomic_load(&log->fd), O_CLOEXEC) < 0)
        status = souk_fail_errno(err, "--access-log %s", log->path);
    close(fd);
    return status;
}

void souk_access_log_write(struct souk_access_log *log, int64_t wall_ms, const char *method,
                           const char *route, unsigned code, size_t bytes, int64_t took_us,
                           const char *id)
{
    char line[512], time[25];
    const int fd = atomic_load(&log->fd);
    if (fd < 0)
        return;
    souk_time_format(wall_ms, time);
    const int len = snprintf(line, sizeof line, "%s %.16s %s %u %zu %.3fms %s\n", time, method,
                             route, code, bytes, (double)took_us / 1000, id[0] ? id : "-");
    if (len > 0 && write(fd, line, (size_t)len) < 0)
        return;
}

void souk_access_log_close(struct souk_access_log *log)
{
    const int fd = atomic_exchange(&log->fd, -1);
    if (log->path && fd >= 0)
        close(fd);
}
