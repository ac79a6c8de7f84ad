#include "serve/proxy/twostage.h"

#include "serve/proxy/narrowing.h"
#include "shared/base/clock.h"

bool souk_job_is_staged(const struct souk_job *j)
{
    const struct souk_event_fields *e = &j->space->events;
    return j->view.sources > 0 && e->count > 0 && e->ms[0] <= j->moment_ms;
}

const char *souk_job_user_type(const struct souk_job *j)
{
    return (j->view.sources > 0 ? souk_job_is_staged(j) : j->warm) ? "warm" : "cold";
}

void souk_job_put_visitor(struct souk_job *j)
{
    const struct souk_event_fields *e = &j->space->events;
    struct souk_writer *w = &j->space->question;
    souk_writer_put_int(w, "moment_ms", j->moment_ms);
    souk_event_fields_write(w, e->count, e->item, e->ms, e->type, e->value);
}

void souk_job_put_best(struct souk_job *j)
{
    const struct souk_candidate_merge *c = &j->space->candidates;
    souk_writer_put_binary(&j->space->question, "best", c->best,
                           (size_t)c->heads * sizeof *c->best);
}

static bool fail(struct souk_job *j, const char *reason)
{
    souk_reply_error(j->reply, j->request, SOUK_WIRE_INTERNAL, "%s", reason);
    return false;
}

/* @return false: an error reply is there */
static bool merge_candidates(struct souk_job *j)
{
    struct souk_candidate_merge *c = &j->space->candidates;
    souk_candidate_merge_start(c);
    for (int s = 0; s < souk_topology_shards(j->topology); s++) {
        const struct souk_message *m = souk_job_answer(j, s);
        const souk_status status = m ? souk_candidate_merge_add(c, m) : SOUK_OK;
        if (status == SOUK_ENOMEM)
            return fail(j, "no memory");
        if (status)
            souk_job_miss(j, s);
    }
    if (c->lists == 0)
        return fail(j, "no shard's candidates can be read");
    return souk_candidate_merge_finish(c) == SOUK_OK || fail(j, "no memory");
}

bool souk_job_find_candidates(struct souk_job *j)
{
    struct souk_writer *w = &j->space->question;
    souk_job_start_question(j, "candidates",
                            1 + SOUK_WIRE_EVENT_FIELDS + 1 + souk_job_narrowing_fields(j, false));
    souk_job_put_visitor(j);
    souk_writer_put_bool(w, "include_seen", j->include_seen);
    souk_job_put_narrowing(j, false);
    if (!souk_job_ask_all(j, SOUK_ROUND_FIRST))
        return false;
    const int64_t start_us = souk_monotonic_us();
    const bool good = merge_candidates(j);
    souk_job_note_merge(j, start_us);
    return good;
}

bool souk_job_rank(struct souk_job *j, struct souk_result *result)
{
    const struct souk_candidate_merge *c = &j->space->candidates;
    struct souk_writer *w = &j->space->question;
    if (!souk_job_find_candidates(j))
        return false;
    souk_job_start_question(j, "rank", 1 + SOUK_WIRE_EVENT_FIELDS + 3);
    souk_job_put_visitor(j);
    souk_job_put_best(j);
    souk_writer_put_binary(w, "rows", c->row, (size_t)c->rows * sizeof *c->row);
    souk_writer_put_int(w, "n", j->n);
    return souk_job_ask_all(j, souk_job_list_round(j)) && souk_job_merge_hits(j, result);
}
