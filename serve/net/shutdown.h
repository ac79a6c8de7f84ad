/** @file
 *  SIGTERM and SIGINT of a serving process: blocked in every thread, waited for in main.
 */
#ifndef SOUK_NET_SHUTDOWN_H
#define SOUK_NET_SHUTDOWN_H

#include <stdint.h>

/** Block the signals; call before any thread is made. SIGPIPE is ignored. */
void souk_shutdown_prepare(void);

/** Wait for one of them, for so long at most. @return its number, 0: none came */
int souk_shutdown_wait_ms(int64_t timeout_ms);

/** For a process that reads something again on SIGHUP: block it, too; before any thread is made. */
void souk_shutdown_prepare_hangup(void);

/** Wait for one of them, or for SIGHUP, for so long at most. @return its number, 0: none came */
int souk_shutdown_wait_or_hangup_ms(int64_t timeout_ms);

#endif
