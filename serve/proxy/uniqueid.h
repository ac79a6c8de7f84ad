/** @file
 *  Ids that no other process makes. The first 14 of their 32 hex digits already differ: they count
 *  on from a random place.
 */
#ifndef SOUK_PROXY_UNIQUEID_H
#define SOUK_PROXY_UNIQUEID_H

#include <stdatomic.h>
#include <stdint.h>

enum { SOUK_UNIQUE_ID_LEN = 32 };

struct souk_unique_ids {
    uint64_t nonce[2];
    atomic_ullong count;
};

void souk_unique_ids_init(struct souk_unique_ids *u);

/** Hex digits, not ended by NUL. Thread-safe. */
void souk_unique_id_next(struct souk_unique_ids *u, char id[SOUK_UNIQUE_ID_LEN]);

#endif
