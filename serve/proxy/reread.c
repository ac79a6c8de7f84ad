#include "serve/proxy/reread.h"

#include "serve/proxy/fleetchange.h"
#include "serve/proxy/fleetplan.h"
#include "shared/base/log.h"

void souk_reread_fleet(const char *path, struct souk_topology *topology)
{
    struct souk_fleet_plan plan = {0};
    struct souk_fleet_change change;
    struct souk_error err = {0};
    souk_status status = souk_fleet_plan_read(path, &plan, &err);
    if (!status)
        status = souk_fleet_apply(topology, &plan, &change, &err);
    if (status)
        souk_log(SOUK_LOG_ERROR, "fleet_kept", "reason=\"%s\"", err.msg);
    else
        souk_log(SOUK_LOG_INFO, "fleet_read",
                 "file=%s added=%d removed=%d drained=%d undrained=%d silent=%d", path,
                 change.added, change.removed, change.drained, change.undrained, change.silent);
    souk_fleet_plan_fini(&plan);
}

void souk_reread_tokens(const char *path, struct souk_access *access)
{
    struct souk_error err = {0};
    int count;
    if (souk_access_reload(access, &count, &err) != SOUK_OK)
        souk_log(SOUK_LOG_ERROR, "tokens_kept", "reason=\"%s\"", err.msg);
    else
        souk_log(SOUK_LOG_INFO, "tokens_read", "file=%s tokens=%d", path, count);
}
