/** @file
 *  SIGTERM and SIGINT of a serving process: blocked in every thread, waited for in main.
 */
#ifndef SOUK_NET_SHUTDOWN_H
#define SOUK_NET_SHUTDOWN_H

/** Block the signals; call before any thread is made. SIGPIPE is ignored. */
void souk_shutdown_prepare(void);

/** Wait for one of them. @return its number */
int souk_shutdown_wait(void);

#endif
