#include "serve/proxy/fanout.h"

#include "shared/base/clock.h"
#include "shared/base/memory.h"

#include <stdlib.h>

enum { ATTEMPTS = 2 };

souk_status souk_fanout_init(struct souk_fanout *f, struct souk_topology *topology,
                             struct souk_error *err)
{
    const int count = souk_topology_upstreams(topology);
    const size_t shards = (size_t)souk_topology_shards(topology);
    souk_status status = SOUK_OK;
    *f = (struct souk_fanout){.topology = topology};
    f->calls = souk_zalloc_array((size_t)count, sizeof *f->calls);
    f->chosen = souk_zalloc_array(shards, sizeof *f->chosen);
    f->answers = souk_zalloc_array(shards, sizeof *f->answers);
    if (!f->calls || !f->chosen || !f->answers)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for a worker");
    for (int i = 0; i < count && !status; i++)
        status = souk_call_init(&f->calls[i], &souk_topology_upstream(topology, i)->caller, err);
    return status;
}

static void drop_answer(struct souk_shard_answer *a)
{
    if (a->answered)
        souk_message_fini(&a->message);
    a->answered = false;
}

void souk_fanout_fini(struct souk_fanout *f)
{
    for (int s = 0; f->topology && f->answers && s < souk_topology_shards(f->topology); s++)
        drop_answer(&f->answers[s]);
    for (int i = 0; f->topology && f->calls && i < souk_topology_upstreams(f->topology); i++)
        souk_call_fini(&f->calls[i]);
    free(f->calls);
    free(f->chosen);
    free(f->answers);
    *f = (struct souk_fanout){0};
}

static int64_t left_ms(int64_t deadline_us)
{
    const int64_t left = (deadline_us - souk_monotonic_us()) / 1000;
    return left > 0 ? left : 0;
}

static void begin(struct souk_fanout *f, int shard, const char *model,
                  const struct souk_writer *request, int64_t deadline_us, int avoid)
{
    int *chosen = &f->chosen[shard];
    *chosen = souk_topology_choose(f->topology, shard, model, avoid);
    if (*chosen >= 0 && souk_call_begin(&f->calls[*chosen], request->buffer.data,
                                        request->buffer.size, left_ms(deadline_us)) != SOUK_OK)
        *chosen = -1;
}

static void take_reply(struct souk_shard_answer *a, const void *bytes, size_t len)
{
    char reason[64];
    a->status = SOUK_WIRE_INTERNAL;
    a->answered = true;
    if (souk_message_parse(&a->message, bytes, len, reason, sizeof reason) != SOUK_WIRE_OK ||
        !souk_message_int(&a->message, "status", 0, INT32_MAX, &a->status))
        a->status = SOUK_WIRE_INTERNAL; /* a replica that speaks garbage counts as broken */
}

/* @return whether the shard may be asked again: its replica fell away before it answered, or holds
 *         the model no longer */
static bool end(struct souk_fanout *f, int shard, const char *model, int64_t deadline_us)
{
    struct souk_shard_answer *a = &f->answers[shard];
    const void *bytes = NULL;
    size_t len = 0;
    souk_status status = SOUK_EUNAVAILABLE;
    drop_answer(a);
    if (f->chosen[shard] >= 0)
        status = souk_call_end(&f->calls[f->chosen[shard]], left_ms(deadline_us), &bytes, &len);
    a->status = status == SOUK_ETIMEDOUT ? SOUK_WIRE_DEADLINE : SOUK_WIRE_UNAVAILABLE;
    if (status == SOUK_OK)
        take_reply(a, bytes, len);
    if (a->status == SOUK_WIRE_NO_SUCH_MODEL)
        souk_topology_lost(f->topology, f->chosen[shard], model);
    return status == SOUK_EUNAVAILABLE || a->status == SOUK_WIRE_NO_SUCH_MODEL;
}

/* Until the shard has answered, or cannot any more. */
static void finish(struct souk_fanout *f, int shard, const char *model,
                   const struct souk_writer *request, int64_t deadline_us)
{
    bool again = end(f, shard, model, deadline_us);
    for (int attempt = 1; again && attempt < ATTEMPTS; attempt++) {
        begin(f, shard, model, request, deadline_us, f->chosen[shard]);
        again = end(f, shard, model, deadline_us);
    }
}

int souk_fanout_ask(struct souk_fanout *f, const bool *wanted, const char *model,
                    const struct souk_writer *request, int64_t deadline_us)
{
    const int shards = souk_topology_shards(f->topology);
    int good = 0;
    for (int s = 0; s < shards; s++) {
        if (wanted[s]) {
            begin(f, s, model, request, deadline_us, -1);
            continue;
        }
        drop_answer(&f->answers[s]);
        f->answers[s].status = SOUK_WIRE_UNAVAILABLE;
    }
    for (int s = 0; s < shards; s++) {
        if (wanted[s])
            finish(f, s, model, request, deadline_us);
        good += f->answers[s].answered && f->answers[s].status == SOUK_WIRE_OK;
    }
    return good;
}
