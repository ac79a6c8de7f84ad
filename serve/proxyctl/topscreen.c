#include "serve/proxyctl/topscreen.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* ECMA-48, and the private modes of xterm that every terminal of today has. */
#define OTHER_SCREEN "\033[?1049h\033[?25l"
#define OWN_SCREEN "\033[?25h\033[?1049l"
#define HOME "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_BELOW "\033[J"

static sigset_t watched_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGWINCH);
    return set;
}

void souk_top_screen_prepare(void)
{
    const sigset_t set = watched_signals();
    signal(SIGPIPE, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void souk_top_screen_measure(struct souk_top_screen *s)
{
    struct winsize size = {0};
    s->width = 80;
    s->height = 0;
    if (s->is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 &&
        size.ws_row > 0) {
        s->width = size.ws_col;
        s->height = size.ws_row;
    }
}

void souk_top_screen_open(struct souk_top_screen *s)
{
    *s = (struct souk_top_screen){.is_terminal = isatty(STDOUT_FILENO)};
    if (s->is_terminal)
        fputs(OTHER_SCREEN, stdout);
    souk_top_screen_measure(s);
}

bool souk_top_screen_show(const struct souk_top_screen *s, const char *frame)
{
    if (s->is_terminal)
        fputs(HOME, stdout);
    while (*frame) {
        const size_t len = strcspn(frame, "\n");
        const bool last = frame[len] == '\0' || frame[len + 1] == '\0';
        fwrite(frame, 1, len, stdout);
        if (s->is_terminal)
            fputs(CLEAR_LINE, stdout);
        if (!s->is_terminal || !last) /* behind the last line the screen would scroll */
            fputc('\n', stdout);
        frame += len + (frame[len] != '\0');
    }
    fputs(s->is_terminal ? CLEAR_BELOW : "\n", stdout);
    return fflush(stdout) == 0 && !ferror(stdout);
}

enum souk_top_event souk_top_screen_wait(int64_t ms)
{
    const sigset_t set = watched_signals();
    const struct timespec timeout = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    const int number = sigtimedwait(&set, NULL, &timeout);
    return number == SIGWINCH ? SOUK_TOP_RESIZED : number > 0 ? SOUK_TOP_END : SOUK_TOP_TIME;
}

void souk_top_screen_close(const struct souk_top_screen *s)
{
    if (s->is_terminal)
        fputs(OWN_SCREEN, stdout);
    fflush(stdout);
}
