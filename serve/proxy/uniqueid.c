#include "serve/proxy/uniqueid.h"

#include "shared/base/clock.h"
#include "shared/base/random.h"

#include <sys/random.h>
#include <sys/types.h>

void souk_unique_ids_init(struct souk_unique_ids *u)
{
    if (getrandom(u->nonce, sizeof u->nonce, 0) != (ssize_t)sizeof u->nonce)
        for (uint64_t k = 0; k < 2; k++)
            u->nonce[k] = souk_random_bits((uint64_t)souk_wall_ms(), k, 0);
    atomic_init(&u->count, 0);
}

void souk_unique_id_next(struct souk_unique_ids *u, char id[SOUK_UNIQUE_ID_LEN])
{
    const uint64_t place = u->nonce[0] + atomic_fetch_add(&u->count, 1);
    const uint64_t word[] = {place << 8 | u->nonce[1] >> 56, u->nonce[1] * 2 + place};
    for (int i = 0; i < SOUK_UNIQUE_ID_LEN; i++)
        id[i] = "0123456789abcdef"[word[i / 16] >> (60 - 4 * (i % 16)) & 15];
}
