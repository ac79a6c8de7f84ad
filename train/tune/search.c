#include "train/tune/search.h"

#include "shared/base/clock.h"
#include "shared/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct job {
    int64_t trial;
    int rung;
};

struct batch {
    int count;
    struct job jobs[SOUK_BATCH_MAX];
    struct souk_result *results; /* [count] */
    bool done[SOUK_BATCH_MAX];
};

static souk_status allocate(const struct souk_search_plan *plan, struct souk_search *s,
                            struct souk_error *err)
{
    const size_t limit = (size_t)s->limit;
    s->trials = souk_zalloc_array(limit, sizeof *s->trials);
    s->points = souk_zalloc_array(limit * (size_t)s->space->count, sizeof *s->points);
    s->values = souk_zalloc_array(limit * (size_t)s->value_count, sizeof *s->values);
    if (!s->trials || !s->points || !s->values)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %lld trials", (long long)s->limit);
    for (int64_t t = 0; t < s->limit; t++)
        s->trials[t].point = s->points + t * s->space->count;
    return plan->batch <= SOUK_BATCH_MAX
               ? SOUK_OK
               : souk_fail(err, SOUK_EUSAGE, "more than %d trials in a batch", SOUK_BATCH_MAX);
}

void souk_search_fini(struct souk_search *s)
{
    free(s->trials);
    free(s->points);
    free(s->values);
    *s = (struct souk_search){0};
}

void souk_search_assignment(const struct souk_search *s, int64_t trial, struct souk_assignment *out)
{
    souk_assignment_make(out, s->space, s->trials[trial].point);
}

double souk_search_value(const struct souk_search *s, int64_t trial)
{
    const struct souk_trial *t = &s->trials[trial];
    return t->finished > 0 ? t->value[t->finished - 1] : NAN;
}

/* The longest rung that enough trials have a value of; the sampler compares values of one rung. */
static int observed_rung(const struct souk_search *s, int rungs)
{
    for (int rung = rungs - 1; rung > 0; rung--) {
        int64_t known = 0;
        for (int64_t t = 0; t < s->count; t++)
            known += s->trials[t].finished > rung && !isnan(s->trials[t].value[rung]);
        if (known > 2 * s->space->count && known > 10)
            return rung;
    }
    return 0;
}

static souk_status propose(const struct souk_search_plan *plan, struct souk_search *s,
                           struct souk_error *err)
{
    const int rung = observed_rung(s, plan->halving->rungs);
    double *values = souk_alloc_array((size_t)s->count, sizeof *values);
    if (!values)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %lld trials", (long long)s->count);
    for (int64_t t = 0; t < s->count; t++)
        values[t] = s->trials[t].finished > rung ? s->trials[t].value[rung] : NAN;
    const struct souk_observations seen = {
        .count = s->count, .points = s->points, .values = values};
    const souk_status status =
        souk_sampler_propose(plan->sampler, &seen, s->count, s->trials[s->count].point, err);
    free(values);
    return status;
}

/* Promotions first, then new trials, until the batch is full. */
static souk_status decide(const struct souk_search_plan *plan, struct souk_search *s,
                          struct batch *b, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    b->count = 0;
    while (b->count < plan->batch && status == SOUK_OK) {
        int64_t trial =
            souk_halving_promote(plan->halving, s->trials, s->count, s->count == s->limit);
        if (trial < 0 && s->count == s->limit)
            break;
        if (trial < 0) {
            status = propose(plan, s, err);
            trial = s->count;
            s->count += status == SOUK_OK;
        }
        if (status == SOUK_OK)
            b->jobs[b->count++] = (struct job){trial, s->trials[trial].started++};
    }
    return status;
}

/* Rank 0 decides: libraries of other nodes may round otherwise. */
static souk_status decide_all(const struct souk_search_plan *plan, struct souk_search *s,
                              struct batch *b, struct souk_error *err)
{
    const struct souk_comm *world = plan->world;
    const int dimensions = s->space->count;
    const int64_t before = s->count;
    souk_status status = world->rank == 0 ? decide(plan, s, b, err) : SOUK_OK;
    status = souk_status_agree_all(world, status, err);
    if (status == SOUK_OK)
        status = souk_broadcast_all(world, &b->count, sizeof b->count, 0, err);
    if (status == SOUK_OK)
        status = souk_broadcast_all(world, &s->count, sizeof s->count, 0, err);
    if (status == SOUK_OK)
        status = souk_broadcast_all(world, b->jobs, b->count * (int64_t)sizeof *b->jobs, 0, err);
    if (status == SOUK_OK)
        status = souk_broadcast_all(world, s->points + before * dimensions,
                                    (s->count - before) * dimensions * (int64_t)sizeof *s->points,
                                    0, err);
    for (int i = 0; i < b->count && world->rank > 0 && status == SOUK_OK; i++)
        s->trials[b->jobs[i].trial].started++;
    return status;
}

/* What the journal knows of a job. */
static souk_status look_up(const struct souk_search_plan *plan, const struct souk_search *s,
                           struct souk_result *r, bool *found, struct souk_error *err)
{
    struct souk_assignment a;
    const json_t *entry = souk_journal_find(plan->journal, r->trial, r->epochs);
    *found = entry != NULL;
    if (!entry)
        return SOUK_OK;
    souk_search_assignment(s, r->trial, &a);
    json_t *parameters = souk_assignment_json(&a);
    const bool same = json_equal(parameters, json_object_get(entry, "parameters"));
    const json_t *values = json_object_get(entry, "values");
    const char *failed = json_string_value(json_object_get(entry, "failed"));
    json_decref(parameters);
    if (!same || (!failed && json_array_size(values) != (size_t)s->value_count))
        return souk_fail(err, SOUK_EINTEGRITY,
                         "trial %lld of the journal is not this search's: give the same options "
                         "and program, or another --journal",
                         (long long)r->trial);
    r->is_from_disk = true;
    r->failed = failed != NULL;
    r->seconds = json_number_value(json_object_get(entry, "seconds"));
    snprintf(r->reason, sizeof r->reason, "%s", failed ? failed : "");
    for (int i = 0; i < s->value_count && !failed; i++)
        r->values[i] = json_number_value(json_array_get(values, (size_t)i));
    return SOUK_OK;
}

/* The job's result before it is known. */
static souk_status prepare(const struct souk_search_plan *plan, const struct souk_search *s,
                           const struct job *job, struct souk_result *r, struct souk_error *err)
{
    struct souk_assignment a;
    struct souk_assignment_line line;
    *r = (struct souk_result){
        .trial = job->trial, .rung = job->rung, .epochs = plan->halving->epochs[job->rung]};
    if (r->epochs > 0)
        return SOUK_OK;
    souk_search_assignment(s, job->trial, &a);
    souk_assignment_line(&a, -1, &line);
    return plan->tunable->check(line.argc, line.argv, &r->epochs, err);
}

static souk_status look_up_all(const struct souk_search_plan *plan, const struct souk_search *s,
                               struct batch *b, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int i = 0; i < b->count; i++) {
        b->done[i] = false;
        if (status == SOUK_OK)
            status = prepare(plan, s, &b->jobs[i], &b->results[i], err);
        if (plan->world->rank == 0 && status == SOUK_OK)
            status = look_up(plan, s, &b->results[i], &b->done[i], err);
    }
    status = souk_status_agree_all(plan->world, status, err);
    if (status == SOUK_OK)
        status =
            souk_broadcast_all(plan->world, b->done, b->count * (int64_t)sizeof *b->done, 0, err);
    if (status == SOUK_OK)
        status = souk_broadcast_all(plan->world, b->results, b->count * (int64_t)sizeof *b->results,
                                    0, err);
    return status;
}

/* Collective on the group. */
static souk_status run_job_all(const struct souk_search_plan *plan, const struct souk_search *s,
                               struct souk_result *r, struct souk_error *err)
{
    const int64_t start_us = souk_monotonic_us();
    struct souk_assignment a;
    souk_search_assignment(s, r->trial, &a);
    souk_status status =
        souk_validation_measure_all(plan->validation, plan->tunable, &a, r->epochs, r->values, err);
    r->seconds = (double)(souk_monotonic_us() - start_us) * 1e-6;
    if (status != SOUK_ENUMERIC)
        return status;
    r->failed = true; /* a result like any other: the search goes on */
    memset(r->values, 0, sizeof r->values);
    snprintf(r->reason, sizeof r->reason, "%.127s", err->msg);
    return SOUK_OK;
}

/* The leaders' results to all. */
static souk_status share_all(const struct souk_search_plan *plan, struct batch *b, int mine,
                             struct souk_error *err)
{
    void *received = NULL;
    const bool leads = mine >= 0 && plan->validation->comm->rank == 0;
    int64_t *counts = souk_alloc_array((size_t)plan->world->size, sizeof *counts);
    struct {
        int64_t index;
        struct souk_result result;
    } own = {.index = mine}, *all;
    souk_status status = souk_status_agree_all(
        plan->world, counts ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for results"), err);
    if (leads)
        own.result = b->results[mine];
    if (status == SOUK_OK)
        status = souk_gather_all(plan->world, &own, leads, sizeof own, &received, counts, err);
    all = received;
    for (int rank = 0, i = 0; rank < plan->world->size && status == SOUK_OK; rank++)
        for (int64_t k = 0; k < counts[rank]; k++, i++) {
            b->results[all[i].index] = all[i].result;
            b->done[all[i].index] = true;
        }
    free(received);
    free(counts);
    return status;
}

static souk_status note(const struct souk_search_plan *plan, const struct souk_search *s,
                        const struct souk_result *r, struct souk_error *err)
{
    struct souk_assignment a;
    souk_search_assignment(s, r->trial, &a);
    json_t *values = json_array();
    for (int i = 0; i < s->value_count; i++)
        json_array_append_new(values, json_real(r->values[i]));
    json_t *entry =
        json_pack("{s:I, s:i, s:o, s:f}", "trial", (json_int_t)r->trial, "epochs", r->epochs,
                  "parameters", souk_assignment_json(&a), "seconds", r->seconds);
    if (r->failed)
        json_object_set_new(entry, "failed", json_string(r->reason));
    else
        json_object_set(entry, "values", values);
    const souk_status status = souk_journal_add(plan->journal, entry, err);
    if (plan->tell)
        plan->tell(plan->context, r, &a);
    json_decref(entry);
    json_decref(values);
    return status;
}

/* Waves over what the journal does not know: group g takes the g-th of a wave. */
static souk_status run_waves_all(const struct souk_search_plan *plan, const struct souk_search *s,
                                 struct batch *b, struct souk_error *err)
{
    int todo[SOUK_BATCH_MAX], count = 0;
    souk_status status = SOUK_OK;
    for (int i = 0; i < b->count; i++)
        if (!b->done[i])
            todo[count++] = i;
    for (int first = 0; first < count && status == SOUK_OK; first += plan->groups) {
        const int mine = first + plan->group < count ? todo[first + plan->group] : -1;
        if (mine >= 0)
            status = run_job_all(plan, s, &b->results[mine], err);
        status = souk_status_agree_all(plan->world, status, err);
        if (status == SOUK_OK)
            status = share_all(plan, b, mine, err);
        for (int i = first; i < count && i < first + plan->groups && status == SOUK_OK; i++)
            if (plan->world->rank == 0)
                status = note(plan, s, &b->results[todo[i]], err);
        status = souk_status_agree_all(plan->world, status, err);
    }
    return status;
}

static void take_results(struct souk_search *s, const struct batch *b)
{
    for (int i = 0; i < b->count; i++) {
        const struct souk_result *r = &b->results[i];
        struct souk_trial *t = &s->trials[r->trial];
        double sum = 0;
        for (int k = 0; k < s->value_count; k++) {
            s->values[r->trial * s->value_count + k] = r->failed ? NAN : r->values[k];
            sum += r->values[k];
        }
        t->epochs = r->epochs;
        t->value[t->finished++] = r->failed ? NAN : sum / s->value_count;
    }
}

static souk_status run_batch_all(const struct souk_search_plan *plan, struct souk_search *s,
                                 struct batch *b, struct souk_error *err)
{
    souk_status status = decide_all(plan, s, b, err);
    if (status == SOUK_OK)
        status = look_up_all(plan, s, b, err);
    for (int i = 0; i < b->count && status == SOUK_OK && plan->world->rank == 0 && plan->tell; i++)
        if (b->done[i]) {
            struct souk_assignment a;
            souk_search_assignment(s, b->results[i].trial, &a);
            plan->tell(plan->context, &b->results[i], &a);
        }
    if (status == SOUK_OK)
        status = run_waves_all(plan, s, b, err);
    if (status == SOUK_OK)
        take_results(s, b);
    return status;
}

souk_status souk_search_run_all(const struct souk_search_plan *plan, struct souk_search *out,
                                struct souk_error *err)
{
    *out = (struct souk_search){.space = plan->sampler->space,
                                .limit = souk_sampler_trials(plan->sampler),
                                .value_count = souk_validation_values(plan->validation)};
    struct batch *b = souk_zalloc_array(1, sizeof *b);
    souk_status status = allocate(plan, out, err);
    if (b)
        b->results = souk_zalloc_array(SOUK_BATCH_MAX, sizeof *b->results);
    if (status == SOUK_OK && (!b || !b->results))
        status = souk_fail(err, SOUK_ENOMEM, "no memory for a batch");
    status = souk_status_agree_all(plan->world, status, err);
    while (status == SOUK_OK) {
        status = run_batch_all(plan, out, b, err);
        if (status == SOUK_OK && b->count == 0)
            break;
    }
    if (status == SOUK_OK && souk_halving_best(plan->halving, out->trials, out->count) < 0)
        status = souk_fail(err, SOUK_ENUMERIC, "every trial failed: see the journal for reasons");
    if (b)
        free(b->results);
    free(b);
    return status;
}
