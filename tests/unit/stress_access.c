/* Threads ask with a token that stays, and one that comes and goes, while the table is swapped and
 * its metrics are read: who stays is let in as often as the rate allows and no more, and every
 * request is counted. A plain program, because Criterion does not start under ThreadSanitizer. */
#include "serve/access/access.h"
#include "serve/access/tokenlist.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 4, CHECKS = 20000, RATED = 10000, SWAPS = 60 };

static struct souk_access *access_of_test;
static char stays[SOUK_TOKEN_TEXT + 1], goes[SOUK_TOKEN_TEXT + 1];
static char path[] = "/tmp/stress_access-XXXXXX";
static atomic_int granted, limited, unknown;

static void fail(const char *reason)
{
    fprintf(stderr, "stress_access: %s\n", reason);
    exit(1);
}

static void add_line(FILE *file, const char *token, const char *name, double rate, int64_t burst)
{
    struct souk_token_entry e = {
        .scopes = SOUK_SCOPE_READ, .expires_s = INT64_MAX, .rate = rate, .burst = burst};
    char line[SOUK_TOKEN_LINE_MAX];
    snprintf(e.name, sizeof e.name, "%s", name);
    if (!souk_token_digest(token, SOUK_TOKEN_TEXT, &e.digest))
        fail("no digest");
    souk_token_entry_format(&e, line);
    if (fputs(line, file) < 0)
        fail("cannot write");
}

/* The clock of the test stands still: the burst is all that the rate ever lets in. */
static void write_tokens(bool both)
{
    FILE *file = fopen(path, "w");
    if (!file)
        fail("cannot write");
    add_line(file, stays, "stays", 1, RATED);
    if (both)
        add_line(file, goes, "goes", 0, 0);
    if (fclose(file) != 0)
        fail("cannot write");
}

static void *ask(void *unused)
{
    int64_t retry_ms;
    (void)unused; /* a thread's signature */
    for (int i = 0; i < CHECKS; i++) {
        const enum souk_access_verdict a = souk_access_check(access_of_test, stays, SOUK_TOKEN_TEXT,
                                                             SOUK_SCOPE_READ, 0, 0, &retry_ms);
        const enum souk_access_verdict b = souk_access_check(access_of_test, goes, SOUK_TOKEN_TEXT,
                                                             SOUK_SCOPE_READ, 0, 0, &retry_ms);
        atomic_fetch_add(a == SOUK_ACCESS_GRANTED ? &granted : &limited, 1);
        if (a != SOUK_ACCESS_GRANTED && a != SOUK_ACCESS_RATE)
            fail("who stays was not known");
        if (b != SOUK_ACCESS_GRANTED && b != SOUK_ACCESS_UNKNOWN)
            fail("who goes was neither known nor unknown");
        atomic_fetch_add(&unknown, b == SOUK_ACCESS_UNKNOWN);
    }
    return NULL;
}

static void swap_and_read(struct souk_metrics *registry)
{
    struct souk_error err = {0};
    for (int i = 0; i < SWAPS; i++) {
        struct souk_exposition e = {0};
        int count = 0;
        write_tokens(i % 2 == 0);
        if (souk_access_reload(access_of_test, &count, &err) != SOUK_OK)
            fail(err.msg);
        souk_metrics_write(registry, &e);
        if (e.failed)
            fail("no metrics");
        souk_exposition_fini(&e);
    }
}

static bool is_exposed(struct souk_metrics *registry, const char *sample, int value)
{
    struct souk_exposition e = {0};
    char line[128];
    snprintf(line, sizeof line, "%s %d\n", sample, value);
    souk_metrics_write(registry, &e);
    const bool found = memmem(e.text, e.length, line, strlen(line)) != NULL;
    souk_exposition_fini(&e);
    return found;
}

int main(void)
{
    pthread_t threads[THREADS];
    struct souk_metrics *registry = souk_metrics_new();
    struct souk_error err = {0};
    const int fd = mkstemp(path);
    if (!registry || fd < 0 || close(fd) != 0 || souk_token_prepare(&err) != SOUK_OK)
        fail("cannot begin");
    souk_token_make(stays);
    souk_token_make(goes);
    write_tokens(true);
    if (souk_access_open(path, 0, registry, &access_of_test, &err) != SOUK_OK)
        fail(err.msg);
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, ask, NULL) != 0)
            fail("no thread");
    swap_and_read(registry);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("%d granted, %d limited, %d unknown\n", granted, limited, unknown);
    const bool good =
        granted == RATED && limited == THREADS * CHECKS - RATED &&
        is_exposed(registry, "souk_access_token_requests_total{token=\"stays\",admitted=\"yes\"}",
                   granted) &&
        is_exposed(registry, "souk_access_refused_total{reason=\"rate\"}", limited) &&
        is_exposed(registry, "souk_access_refused_total{reason=\"unknown\"}", unknown);
    souk_access_free(access_of_test);
    souk_metrics_free(registry);
    unlink(path);
    return good ? 0 : 1;
}
