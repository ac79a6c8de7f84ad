/** @file
 *  What a server must be to hold a store of events: durable, and of this program's schema. Private
 * to this folder.
 */
#ifndef SOUK_EVENTS_POSTGRESCHECK_H
#define SOUK_EVENTS_POSTGRESCHECK_H

#include "shared/events/postgreslink.h"

/** Check a connection that was just made, keep its settings as they are, make or migrate the schema
 *  where the link may write. @return SOUK_OK, SOUK_EINVAL (not durable, no permission),
 *  SOUK_ENOTFOUND (nothing to read), SOUK_EVERSION, SOUK_EFORMAT, SOUK_EUNAVAILABLE (a standby),
 * and as souk_postgres_link_run() */
souk_status souk_postgres_check(struct souk_postgres_link *link,
                                struct souk_error *err) SOUK_MUST_CHECK;

#endif
