/** @file
 *  Ids of requests whose clients bring none: 16 hex digits, other ones in each process.
 */
#ifndef SOUK_HTTP_CALLID_H
#define SOUK_HTTP_CALLID_H

#include <stdatomic.h>
#include <stdint.h>

enum { SOUK_CALL_ID_BYTES = 17 };

struct souk_call_ids {
    uint64_t seed;
    _Atomic uint64_t count;
};

void souk_call_ids_init(struct souk_call_ids *ids);

/** Thread-safe. @param id [SOUK_CALL_ID_BYTES], out */
void souk_call_ids_next(struct souk_call_ids *ids, char *id);

#endif
