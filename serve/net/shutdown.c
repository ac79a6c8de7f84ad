#include "serve/net/shutdown.h"

#include <pthread.h>
#include <signal.h>

static sigset_t deadly_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

void souk_shutdown_prepare(void)
{
    const sigset_t set = deadly_signals();
    signal(SIGPIPE, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int souk_shutdown_wait(void)
{
    const sigset_t set = deadly_signals();
    int number = 0;
    while (sigwait(&set, &number) != 0)
        ;
    return number;
}
