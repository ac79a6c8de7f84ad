/** @file
 *  Ids of requests whose clients bring none: 16 hex digits, other ones in each process.
 */
#ifndef SOUK_HTTP_REQUESTID_H
#define SOUK_HTTP_REQUESTID_H

#include <stdatomic.h>
#include <stdint.h>

enum { SOUK_REQUEST_ID_BYTES = 17 };

struct souk_request_ids {
    uint64_t seed;
    _Atomic uint64_t count;
};

void souk_request_ids_init(struct souk_request_ids *ids);

/** Thread-safe. @param id [SOUK_REQUEST_ID_BYTES], out */
void souk_request_ids_next(struct souk_request_ids *ids, char *id);

#endif
