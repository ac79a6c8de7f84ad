#include "serve/net/tokenfile.h"

#include "shared/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
    while (got != 0 && len < SOUK_TOKEN_BYTES_MAX && !status) {
        got = read(fd, text + len, SOUK_TOKEN_BYTES_MAX - len);
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

static souk_status read_variable(char *text, struct souk_error *err)
{
    const char *variable = getenv("SOUK_TOKEN");
    if (variable && strlen(variable) > SOUK_TOKEN_BYTES_MAX)
        return souk_fail(err, SOUK_EUSAGE, "SOUK_TOKEN has more than %d bytes",
                         SOUK_TOKEN_BYTES_MAX);
    if (variable)
        memcpy(text, variable, strlen(variable) + 1);
    return SOUK_OK;
}

souk_status souk_token_file_read(const char *path, char *text, struct souk_error *err)
{
    *text = '\0';
    return path ? read_file(path, text, err) : read_variable(text, err);
}
