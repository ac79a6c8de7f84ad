#include "serve/net/descriptors.h"

#include "shared/base/log.h"

#include <inttypes.h>
#include <sys/resource.h>

souk_status souk_descriptors_raise(int64_t *connections, bool fixed, struct souk_error *err)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return souk_fail_errno(err, "RLIMIT_NOFILE");
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            return souk_fail_errno(err, "RLIMIT_NOFILE");
    }
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > INT32_MAX ||
        *connections + SOUK_DESCRIPTORS_SPARE <= (int64_t)limit.rlim_cur)
        return SOUK_OK;
    if (fixed || limit.rlim_cur <= SOUK_DESCRIPTORS_SPARE)
        return souk_fail(err, SOUK_EUSAGE,
                         "--connections %" PRId64 " takes %" PRId64 " file descriptors, and the "
                         "hard limit is %" PRId64 ": raise it (ulimit -Hn, LimitNOFILE)",
                         *connections, *connections + SOUK_DESCRIPTORS_SPARE,
                         (int64_t)limit.rlim_cur);
    *connections = (int64_t)limit.rlim_cur - SOUK_DESCRIPTORS_SPARE;
    souk_log(SOUK_LOG_WARN, "connections_limited",
             "connections=%" PRId64 " reason=\"the hard limit of file descriptors\"", *connections);
    return SOUK_OK;
}
