#include "serve/net/pinning.h"

#include "shared/base/memory.h"

#include <ctype.h>
#include <hwloc.h>
#include <stdlib.h>
#include <string.h>

struct souk_pinning {
    hwloc_topology_t topology;
    hwloc_bitmap_t cores;
    int count;
};

static souk_status look_around(struct souk_pinning *p, struct souk_error *err)
{
    p->cores = hwloc_bitmap_alloc();
    if (!p->cores || hwloc_topology_init(&p->topology) != 0)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the topology of this machine");
    if (hwloc_topology_load(p->topology) != 0)
        return souk_fail_errno(err, "cannot find out about this machine's cores");
    return SOUK_OK;
}

static souk_status take_cores(struct souk_pinning *p, const char *cores, struct souk_error *err)
{
    const int there = hwloc_get_nbobjs_by_type(p->topology, HWLOC_OBJ_CORE);
    const bool is_list = isdigit((unsigned char)cores[0]) &&
                         strspn(cores, "0123456789,-") == strlen(cores) &&
                         hwloc_bitmap_list_sscanf(p->cores, cores) == 0;
    p->count = is_list ? hwloc_bitmap_weight(p->cores) : 0;
    if (p->count < 1 || hwloc_bitmap_last(p->cores) >= there)
        return souk_fail(
            err, SOUK_EUSAGE,
            "--pin '%s' is not a list of cores such as 0-3,8; this machine has 0 to %d", cores,
            there - 1);
    return SOUK_OK;
}

souk_status souk_pinning_new(const char *cores, struct souk_pinning **out, struct souk_error *err)
{
    struct souk_pinning *p = souk_zalloc_array(1, sizeof *p);
    *out = NULL;
    if (!p)
        return souk_fail(err, SOUK_ENOMEM, "no memory for --pin");
    souk_status status = look_around(p, err);
    if (!status)
        status = take_cores(p, cores, err);
    if (status)
        souk_pinning_free(p);
    else
        *out = p;
    return status;
}

void souk_pinning_free(struct souk_pinning *p)
{
    if (!p)
        return;
    if (p->topology)
        hwloc_topology_destroy(p->topology);
    hwloc_bitmap_free(p->cores);
    free(p);
}

int souk_pinning_count(const struct souk_pinning *p)
{
    return p->count;
}

souk_status souk_pinning_bind(const struct souk_pinning *p, int thread, struct souk_error *err)
{
    int number = hwloc_bitmap_first(p->cores);
    for (int k = thread % p->count; k > 0; k--)
        number = hwloc_bitmap_next(p->cores, number);
    const hwloc_obj_t core = hwloc_get_obj_by_type(p->topology, HWLOC_OBJ_CORE, (unsigned)number);
    if (hwloc_set_cpubind(p->topology, core->cpuset, HWLOC_CPUBIND_THREAD) != 0)
        return souk_fail_errno(err, "cannot move a thread to core %d", number);
    return SOUK_OK;
}
