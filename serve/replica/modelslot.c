#include "serve/replica/modelslot.h"

#include <assert.h>
#include <string.h>

void souk_modelslot_init(struct souk_modelslot *s)
{
    *s = (struct souk_modelslot){.newest = NULL};
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->released, NULL);
}

void souk_modelslot_fini(struct souk_modelslot *s)
{
    assert(!s->newest && !s->older);
    pthread_cond_destroy(&s->released);
    pthread_mutex_destroy(&s->lock);
}

static bool is_named(const struct souk_held *held, const char *id, size_t len)
{
    return held && strlen(held->id) == len && memcmp(held->id, id, len) == 0;
}

/* Call with the lock held. */
static struct souk_held *find(const struct souk_modelslot *s, const char *id, size_t len)
{
    if (!id || is_named(s->newest, id, len))
        return s->newest;
    return is_named(s->older, id, len) ? s->older : NULL;
}

struct souk_held *souk_modelslot_take(struct souk_modelslot *s, const char *id, size_t len,
                                      int64_t now_us)
{
    pthread_mutex_lock(&s->lock);
    struct souk_held *held = find(s, id, len);
    if (held) {
        held->references++;
        if (now_us > held->last_asked_us)
            held->last_asked_us = now_us;
    }
    pthread_mutex_unlock(&s->lock);
    return held;
}

void souk_modelslot_give(struct souk_modelslot *s, struct souk_held *held)
{
    pthread_mutex_lock(&s->lock);
    assert(held->references > 0);
    if (--held->references == 0)
        pthread_cond_broadcast(&s->released);
    pthread_mutex_unlock(&s->lock);
}

int souk_modelslot_list(struct souk_modelslot *s, struct souk_held *held[SOUK_VERSIONS_HELD])
{
    int count = 0;
    pthread_mutex_lock(&s->lock);
    if (s->newest)
        held[count++] = s->newest;
    if (s->older)
        held[count++] = s->older;
    for (int i = 0; i < count; i++)
        held[i]->references++;
    pthread_mutex_unlock(&s->lock);
    return count;
}

void souk_modelslot_put(struct souk_modelslot *s, struct souk_held *held, int64_t now_us)
{
    held->references = 0;
    held->last_asked_us = now_us;
    pthread_mutex_lock(&s->lock);
    assert(!s->older);
    s->older = s->newest;
    s->newest = held;
    if (s->older && s->older->last_asked_us < now_us)
        s->older->last_asked_us = now_us; /* proxies need a moment to see the new one */
    pthread_mutex_unlock(&s->lock);
}

bool souk_modelslot_prefer(struct souk_modelslot *s, const char *id, int64_t now_us)
{
    pthread_mutex_lock(&s->lock);
    struct souk_held *held = find(s, id, strlen(id));
    if (held && held == s->older) {
        s->older = s->newest;
        s->newest = held;
        if (s->older->last_asked_us < now_us)
            s->older->last_asked_us = now_us;
    }
    pthread_mutex_unlock(&s->lock);
    return held != NULL;
}

/* Call with the lock held, after the version has left the slot: no reader can come any more. */
static void wait_for_readers(struct souk_modelslot *s, const struct souk_held *held)
{
    while (held->references > 0)
        pthread_cond_wait(&s->released, &s->lock);
}

struct souk_held *souk_modelslot_remove_older(struct souk_modelslot *s, int64_t idle_us,
                                              int64_t now_us)
{
    struct souk_held *held = NULL;
    pthread_mutex_lock(&s->lock);
    if (s->older && now_us - s->older->last_asked_us >= idle_us) {
        held = s->older;
        s->older = NULL;
        wait_for_readers(s, held);
    }
    pthread_mutex_unlock(&s->lock);
    return held;
}

struct souk_held *souk_modelslot_remove_newest(struct souk_modelslot *s)
{
    pthread_mutex_lock(&s->lock);
    struct souk_held *held = s->newest;
    s->newest = s->older;
    s->older = NULL;
    if (held)
        wait_for_readers(s, held);
    pthread_mutex_unlock(&s->lock);
    return held;
}

bool souk_modelslot_is_full(struct souk_modelslot *s)
{
    pthread_mutex_lock(&s->lock);
    const bool full = s->newest && s->older;
    pthread_mutex_unlock(&s->lock);
    return full;
}
