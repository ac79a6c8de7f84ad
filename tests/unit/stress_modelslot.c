/* Readers take, read and give back versions while these change: each sees whole versions only, and
 * none that was freed. A plain program, because Criterion does not start under ThreadSanitizer. */
#include "serve/replica/modelslot.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { READERS = 4, CHANGES = 1000, WORDS = 64 };

/* A version all of whose words are its number, until it is freed. */
struct version {
    struct souk_held held;
    char name[16];
    int number, word[WORDS];
};

static struct souk_modelslot slot;
static atomic_bool over;
static atomic_int newest; /* number of the version that was put last */
static atomic_llong reads, mixed;

static void fail(const char *reason)
{
    fprintf(stderr, "stress_modelslot: %s\n", reason);
    exit(1);
}

static struct souk_held *new_version(int number)
{
    struct version *v = calloc(1, sizeof *v);
    if (!v)
        fail("no memory");
    v->number = number;
    snprintf(v->name, sizeof v->name, "v%d", number);
    v->held.id = v->name;
    for (int i = 0; i < WORDS; i++)
        v->word[i] = number;
    return &v->held;
}

static void free_version(struct souk_held *held)
{
    struct version *v = (struct version *)held;
    if (held->references != 0)
        fail("a version is removed while somebody reads it");
    memset(v->word, 0xff, sizeof v->word);
    free(v);
}

static void read_one(int wanted, int64_t now_us)
{
    char name[16];
    snprintf(name, sizeof name, "v%d", wanted);
    struct version *v = (struct version *)souk_modelslot_take(&slot, name, strlen(name), now_us);
    if (!v) /* it has gone, or is not there yet */
        return;
    bool same = v->number == wanted;
    for (int i = 0; i < WORDS; i++)
        same &= v->word[i] == wanted;
    atomic_fetch_add(&mixed, !same);
    atomic_fetch_add(&reads, 1);
    souk_modelslot_give(&slot, &v->held);
}

static void *read_versions(void *argument)
{
    int turn = *(int *)argument;
    for (; !atomic_load(&over); turn++) {
        read_one(atomic_load(&newest) - (turn % 3 == 0), turn);
        sched_yield(); /* a mutex is not fair: those that spin would starve the one that changes */
    }
    return NULL;
}

static void change_versions(void)
{
    const struct timespec pause = {.tv_nsec = 50000};
    for (int n = 1; n <= CHANGES; n++) {
        struct souk_held *older = souk_modelslot_remove_older(&slot, 0, INT64_MAX);
        if (older)
            free_version(older);
        souk_modelslot_put(&slot, new_version(n), 0);
        atomic_store(&newest, n);
        nanosleep(&pause, NULL);
        if (n % 7 == 0 && n > 1) { /* and roll back now and then */
            char name[16];
            snprintf(name, sizeof name, "v%d", n - 1);
            if (!souk_modelslot_prefer(&slot, name, 0))
                fail("the version before is not there");
        }
    }
}

int main(void)
{
    pthread_t threads[READERS];
    int turns[READERS];
    souk_modelslot_init(&slot);
    for (int i = 0; i < READERS; i++) {
        turns[i] = i;
        if (pthread_create(&threads[i], NULL, read_versions, &turns[i]) != 0)
            fail("no thread");
    }
    change_versions();
    atomic_store(&over, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    for (struct souk_held *held; (held = souk_modelslot_remove_newest(&slot));)
        free_version(held);
    souk_modelslot_fini(&slot);
    printf("%d changes, %lld reads, %lld mixed\n", CHANGES, (long long)reads, (long long)mixed);
    return mixed == 0 && reads > 0 ? 0 : 1;
}
