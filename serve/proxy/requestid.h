/** @file
 *  The id of an answer, 32 hex digits that tell where it comes from: events bring it back.
 *
 *      5f3a90c1d27e4b  00  9c1e2d3f4a5b6c7d
 *      unique          arm id of the model     arm 00: the version in use, 01: the canary
 */
#ifndef SOUK_PROXY_REQUESTID_H
#define SOUK_PROXY_REQUESTID_H

#include "serve/proxy/uniqueid.h"

#include <stdbool.h>
#include <stddef.h>

enum { SOUK_REQUEST_ID_LEN = SOUK_UNIQUE_ID_LEN, SOUK_REQUEST_ID_MODEL = 16 };

enum souk_arm { SOUK_ARM_STABLE, SOUK_ARM_CANARY, SOUK_ARMS };

/** "stable", "canary". */
const char *souk_arm_name(enum souk_arm arm);

/** Say which model answers. @param id [SOUK_REQUEST_ID_LEN], of souk_unique_id_next()
 *  @param model its id; one that is not 16 hex digits is left out, as zeros */
void souk_request_id_stamp(char *id, const char *model, enum souk_arm arm);

/** @param model [SOUK_REQUEST_ID_MODEL + 1], out
 *  @return false: it does not look like one of ours */
bool souk_request_id_read(const char *id, size_t len, char *model, enum souk_arm *arm);

#endif
