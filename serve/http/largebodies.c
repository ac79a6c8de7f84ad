#include "serve/http/largebodies.h"

#include "serve/http/httpcall.h"

/* @return NULL: over, and nothing is left */
static struct souk_http_call *take(struct souk_large_bodies *b)
{
    pthread_mutex_lock(&b->lock);
    while (!b->first && !b->ends)
        pthread_cond_wait(&b->more, &b->lock);
    struct souk_http_call *const call = b->first;
    if (call)
        b->first = call->next;
    pthread_mutex_unlock(&b->lock);
    return call;
}

static void *work(void *context)
{
    struct souk_large_bodies *const b = context;
    struct souk_http_call *call;
    while ((call = take(b)) != NULL)
        b->read(call);
    return NULL;
}

souk_status souk_large_bodies_start(struct souk_large_bodies *b, souk_large_body_reader read,
                                    struct souk_error *err)
{
    b->read = read;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->more, NULL);
    b->is_started = pthread_create(&b->thread, NULL, work, b) == 0;
    return b->is_started ? SOUK_OK : souk_fail(err, SOUK_EIO, "cannot start a thread for --http");
}

void souk_large_bodies_put(struct souk_large_bodies *b, struct souk_http_call *call)
{
    call->next = NULL;
    pthread_mutex_lock(&b->lock);
    if (b->first)
        b->last->next = call;
    else
        b->first = call;
    b->last = call;
    pthread_cond_signal(&b->more);
    pthread_mutex_unlock(&b->lock);
}

void souk_large_bodies_stop(struct souk_large_bodies *b)
{
    if (!b->is_started)
        return;
    pthread_mutex_lock(&b->lock);
    b->ends = true;
    pthread_cond_signal(&b->more);
    pthread_mutex_unlock(&b->lock);
    pthread_join(b->thread, NULL);
    pthread_cond_destroy(&b->more);
    pthread_mutex_destroy(&b->lock);
    b->is_started = false;
}
