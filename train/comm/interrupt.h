/** @file
 *  Signals that ask a training program to save its state, and to stop.
 *
 *      SIGUSR1   save and go on        SIGTERM   save and stop
 *
 *  The handlers set flags and nothing else. One rank may get a signal alone, so ranks agree between
 *  two epochs on what was asked. Signals are of the process: at most one user at a time.
 */
#ifndef SOUK_COMM_INTERRUPT_H
#define SOUK_COMM_INTERRUPT_H

#include "train/comm/comm.h"

enum souk_interrupt { SOUK_INTERRUPT_NONE, SOUK_INTERRUPT_SAVE, SOUK_INTERRUPT_STOP };

/** Catch both signals from now on; what came before is forgotten. */
void souk_interrupt_catch(void);

/** Ignore both from now on: the rest is short, and better finished than begun again. */
void souk_interrupt_ignore(void);

/** Collective. The most that a signal at any rank, or any rank itself, asks for. Signals so far are
 *  spent. @param mine what this rank asks for beside its signals */
souk_status souk_interrupt_agree_all(const struct souk_comm *comm, enum souk_interrupt mine,
                                     enum souk_interrupt *agreed,
                                     struct souk_error *err) SOUK_MUST_CHECK;

#endif
