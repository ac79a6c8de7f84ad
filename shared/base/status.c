#include "shared/base/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *souk_status_text(souk_status status)
{
    switch (status) {
#define X(name, value, text)                                                                       \
    case SOUK_##name:                                                                              \
        return text;
        SOUK_STATUS_LIST(X)
#undef X
    }
    return "unknown status";
}

int souk_exit_code(souk_status status)
{
    switch (status) {
    case SOUK_OK:
        return 0;
    case SOUK_EUSAGE:
    case SOUK_EINVAL:
        return 2;
    case SOUK_EFORMAT:
    case SOUK_EINTEGRITY:
    case SOUK_EVERSION:
        return 3;
    case SOUK_EINTERRUPTED:
        return 4;
    default:
        return 1;
    }
}

souk_status souk_fail(struct souk_error *err, souk_status status, const char *fmt, ...)
{
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        err->status = status;
        vsnprintf(err->msg, sizeof err->msg, fmt, ap);
        va_end(ap);
    }
    return status;
}

souk_status souk_fail_errno(struct souk_error *err, const char *fmt, ...)
{
    const int code = errno;
    const souk_status status = code == ENOENT   ? SOUK_ENOTFOUND
                               : code == ENOMEM ? SOUK_ENOMEM
                               : code == EEXIST ? SOUK_EEXIST
                                                : SOUK_EIO;
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        err->status = status;
        int len = vsnprintf(err->msg, sizeof err->msg, fmt, ap);
        va_end(ap);
        if (len >= 0 && (size_t)len < sizeof err->msg) {
            char reason[96];
            snprintf(err->msg + len, sizeof err->msg - (size_t)len, ": %s",
                     strerror_r(code, reason, sizeof reason));
        }
    }
    return status;
}

souk_status souk_error_prefix(struct souk_error *err, souk_status status, const char *fmt, ...)
{
    if (!err)
        return status;
    char old[sizeof err->msg];
    memcpy(old, err->msg, sizeof old);
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    const int room = (int)sizeof err->msg - len;
    if (len >= 0 && room > 0)
        snprintf(err->msg + len, (size_t)room, ": %.*s", room, old);
    return status;
}
