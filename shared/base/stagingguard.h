/** @file
 *  The signal handler of souk_staging_guard(), as staging.c drives it.
 *
 *      off --guard()--> armed --hold()--> committing --release()--> armed --unguard()--> off
 *                         | a signal: remove, die     | a signal: waits for the release
 *
 *  Internal to shared/base. The calls do nothing for a staging that is not the guarded one.
 */
#ifndef SOUK_BASE_STAGINGGUARD_H
#define SOUK_BASE_STAGINGGUARD_H

#include "shared/base/staging.h"

/** Names are about to be exchanged: a signal waits from now on. */
void souk_staging_hold_signals(const struct souk_staging *s);

/** They are exchanged; does not return when a signal was waiting. */
void souk_staging_release_signals(const struct souk_staging *s);

/** Give the signals back to those who had them. */
void souk_staging_unguard(const struct souk_staging *s);

#endif
