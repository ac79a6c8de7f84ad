#include "shared/base/stagingguard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Whoever leaves ARMED decides: the committing thread, or the handler, in whatever thread. */
enum guard_state { GUARD_OFF, GUARD_ARMED, GUARD_COMMITTING, GUARD_DYING };

static const int guarded_signals[] = {SIGTERM, SIGINT, SIGHUP};
enum { GUARDED_SIGNALS = sizeof guarded_signals / sizeof *guarded_signals };

static struct {
    _Atomic int state;
    _Atomic int waiting; /* a signal that came while committing */
    bool folder;
    char path[4096];
    struct sigaction before[GUARDED_SIGNALS];
} guard;

struct raw_entry { /* what getdents64(2) writes */
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

/* readdir() allocates, which a signal handler must not; the system call behind it does not. */
static void unlink_entries(int folder)
{
    static _Alignas(struct raw_entry) char buffer[8192];
    long got;
    while ((got = syscall(SYS_getdents64, folder, buffer, sizeof buffer)) > 0)
        for (long at = 0; at < got;) {
            const struct raw_entry *entry = (const struct raw_entry *)(buffer + at);
            unlinkat(folder, entry->name, 0); /* fails on . and .. */
            at += entry->length;
        }
}

static void remove_guarded(void)
{
    if (!guard.folder) {
        unlink(guard.path);
        return;
    }
    /* Another rank may add a file meanwhile; once the folder is gone, none can. */
    for (int attempt = 0; attempt < 8 && rmdir(guard.path) != 0; attempt++) {
        const int folder = open(guard.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0)
            return;
        unlink_entries(folder);
        close(folder);
    }
}

static void die_of(int signal_number)
{
    signal(signal_number, SIG_DFL);
    raise(signal_number); /* in the handler it is blocked, and strikes at the return */
}

static bool change_state(int from, int to)
{
    return atomic_compare_exchange_strong(&guard.state, &from, to);
}

static void on_deadly_signal(int signal_number)
{
    const int saved = errno;
    if (change_state(GUARD_ARMED, GUARD_DYING)) {
        remove_guarded();
        die_of(signal_number);
    } else if (atomic_load(&guard.state) == GUARD_COMMITTING) {
        atomic_store(&guard.waiting, signal_number);
    } else if (atomic_load(&guard.state) == GUARD_OFF) {
        die_of(signal_number);
    } /* dying: another thread is at it */
    errno = saved;
}

void souk_staging_guard(const struct souk_staging *s)
{
    struct sigaction action = {.sa_handler = on_deadly_signal};
    const size_t len = strlen(s->partial);
    if (len >= sizeof guard.path || atomic_load(&guard.state) != GUARD_OFF)
        return; /* longer than any path that the system takes, or another staging is guarded */
    memcpy(guard.path, s->partial, len + 1);
    guard.folder = s->folder;
    atomic_store(&guard.waiting, 0);
    atomic_store(&guard.state, GUARD_ARMED);
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < GUARDED_SIGNALS; i++)
        sigaddset(&action.sa_mask, guarded_signals[i]);
    for (int i = 0; i < GUARDED_SIGNALS; i++) {
        sigaction(guarded_signals[i], NULL, &guard.before[i]);
        if (guard.before[i].sa_handler != SIG_IGN) /* nohup's choice stands */
            sigaction(guarded_signals[i], &action, NULL);
    }
}

static bool is_guarded(const struct souk_staging *s)
{
    return atomic_load(&guard.state) != GUARD_OFF && s->partial &&
           strcmp(guard.path, s->partial) == 0;
}

void souk_staging_hold_signals(const struct souk_staging *s)
{
    if (!is_guarded(s))
        return;
    while (!change_state(GUARD_ARMED, GUARD_COMMITTING))
        pause(); /* a handler in another thread is removing what would be committed */
}

void souk_staging_release_signals(const struct souk_staging *s)
{
    if (!is_guarded(s))
        return;
    atomic_store(&guard.state, GUARD_ARMED);
    const int waiting = atomic_exchange(&guard.waiting, 0);
    if (waiting != 0)
        raise(waiting);
}

void souk_staging_unguard(const struct souk_staging *s)
{
    if (!is_guarded(s))
        return;
    for (int i = 0; i < GUARDED_SIGNALS; i++)
        sigaction(guarded_signals[i], &guard.before[i], NULL);
    atomic_store(&guard.state, GUARD_OFF);
}
