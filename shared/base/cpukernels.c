#include "shared/base/cpukernels.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static bool runs(const char *name)
{
#if defined(__x86_64__)
    __builtin_cpu_init(); /* we may be called before main() */
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                      __builtin_cpu_supports("bmi");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl");
    if (strcmp(name, "avx512vnni") == 0)
        return avx512 && __builtin_cpu_supports("avx512vnni");
    if (strcmp(name, "avx512") == 0)
        return avx512;
    if (strcmp(name, "avx2") == 0)
        return avx2;
#endif
    return strcmp(name, "plain") == 0;
}

const void *souk_cpukernels_find(const struct souk_cpukernels *choices, const char *name)
{
    for (const struct souk_cpukernels *c = choices; c->name; c++)
        if ((!name || strcmp(c->name, name) == 0) && runs(c->name))
            return c->table;
    return NULL;
}
