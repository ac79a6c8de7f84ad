#include "serve/net/shutdown.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

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

static int wait_for(const sigset_t *set, int64_t timeout_ms)
{
    const struct timespec timeout = {.tv_sec = timeout_ms / 1000,
                                     .tv_nsec = timeout_ms % 1000 * 1000000};
    const int number = sigtimedwait(set, NULL, &timeout);
    return number > 0 ? number : 0;
}

void souk_shutdown_prepare_hangup(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int souk_shutdown_wait_or_hangup_ms(int64_t timeout_ms)
{
    sigset_t set = deadly_signals();
    sigaddset(&set, SIGHUP);
    return wait_for(&set, timeout_ms);
}

int souk_shutdown_wait_ms(int64_t timeout_ms)
{
    const sigset_t set = deadly_signals();
    return wait_for(&set, timeout_ms);
}
