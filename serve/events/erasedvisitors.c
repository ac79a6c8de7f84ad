#include "serve/events/erasedvisitors.h"

#include "shared/base/memory.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((element)->lost = true)
#include <uthash.h>

struct mark {
    char *user;
    int64_t ms;
    bool lost; /* could not be put into the table */
    UT_hash_handle hh;
};

struct souk_erased_visitors {
    pthread_rwlock_t lock;
    struct mark *marks;
};

struct loading {
    struct mark *marks;
    bool failed;
};

static void free_marks(struct mark *marks)
{
    struct mark *m, *next;
    HASH_ITER(hh, marks, m, next)
    {
        HASH_DEL(marks, m);
        free(m->user);
        free(m);
    }
}

static bool take_mark(void *context, const char *user, int64_t erased_ms)
{
    struct loading *l = context;
    struct mark *m = souk_zalloc_array(1, sizeof *m);
    if (m) {
        m->user = strdup(user);
        m->ms = erased_ms;
        m->lost = !m->user;
    }
    if (m && !m->lost)
        HASH_ADD_KEYPTR(hh, l->marks, m->user, (unsigned)strlen(m->user), m);
    l->failed = !m || m->lost;
    if (m && m->lost) {
        free(m->user);
        free(m);
    }
    return !l->failed;
}

struct souk_erased_visitors *souk_erased_visitors_new(void)
{
    struct souk_erased_visitors *e = souk_zalloc_array(1, sizeof *e);
    if (e)
        pthread_rwlock_init(&e->lock, NULL);
    return e;
}

void souk_erased_visitors_free(struct souk_erased_visitors *e)
{
    if (!e)
        return;
    free_marks(e->marks);
    pthread_rwlock_destroy(&e->lock);
    free(e);
}

souk_status souk_erased_visitors_load(struct souk_erased_visitors *e,
                                      struct souk_event_store *store, struct souk_error *err)
{
    struct loading l = {.marks = NULL};
    souk_status status = souk_event_store_erasures(store, take_mark, &l, err);
    if (!status && l.failed)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for erased users");
    if (!status) {
        struct mark *old;
        pthread_rwlock_wrlock(&e->lock);
        old = e->marks;
        e->marks = l.marks;
        pthread_rwlock_unlock(&e->lock);
        l.marks = old;
    }
    free_marks(l.marks);
    return status;
}

int64_t souk_erased_visitors_count(struct souk_erased_visitors *e)
{
    pthread_rwlock_rdlock(&e->lock);
    const int64_t count = HASH_COUNT(e->marks);
    pthread_rwlock_unlock(&e->lock);
    return count;
}

int64_t souk_erased_visitors_ms(struct souk_erased_visitors *e, const char *user, size_t len)
{
    struct mark *m = NULL;
    pthread_rwlock_rdlock(&e->lock);
    HASH_FIND(hh, e->marks, user, (unsigned)len, m);
    const int64_t ms = m ? m->ms : 0;
    pthread_rwlock_unlock(&e->lock);
    return ms;
}
