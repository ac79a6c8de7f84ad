#include "serve/http/callid.h"

#include "shared/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

void souk_call_ids_init(struct souk_call_ids *ids)
{
    if (getrandom(&ids->seed, sizeof ids->seed, GRND_NONBLOCK) != (ssize_t)sizeof ids->seed)
        ids->seed = (uint64_t)souk_wall_ms() << 20 ^ (uint64_t)souk_monotonic_us();
    atomic_init(&ids->count, 0);
}

/* A bijection of the count (Steele, Lea, Flood: Fast splittable pseudorandom number generators):
 * none comes twice in a process. */
void souk_call_ids_next(struct souk_call_ids *ids, char *id)
{
    uint64_t z = ids->seed + (atomic_fetch_add(&ids->count, 1) + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    snprintf(id, SOUK_CALL_ID_BYTES, "%016" PRIx64, z ^ (z >> 31));
}
