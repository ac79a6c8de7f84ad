/* What systemd is told: the test is the one who listens on NOTIFY_SOCKET. */
#include "serve/net/servicestate.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { SECOND_US = 1000000 };

static int listener = -1;
static char folder[] = "/tmp/souk-notify-XXXXXX", path[64], heard[512];
static struct souk_service_state state;

static void begin(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    cr_assert(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/notify", folder);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cr_assert(listener >= 0 &&
              bind(listener, (const struct sockaddr *)&address, sizeof address) == 0);
    cr_assert_eq(setenv("NOTIFY_SOCKET", path, 1), 0);
    cr_assert_eq(setenv("WATCHDOG_USEC", "8000000", 1), 0);
}

static void end(void)
{
    close(listener);
    unlink(path);
    rmdir(folder);
}

TestSuite(servicestate, .init = begin, .fini = end);

/* The next message; "" where there is none. */
static const char *hear(void)
{
    const ssize_t len = recv(listener, heard, sizeof heard - 1, 0);
    heard[len > 0 ? len : 0] = '\0';
    return heard;
}

Test(servicestate, says_each_thing_once)
{
    souk_service_state_init(&state, NULL, 0);
    souk_service_state_ready(&state);
    souk_service_state_ready(&state);
    souk_service_state_tell(&state, "model %s", "a");
    souk_service_state_tell(&state, "model %s", "a");
    souk_service_state_tell(&state, "model %s\nWATCHDOG=trigger", "b");
    souk_service_state_reloading(&state, 17);
    souk_service_state_ready(&state);
    souk_service_state_stopping(&state);
    cr_expect_str_eq(hear(), "READY=1");
    cr_expect_str_eq(hear(), "STATUS=model a");
    cr_expect_str_eq(hear(), "STATUS=model b");
    cr_expect_str_eq(hear(), "RELOADING=1\nMONOTONIC_USEC=17");
    cr_expect_str_eq(hear(), "READY=1");
    cr_expect_str_eq(hear(), "STOPPING=1");
    cr_expect_str_eq(hear(), "");
}

Test(servicestate, beats_often_enough)
{
    souk_service_state_init(&state, NULL, 0);
    cr_expect_eq(souk_service_state_pause_ms(&state, 250), 250);
    cr_expect_eq(souk_service_state_pause_ms(&state, 5000), 1000);
    int beats = 0;
    for (int64_t now_us = 0; now_us < 60 * SECOND_US; now_us += SECOND_US / 4) {
        souk_service_state_beat(&state, now_us);
        beats += strcmp(hear(), "WATCHDOG=1") == 0;
    }
    cr_expect_eq(beats, 60, "%d", beats);
}

Test(servicestate, without_a_watchdog_nothing_beats)
{
    unsetenv("WATCHDOG_USEC");
    souk_service_state_init(&state, NULL, 0);
    souk_service_state_beat(&state, 60 * SECOND_US);
    cr_expect_str_eq(hear(), "");
    cr_expect_eq(souk_service_state_pause_ms(&state, 5000), 5000);
}

Test(servicestate, without_a_listener_nothing_is_told)
{
    unsetenv("NOTIFY_SOCKET");
    souk_service_state_init(&state, NULL, 0);
    souk_service_state_ready(&state);
    souk_service_state_stopping(&state);
    cr_expect_str_eq(hear(), "");
}

/* ---- a workforce that is stuck ---- */

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

static enum souk_task_step hang(void *context, int worker, struct souk_task *task,
                                struct souk_writer *reply)
{
    (void)context, (void)worker, (void)task, (void)reply; /* a handler's signature */
    pthread_mutex_lock(&held);
    pthread_mutex_unlock(&held);
    return SOUK_TASK_ANSWERED;
}

static void answered(struct souk_task *task, const struct souk_writer *reply)
{
    (void)task, (void)reply; /* nobody waits for it */
}

static void expect_beats(int64_t from_s, int64_t until_s, bool expected)
{
    for (int64_t s = from_s; s < until_s; s++) {
        souk_service_state_beat(&state, s * SECOND_US);
        cr_expect_eq(strcmp(hear(), "WATCHDOG=1") == 0, expected, "at %d s", (int)s);
    }
}

Test(servicestate, the_beats_cease_while_the_workers_are_stuck)
{
    static struct souk_task tasks[2] = {{.request = "", .answer = answered},
                                        {.request = "", .answer = answered}};
    const struct souk_workforce_plan plan = {.workers = 1, .queue = 4, .handler = hang};
    struct souk_workforce *force;
    struct souk_error err;
    cr_assert_eq(souk_workforce_start(&plan, &force, &err), SOUK_OK);
    souk_service_state_init(&state, force, 0);
    pthread_mutex_lock(&held);
    souk_workforce_take(force, &tasks[0]);
    while (souk_workforce_begun(force) == 0)
        usleep(1000);
    expect_beats(0, 20, true); /* one that takes long is no reason */
    souk_workforce_take(force, &tasks[1]);
    expect_beats(20, 24, true);
    expect_beats(24, 40, false);
    pthread_mutex_unlock(&held);
    while (souk_workforce_busy(force) > 0)
        usleep(1000);
    expect_beats(40, 50, true);
    souk_workforce_stop(force);
    souk_workforce_free(force);
}
