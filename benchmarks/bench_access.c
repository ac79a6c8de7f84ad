/* bench_access [TOKENS] [THREADS]: what the check of a token costs a request, with rates to keep.
 * The residual: checks that were not granted. */
#include "serve/access/access.h"
#include "serve/access/tokenlist.h"
#include "shared/base/clock.h"
#include "souk_version.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REPETITIONS = 20, ROUNDS = 100000, THREADS_MAX = 64 };

static struct souk_access *access_of_bench;
static char tokens[SOUK_TOKENS_MAX][SOUK_TOKEN_TEXT + 1];
static int token_count = 100, thread_count = 1;
static int64_t clock_us; /* of the run; no rate is exceeded on it */

static int write_tokens(FILE *file)
{
    for (int i = 0; i < token_count; i++) {
        struct souk_token_entry e = {
            .scopes = SOUK_SCOPE_READ, .expires_s = INT64_MAX, .rate = 1e6, .burst = 1000000};
        char line[SOUK_TOKEN_LINE_MAX];
        snprintf(e.name, sizeof e.name, "t%d", i);
        souk_token_make(tokens[i]);
        if (!souk_token_digest(tokens[i], SOUK_TOKEN_TEXT, &e.digest))
            return 1;
        souk_token_entry_format(&e, line);
        if (fputs(line, file) < 0)
            return 1;
    }
    return fclose(file);
}

static int make(struct souk_error *err)
{
    char path[] = "/tmp/bench_access-XXXXXX";
    FILE *file = NULL;
    if (souk_token_prepare(err) != SOUK_OK || !(file = fdopen(mkstemp(path), "w")) ||
        write_tokens(file) != 0)
        return 1;
    const souk_status status = souk_access_open(path, 1e6, NULL, &access_of_bench, err);
    unlink(path);
    return status != SOUK_OK;
}

static void *ask(void *argument)
{
    long refused = 0;
    int64_t retry_ms;
    (void)argument; /* a thread's signature */
    for (int64_t i = 0; i < ROUNDS; i++)
        refused += souk_access_check(access_of_bench, tokens[i % token_count], SOUK_TOKEN_TEXT,
                                     SOUK_SCOPE_READ, clock_us + i * thread_count, 1,
                                     &retry_ms) != SOUK_ACCESS_GRANTED;
    return (void *)refused;
}

/* Nanoseconds a check. */
static double run(long *refused)
{
    pthread_t threads[THREADS_MAX];
    const int64_t begun_us = souk_monotonic_us();
    for (int t = 0; t < thread_count; t++)
        if (pthread_create(&threads[t], NULL, ask, NULL) != 0)
            exit(1);
    for (int t = 0; t < thread_count; t++) {
        void *of_thread = NULL;
        if (pthread_join(threads[t], &of_thread) != 0)
            exit(1);
        *refused += (long)of_thread;
    }
    clock_us += (int64_t)ROUNDS * thread_count;
    return (double)(souk_monotonic_us() - begun_us) * 1e3 / ROUNDS / thread_count;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    struct souk_error err = {.msg = "the file of tokens cannot be written"};
    double ns[REPETITIONS];
    long refused = 0, unused = 0;
    token_count = argc > 1 ? atoi(argv[1]) : token_count;
    thread_count = argc > 2 ? atoi(argv[2]) : thread_count;
    if (token_count < 1 || token_count > SOUK_TOKENS_MAX || thread_count < 1 ||
        thread_count > THREADS_MAX)
        return 2;
    if (make(&err) != 0) {
        fprintf(stderr, "bench_access: %s\n", err.msg);
        return 1;
    }
    run(&unused);
    for (int i = 0; i < REPETITIONS; i++)
        ns[i] = run(&refused);
    qsort(ns, REPETITIONS, sizeof *ns, compare);
    printf("{\"bench\":\"access\",\"commit\":\"%s\",\"tokens\":%d,\"threads\":%d,\"min_ns\":%.0f,"
           "\"median_ns\":%.0f,\"p95_ns\":%.0f,\"refused\":%ld}\n",
           SOUK_GIT_HASH, token_count, thread_count, ns[0], ns[REPETITIONS / 2],
           ns[REPETITIONS * 19 / 20], refused);
    souk_access_free(access_of_bench);
    return refused != 0;
}
