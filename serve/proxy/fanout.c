#include "serve/proxy/fanout.h"

#include "serve/monitor/slowlog.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/wire/reply.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_FIELDS = 7 };

/* ---- making ---- */

souk_status souk_fanout_init(struct souk_fanout *f, struct souk_topology *topology,
                             struct souk_hedging *hedging, struct souk_error *err)
{
    *f = (struct souk_fanout){.topology = topology, .hedging = hedging};
    souk_writer_init(&f->head);
    f->answers = souk_zalloc_array((size_t)souk_topology_shards(topology), sizeof *f->answers);
    if (!f->answers)
        return souk_fail(err, SOUK_ENOMEM, "no memory for a worker");
    const souk_status status = souk_waitset_init(&f->waitset, SOUK_FLEET_REPLICAS_MAX, err);
    return status ? status : souk_topology_attach(topology, &f->waitset, err);
}

static void drop_answer(struct souk_shard_answer *a)
{
    if (a->answered) {
        souk_message_fini(&a->message);
        nng_msg_free(a->reply);
    }
    a->answered = false;
}

void souk_fanout_fini(struct souk_fanout *f)
{
    if (!f->topology)
        return;
    for (int s = 0; f->answers && s < souk_topology_shards(f->topology); s++)
        drop_answer(&f->answers[s]);
    souk_topology_detach(f->topology, &f->waitset);
    souk_waitset_fini(&f->waitset);
    souk_writer_fini(&f->head);
    free(f->answers);
    *f = (struct souk_fanout){0};
}

/* ---- sending ---- */

static void write_head(struct souk_fanout *f, const struct souk_question *q, int shard,
                       const char *id)
{
    struct souk_writer *w = &f->head;
    const int64_t left = (q->deadline_us - souk_monotonic_us()) / 1000;
    souk_writer_clear(w);
    souk_writer_map(w, HEAD_FIELDS + q->fields);
    souk_writer_put_int(w, "v", SOUK_WIRE_VERSION);
    souk_writer_put_string(w, "op", q->operation);
    souk_writer_put_string(w, "id", id);
    souk_writer_put_int(w, "deadline_ms", left > 0 ? left : 0);
    souk_writer_put_string(w, "model", q->model);
    souk_writer_put_int(w, "shard", shard);
    souk_writer_put_text(w, "for", q->origin ? q->origin : "", q->origin_len);
}

static uint64_t places_under_way(const struct souk_shard_answer *a)
{
    uint64_t places = 0;
    for (int k = 0; k < a->try_count; k++)
        if (a->tries[k].open)
            places |= UINT64_C(1) << a->tries[k].choice.place;
    return places;
}

/* A replica that was not tried yet; for what is needed, else one that failed: it may be back over a
 * new connection. */
static enum souk_wire_status choose(struct souk_fanout *f, const struct souk_question *q, int shard,
                                    enum souk_choice_kind kind, struct souk_choice *choice)
{
    const struct souk_shard_answer *a = &f->answers[shard];
    const enum souk_wire_status status =
        souk_topology_choose(f->topology, shard, q->model, a->tried, kind, choice);
    if (status == SOUK_WIRE_OK || kind != SOUK_CHOICE_NEXT || a->tried == 0)
        return status;
    return souk_topology_choose(f->topology, shard, q->model, places_under_way(a), kind, choice);
}

/* A replica's first question of this worker opens the flight to it. */
static souk_status send_to(struct souk_fanout *f, const struct souk_question *q,
                           const struct souk_choice *choice)
{
    const struct souk_piece pieces[] = {{f->head.buffer.data, f->head.buffer.size},
                                        {q->body->buffer.data, q->body->buffer.size}};
    souk_status status = f->head.failed || q->body->failed ? SOUK_ENOMEM : SOUK_OK;
    if (!status && !souk_waitset_is_open(&f->waitset, choice->slot))
        status = souk_waitset_open(&f->waitset, choice->slot, choice->caller, NULL);
    return status ? status
                  : souk_waitset_begin(&f->waitset, choice->slot, pieces, 2, q->deadline_us);
}

static void log_try(const struct souk_question *q, const struct souk_try *t)
{
    char origin[SOUK_WIRE_ID_MAX + 1];
    if (!souk_log_shows(SOUK_LOG_DEBUG))
        return;
    souk_slow_log_copy_id(origin, sizeof origin, q->origin, q->origin_len);
    souk_log(SOUK_LOG_DEBUG, "question", "question=%s for=\"%s\" op=%s shard=%d replica=%s", t->id,
             origin, q->operation, t->choice.shard, t->choice.caller->url);
}

/* @return SOUK_WIRE_OK, or why nothing was sent */
static enum souk_wire_status begin(struct souk_fanout *f, const struct souk_question *q, int shard,
                                   enum souk_choice_kind kind)
{
    struct souk_shard_answer *a = &f->answers[shard];
    struct souk_try *t = &a->tries[a->try_count];
    if (a->try_count == SOUK_TRIES_MAX)
        return SOUK_WIRE_UNAVAILABLE;
    const enum souk_wire_status chosen = choose(f, q, shard, kind, &t->choice);
    if (chosen != SOUK_WIRE_OK)
        return chosen;
    souk_hedging_name(f->hedging, t->id);
    write_head(f, q, shard, t->id);
    t->begun_us = souk_monotonic_us();
    if (send_to(f, q, &t->choice) != SOUK_OK) {
        souk_topology_report(f->topology, &t->choice, SOUK_OUTCOME_NONE, 0);
        return SOUK_WIRE_UNAVAILABLE;
    }
    log_try(q, t);
    t->open = true;
    a->try_count++;
    a->open++;
    a->tried |= UINT64_C(1) << t->choice.place;
    return SOUK_WIRE_OK;
}

/* ---- settling ---- */

/* Who is late has had the time that others need; less says nothing of a replica. */
static void close_try(struct souk_fanout *f, struct souk_shard_answer *a, struct souk_try *t,
                      enum souk_outcome outcome)
{
    const int64_t took_us = souk_monotonic_us() - t->begun_us;
    if (outcome == SOUK_OUTCOME_LATE && took_us < a->patience_us)
        outcome = SOUK_OUTCOME_NONE;
    souk_topology_report(f->topology, &t->choice, outcome, took_us);
    t->open = false;
    a->open--;
}

static void settle(struct souk_fanout *f, int shard)
{
    struct souk_shard_answer *a = &f->answers[shard];
    for (int k = 0; k < a->try_count; k++)
        if (a->tries[k].open) {
            souk_waitset_drop(&f->waitset, a->tries[k].choice.slot);
            close_try(f, a, &a->tries[k], SOUK_OUTCOME_LATE);
        }
    a->settled = true;
    f->unsettled--;
}

static void start(struct souk_fanout *f, const struct souk_question *q, int shard)
{
    struct souk_shard_answer *a = &f->answers[shard];
    f->unsettled++;
    souk_token_budget_pay(&f->hedging->hedges);
    souk_token_budget_pay(&f->hedging->retries);
    a->status = begin(f, q, shard, q->is_first ? SOUK_CHOICE_FIRST : SOUK_CHOICE_NEXT);
    if (a->status != SOUK_WIRE_OK) {
        settle(f, shard);
        return;
    }
    const int64_t begun = a->tries[0].begun_us;
    a->patience_us = souk_hedging_patience(f->hedging, q->operation, begun);
    a->hedge_us = begun + a->patience_us < q->deadline_us ? begun + a->patience_us : INT64_MAX;
}

/* ---- replies ---- */

enum verdict {
    VERDICT_ANSWER,    /* of this question, final */
    VERDICT_ELSEWHERE, /* the replica is well, but cannot answer this */
    VERDICT_BROKEN,
};

static bool is_text(const struct souk_message *m, const char *key, const char *expected)
{
    const char *text = NULL;
    size_t len = 0;
    return souk_message_text(m, key, SOUK_WIRE_BYTES_MAX, &text, &len) && text &&
           len == strlen(expected) && memcmp(text, expected, len) == 0;
}

static bool is_of(const struct souk_message *m, const struct souk_question *q, int shard,
                  const struct souk_try *t, int64_t *status)
{
    int64_t from = -1;
    *status = -1;
    return is_text(m, "id", t->id) && souk_message_int(m, "shard", 0, INT32_MAX, &from) &&
           from == shard && souk_message_int(m, "status", 0, INT32_MAX, status) && *status >= 0 &&
           (*status != SOUK_WIRE_OK || is_text(m, "model", q->model));
}

static enum verdict verdict_of(int64_t status)
{
    switch (status) {
    case SOUK_WIRE_NO_SUCH_MODEL:
    case SOUK_WIRE_TOPOLOGY:
    case SOUK_WIRE_OVERLOADED:
    case SOUK_WIRE_DRAINING:
        return VERDICT_ELSEWHERE;
    case SOUK_WIRE_OK:
    case SOUK_WIRE_BAD_FIELD:
    case SOUK_WIRE_NOT_FOUND:
    case SOUK_WIRE_DEADLINE:
    case SOUK_WIRE_TOO_LARGE:
    case SOUK_WIRE_UNKNOWN_OPERATION:
        return VERDICT_ANSWER;
    default:
        return VERDICT_BROKEN;
    }
}

/* The reply into the answer, if it is one. What is not of this question leaves only its status. */
static enum verdict read_reply(struct souk_fanout *f, const struct souk_question *q, int shard,
                               const struct souk_try *t, const void *bytes, size_t len)
{
    struct souk_shard_answer *a = &f->answers[shard];
    char reason[64];
    int64_t status;
    enum verdict verdict = VERDICT_BROKEN;
    a->answered = true;
    a->reply = souk_waitset_take_reply(&f->waitset, t->choice.slot);
    a->status = SOUK_WIRE_INTERNAL;
    if (souk_message_parse(&a->message, bytes, len, reason, sizeof reason) == SOUK_WIRE_OK &&
        is_of(&a->message, q, shard, t, &status)) {
        a->status = status;
        verdict = verdict_of(status);
    } else {
        atomic_fetch_add(&f->hedging->rejected, 1);
    }
    if (verdict == VERDICT_ANSWER)
        a->items = t->choice.items;
    else
        drop_answer(a);
    return verdict;
}

/* How long the first try took; or how long it had taken when another one was faster. */
static void learn_first_try(struct souk_fanout *f, const struct souk_question *q,
                            const struct souk_shard_answer *a, const struct souk_try *winner)
{
    const int64_t now = souk_monotonic_us();
    if (winner == &a->tries[0] || a->tries[0].open)
        souk_hedging_learn(f->hedging, q->operation, now - a->tries[0].begun_us, now);
    if (winner != &a->tries[0] && a->tries[0].open)
        atomic_fetch_add(&f->hedging->hedges_won, 1);
}

/* Ask again elsewhere, where another try is not under way and the budget allows it. */
static void go_on(struct souk_fanout *f, const struct souk_question *q, int shard)
{
    struct souk_shard_answer *a = &f->answers[shard];
    if (a->open > 0)
        return;
    if (souk_monotonic_us() < q->deadline_us && souk_token_budget_take(&f->hedging->retries) &&
        begin(f, q, shard, SOUK_CHOICE_NEXT) == SOUK_WIRE_OK)
        atomic_fetch_add(&f->hedging->retried, 1);
    else
        settle(f, shard);
}

/* The try that a flight belongs to. */
static struct souk_try *try_of(struct souk_fanout *f, int slot)
{
    for (int s = 0; s < souk_topology_shards(f->topology); s++)
        for (int k = 0; k < f->answers[s].try_count; k++)
            if (f->answers[s].tries[k].open && f->answers[s].tries[k].choice.slot == slot)
                return &f->answers[s].tries[k];
    assert(!"a flight that nobody began");
    return NULL;
}

static enum souk_outcome outcome_of(souk_status status, enum verdict verdict)
{
    if (status == SOUK_ETIMEDOUT)
        return SOUK_OUTCOME_LATE;
    if (status == SOUK_EUNAVAILABLE || (status == SOUK_OK && verdict == VERDICT_BROKEN))
        return SOUK_OUTCOME_ERROR;
    return status == SOUK_OK && verdict == VERDICT_ANSWER ? SOUK_OUTCOME_GOOD : SOUK_OUTCOME_NONE;
}

/* A flight has ended. The report comes last: from then on the replica may be gone. */
static void take(struct souk_fanout *f, const struct souk_question *q, int slot, souk_status status,
                 const void *bytes, size_t len)
{
    struct souk_try *t = try_of(f, slot);
    const int shard = t->choice.shard;
    struct souk_shard_answer *a = &f->answers[shard];
    enum verdict verdict = VERDICT_BROKEN;
    if (status == SOUK_OK)
        verdict = read_reply(f, q, shard, t, bytes, len);
    else
        a->status = status == SOUK_ETIMEDOUT ? SOUK_WIRE_DEADLINE : SOUK_WIRE_UNAVAILABLE;
    if (a->status == SOUK_WIRE_NO_SUCH_MODEL || a->status == SOUK_WIRE_TOPOLOGY)
        souk_topology_lost(f->topology, &t->choice, q->model);
    close_try(f, a, t, outcome_of(status, verdict));
    if (verdict == VERDICT_ANSWER) {
        learn_first_try(f, q, a, t);
        settle(f, shard);
    } else {
        go_on(f, q, shard);
    }
}

/* ---- time ---- */

static int64_t next_wake(const struct souk_fanout *f, int64_t deadline_us)
{
    int64_t wake = deadline_us;
    for (int s = 0; s < souk_topology_shards(f->topology); s++)
        if (!f->answers[s].settled && f->answers[s].hedge_us < wake)
            wake = f->answers[s].hedge_us;
    return wake;
}

/* A second replica for every shard that has been waited for long enough. */
static void hedge(struct souk_fanout *f, const struct souk_question *q)
{
    const int64_t now = souk_monotonic_us();
    for (int s = 0; s < souk_topology_shards(f->topology); s++) {
        struct souk_shard_answer *a = &f->answers[s];
        if (a->settled || now < a->hedge_us)
            continue;
        a->hedge_us = INT64_MAX;
        if (souk_token_budget_take(&f->hedging->hedges) &&
            begin(f, q, s, SOUK_CHOICE_EXTRA) == SOUK_WIRE_OK)
            atomic_fetch_add(&f->hedging->hedged, 1);
    }
}

static void give_up(struct souk_fanout *f)
{
    for (int s = 0; s < souk_topology_shards(f->topology); s++)
        if (!f->answers[s].settled) {
            f->answers[s].status = SOUK_WIRE_DEADLINE;
            settle(f, s);
        }
}

int souk_fanout_ask(struct souk_fanout *f, const bool *wanted, const struct souk_question *q)
{
    const int shards = souk_topology_shards(f->topology);
    int good = 0;
    f->unsettled = 0;
    for (int s = 0; s < shards; s++) {
        if (!wanted[s] && q->keep_others)
            continue;
        drop_answer(&f->answers[s]);
        f->answers[s] = (struct souk_shard_answer){
            .status = SOUK_WIRE_UNAVAILABLE, .settled = !wanted[s], .hedge_us = INT64_MAX};
    }
    for (int s = 0; s < shards; s++)
        if (wanted[s])
            start(f, q, s);
    while (f->unsettled > 0) {
        const void *bytes = NULL;
        size_t len = 0;
        souk_status status = SOUK_OK;
        const int k =
            souk_waitset_wait(&f->waitset, next_wake(f, q->deadline_us), &status, &bytes, &len);
        if (k >= 0)
            take(f, q, k, status, bytes, len);
        else if (souk_monotonic_us() >= q->deadline_us)
            give_up(f);
        else
            hedge(f, q);
    }
    for (int s = 0; s < shards; s++)
        good += f->answers[s].answered && f->answers[s].status == SOUK_WIRE_OK;
    return good;
}
