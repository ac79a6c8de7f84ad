#include "train/comm/interrupt.h"

#include <signal.h>
#include <stdatomic.h>

static _Atomic int asked; /* an enum souk_interrupt; lock-free, as a handler needs it */

static void on_signal(int signal_number)
{
    if (signal_number == SIGTERM)
        atomic_store(&asked, SOUK_INTERRUPT_STOP);
    else if (atomic_load(&asked) == SOUK_INTERRUPT_NONE)
        atomic_store(&asked, SOUK_INTERRUPT_SAVE);
}

static void set_handler(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaddset(&action.sa_mask, SIGTERM);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void souk_interrupt_catch(void)
{
    atomic_store(&asked, SOUK_INTERRUPT_NONE);
    set_handler(on_signal);
}

void souk_interrupt_ignore(void)
{
    set_handler(SIG_IGN);
}

souk_status souk_interrupt_agree_all(const struct souk_comm *comm, enum souk_interrupt mine,
                                     enum souk_interrupt *agreed, struct souk_error *err)
{
    const int signalled = atomic_exchange(&asked, SOUK_INTERRUPT_NONE);
    int64_t most = signalled > (int)mine ? signalled : (int)mine;
    const souk_status status = souk_max_i64_all(comm, &most, 1, err);
    *agreed = (enum souk_interrupt)most;
    return status;
}
