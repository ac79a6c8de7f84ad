#include "serve/replica/modelslot.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct souk_modelslot slot;

static void make(void)
{
    souk_modelslot_init(&slot);
}

static void empty(void)
{
    while (souk_modelslot_remove_newest(&slot))
        ;
    souk_modelslot_fini(&slot);
}

TestSuite(modelslot, .init = make, .fini = empty);

static struct souk_held *take(const char *id, int64_t now_us)
{
    return souk_modelslot_take(&slot, id, id ? strlen(id) : 0, now_us);
}

Test(modelslot, holds_nothing_at_first)
{
    struct souk_held *held[SOUK_VERSIONS_HELD];
    cr_assert_null(take(NULL, 1));
    cr_assert_null(take("a", 1));
    cr_assert_eq(souk_modelslot_list(&slot, held), 0);
    cr_assert_not(souk_modelslot_is_full(&slot));
}

Test(modelslot, gives_the_version_that_is_asked_for)
{
    static struct souk_held a = {.id = "a"}, b = {.id = "b"}; /* outlive the test: .fini empties */
    souk_modelslot_put(&slot, &a, 1);
    souk_modelslot_put(&slot, &b, 2);
    cr_assert(souk_modelslot_is_full(&slot));
    cr_assert_eq(take("a", 3), &a);
    cr_assert_eq(take("b", 3), &b);
    cr_assert_eq(take(NULL, 3), &b, "no name means the newest");
    cr_assert_null(take("", 3));
    cr_assert_null(souk_modelslot_take(&slot, "abc", 3, 3));
    cr_assert_eq(souk_modelslot_take(&slot, "abc", 1, 3), &a, "a name has a length");
    souk_modelslot_give(&slot, &a);
    souk_modelslot_give(&slot, &a);
    souk_modelslot_give(&slot, &b);
    souk_modelslot_give(&slot, &b);
}

Test(modelslot, keeps_the_older_version_while_it_is_asked_for)
{
    static struct souk_held a = {.id = "a"}, b = {.id = "b"}; /* outlive the test: .fini empties */
    souk_modelslot_put(&slot, &a, 0);
    cr_assert_null(souk_modelslot_remove_older(&slot, 0, 1000), "the newest is not older");
    souk_modelslot_put(&slot, &b, 1000);
    cr_assert_null(souk_modelslot_remove_older(&slot, 500, 1400), "proxies need a moment");
    souk_modelslot_give(&slot, take("a", 2000));
    cr_assert_null(souk_modelslot_remove_older(&slot, 500, 2499));
    cr_assert_eq(souk_modelslot_remove_older(&slot, 500, 2500), &a);
    cr_assert_null(take("a", 3000));
    cr_assert_eq(take("b", 3000), &b);
    souk_modelslot_give(&slot, &b);
}

Test(modelslot, a_roll_back_is_a_change_of_order)
{
    static struct souk_held a = {.id = "a"}, b = {.id = "b"};
    struct souk_held *held[SOUK_VERSIONS_HELD];
    souk_modelslot_put(&slot, &a, 1);
    souk_modelslot_put(&slot, &b, 2);
    cr_assert(souk_modelslot_prefer(&slot, "a", 3));
    cr_assert(souk_modelslot_prefer(&slot, "a", 4), "it is the newest already");
    cr_assert_not(souk_modelslot_prefer(&slot, "c", 5));
    cr_assert_eq(souk_modelslot_list(&slot, held), 2);
    cr_assert_eq(held[0], &a);
    cr_assert_eq(held[1], &b);
    souk_modelslot_give(&slot, &a);
    souk_modelslot_give(&slot, &b);
    cr_assert_eq(souk_modelslot_remove_older(&slot, 0, 6), &b);
}

/* ---- readers while models change ---- */

enum { READERS = 4, CHANGES = 300, WORDS = 64 };

/* A version all of whose words are its number, until it is freed. */
struct version {
    struct souk_held held;
    char name[16];
    int number, word[WORDS];
};

static atomic_bool over;
static atomic_int newest; /* of the versions that were put */
static atomic_llong read_in_all, mixed;

static struct version *new_version(int number)
{
    struct version *v = calloc(1, sizeof *v);
    cr_assert_not_null(v);
    v->number = number;
    snprintf(v->name, sizeof v->name, "v%d", number);
    v->held.id = v->name;
    for (int i = 0; i < WORDS; i++)
        v->word[i] = number;
    return v;
}

static void free_version(struct souk_held *held)
{
    struct version *v = (struct version *)held;
    cr_assert_eq(held->references, 0);
    memset(v->word, 0xff, sizeof v->word);
    free(v);
}

static void *read_versions(void *argument)
{
    unsigned turn = *(unsigned *)argument;
    while (!atomic_load(&over)) {
        char name[16];
        const int wanted = atomic_load(&newest) - (int)(turn++ % 3 == 0);
        snprintf(name, sizeof name, "v%d", wanted);
        struct version *v = (struct version *)take(name, (int64_t)turn);
        if (!v) { /* it has gone, or is not there yet */
            sched_yield();
            continue;
        }
        bool same = v->number == wanted;
        for (int i = 0; i < WORDS; i++)
            same &= v->word[i] == wanted;
        atomic_fetch_add(&mixed, !same);
        atomic_fetch_add(&read_in_all, 1);
        souk_modelslot_give(&slot, &v->held);
        sched_yield(); /* a mutex is not fair: those that spin would starve the one that changes */
    }
    return NULL;
}

Test(modelslot, readers_see_whole_versions_while_they_change)
{
    pthread_t threads[READERS];
    unsigned turns[READERS];
    for (int i = 0; i < READERS; i++) {
        turns[i] = (unsigned)i;
        cr_assert_eq(pthread_create(&threads[i], NULL, read_versions, &turns[i]), 0);
    }
    for (int n = 1; n <= CHANGES; n++) {
        const struct timespec pause = {.tv_nsec = 100000};
        struct souk_held *older = souk_modelslot_remove_older(&slot, 0, INT64_MAX);
        if (older)
            free_version(older);
        souk_modelslot_put(&slot, &new_version(n)->held, 0);
        atomic_store(&newest, n);
        nanosleep(&pause, NULL);
    }
    atomic_store(&over, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    for (struct souk_held *held; (held = souk_modelslot_remove_newest(&slot));)
        free_version(held);
    cr_assert_eq(atomic_load(&mixed), 0);
    cr_assert_gt(atomic_load(&read_in_all), CHANGES, "readers did read");
}
