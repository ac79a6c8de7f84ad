/* The token that a client shows: from a file or from the environment, never from a command line. */
#include "serve/client/clientcall.h"
#include "shared/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 1024 };

/* @param text [FILE_BYTES_MAX + 1] */
static souk_status read_file(const char *path, char *text, struct souk_error *err)
{
    struct stat info;
    size_t len = 0;
    ssize_t got = 1;
    souk_status status = SOUK_OK;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0) {
        status = souk_fail_errno(err, "cannot read the token of %s", path);
        goto out;
    }
    if (info.st_mode & S_IRWXO)
        souk_log(SOUK_LOG_WARN, "token_is_open", "file=%s mode=%04o way_out=\"chmod o= %s\"", path,
                 (unsigned)info.st_mode & 07777, path);
    while (got != 0 && len < FILE_BYTES_MAX && !status) {
        got = read(fd, text + len, FILE_BYTES_MAX - len);
        if (got < 0 && errno != EINTR)
            status = souk_fail_errno(err, "cannot read the token of %s", path);
        len += got > 0 ? (size_t)got : 0;
    }
    text[len] = '\0';
    text[strcspn(text, " \t\r\n")] = '\0';
    if (!status && text[0] == '\0')
        status = souk_fail(err, SOUK_EFORMAT, "%s holds no token", path);
out:
    if (fd >= 0)
        close(fd);
    return status;
}

souk_status souk_client_load_token(struct souk_client *client, const char *path,
                                   struct souk_error *err)
{
    char text[FILE_BYTES_MAX + 1];
    const char *variable = getenv("SOUK_TOKEN");
    souk_status status = SOUK_OK;
    if (!path)
        return souk_client_set_token(client, variable && *variable ? variable : NULL, err);
    status = read_file(path, text, err);
    if (!status)
        status = souk_client_set_token(client, text, err);
    explicit_bzero(text, sizeof text);
    return status;
}
