#include "train/evaluate/dump.h"

#include "shared/base/memory.h"
#include "shared/base/staging.h"
#include "train/evaluate/duty.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
    char *bytes;
    size_t size, cap;
};

enum { LINE_MAX_BYTES = 2 * SOUK_ID_MAX_BYTES + 64 };

/* Append one short piece; longer ones do not occur. */
static souk_status append(struct text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static souk_status append(struct text *t, const char *format, ...)
{
    const souk_status status =
        souk_grow(&t->bytes, &t->cap, t->size + LINE_MAX_BYTES + 1, SIZE_MAX / 2, 1);
    if (status != SOUK_OK)
        return status;
    va_list args;
    va_start(args, format);
    t->size += (size_t)vsnprintf(t->bytes + t->size, LINE_MAX_BYTES + 1, format, args);
    va_end(args);
    return SOUK_OK;
}

struct dump {
    const struct souk_measure *measure;
    const struct souk_set *set;
    struct souk_probe probe;           /* per-user */
    struct souk_metric_value *metrics; /* per-user: [cutoffs][SOUK_METRICS] */
};

static souk_status format_recommendations(struct dump *d, int64_t at, struct text *t)
{
    const struct souk_topk *list = souk_ranking_list(d->measure->ranking, at);
    const char *user = souk_idtable_get(&d->measure->cases->users, at);
    souk_status status = SOUK_OK;
    if (souk_measure_targets(d->measure, d->set, at) == 0)
        return SOUK_OK;
    for (int i = 0; i < list->count && status == SOUK_OK; i++)
        status = append(t, "%s\t%s\t%d\t%.9g\n", user, list->hits[i].id, i + 1,
                        (double)list->hits[i].score);
    return status;
}

static souk_status format_targets(struct dump *d, int64_t at, struct text *t)
{
    const struct souk_cases *c = d->measure->cases;
    souk_status status = SOUK_OK;
    if (souk_measure_targets(d->measure, d->set, at) == 0)
        return SOUK_OK;
    for (int64_t i = c->target_offsets[at]; i < c->target_offsets[at + 1] && status == SOUK_OK;
         i++) {
        const int64_t wanted = c->target[i];
        if (souk_set_has_target(d->set, d->measure->ranking->wanted_events[wanted]))
            status = append(t, "%s\t%s\n", souk_idtable_get(&c->users, at),
                            souk_idtable_get(&c->wanted, wanted));
    }
    return status;
}

/* A metric of one user: empty where there is nothing to divide by. */
static souk_status append_metric(struct text *t, const struct souk_metric_value *m)
{
    if (m->weight == 0)
        return append(t, "\t");
    return append(t, "\t%.15g", m->value / (double)m->weight);
}

static souk_status format_user(struct dump *d, int64_t at, struct text *t)
{
    const char *user = souk_idtable_get(&d->measure->cases->users, at);
    const int cells = d->measure->context.cutoffs->count * SOUK_METRICS;
    souk_status status = SOUK_OK;
    souk_probe_look(&d->probe, d->measure, at);
    for (int s = 0; s < SOUK_SETS_MAIN && status == SOUK_OK; s++) {
        const int64_t targets = souk_measure_targets(d->measure, &souk_sets[s], at);
        if (targets == 0)
            continue;
        souk_measure_case(d->measure, &d->probe, &souk_sets[s], targets, d->metrics);
        status =
            append(t, "%s\t%s\t%lld\t%lld", souk_sets[s].name, user,
                   (long long)(d->probe.history < 0 ? 0 : d->probe.history), (long long)targets);
        for (int i = 0; i < cells && status == SOUK_OK; i++)
            status = append_metric(t, &d->metrics[i]);
        if (status == SOUK_OK)
            status = append(t, "\n");
    }
    return status;
}

static souk_status format_header(const struct souk_cutoffs *cutoffs, struct text *t)
{
    souk_status status = append(t, "set\tuser\thistory\ttargets");
    for (int i = 0; i < cutoffs->count * SOUK_METRICS && status == SOUK_OK; i++)
        status = append(t, "\t%s@%d", souk_metric_key((enum souk_metric)(i % SOUK_METRICS)),
                        cutoffs->k[i / SOUK_METRICS]);
    return status == SOUK_OK ? append(t, "\n") : status;
}

static souk_status format_round(struct dump *d, enum souk_dump kind, int round, struct text *t,
                                struct souk_error *err)
{
    static souk_status (*const formats[])(struct dump *, int64_t, struct text *) = {
        [SOUK_DUMP_RECOMMENDATIONS] = format_recommendations,
        [SOUK_DUMP_TARGETS] = format_targets,
        [SOUK_DUMP_PER_USER] = format_user,
    };
    const struct souk_cases *c = d->measure->cases;
    souk_status status = SOUK_OK;
    for (int64_t at = c->round_first[round]; at < c->round_first[round + 1] && status == SOUK_OK;
         at++)
        status = formats[kind](d, at, t);
    return status == SOUK_OK ? status
                             : souk_fail(err, status, "out of memory for the text of a part");
}

static souk_status write_bytes(FILE *f, const char *path, const char *bytes, size_t size,
                               struct souk_error *err)
{
    if (fwrite(bytes, 1, size, f) != size)
        return souk_fail_errno(err, "cannot write %s", path);
    return SOUK_OK;
}

/* Everyone's text of this round to rank 0, which writes it in the order of the ranks. */
static souk_status write_round_all(const struct souk_comm *comm, FILE *f, const char *path,
                                   struct text *t, int64_t *counts, struct souk_error *err)
{
    void *all = NULL;
    int64_t size = 0, *recv_counts = counts + comm->size;
    counts[0] = (int64_t)t->size;
    souk_status status = souk_exchange_all(comm, t->bytes, counts, 1, &all, recv_counts, err);
    if (status != SOUK_OK)
        return status;
    for (int rank = 0; rank < comm->size; rank++)
        size += recv_counts[rank];
    if (f)
        status = write_bytes(f, path, all, (size_t)size, err);
    t->size = 0;
    free(all);
    return souk_status_agree_all(comm, status, err);
}

static souk_status prepare(struct dump *d, enum souk_dump kind, const struct souk_comm *comm,
                           struct text *t, int64_t **counts, struct souk_error *err)
{
    const struct souk_cutoffs *cutoffs = d->measure->context.cutoffs;
    souk_status status = SOUK_OK;
    d->metrics = souk_alloc_array((size_t)cutoffs->count * SOUK_METRICS, sizeof *d->metrics);
    *counts = souk_zalloc_array((size_t)comm->size, 2 * sizeof **counts);
    if (!d->metrics || !*counts)
        status = SOUK_ENOMEM;
    if (status == SOUK_OK)
        status = souk_probe_init(&d->probe, d->measure);
    if (status == SOUK_OK && kind == SOUK_DUMP_PER_USER && comm->rank == 0)
        status = format_header(cutoffs, t);
    return status == SOUK_OK ? status
                             : souk_fail(err, status, "out of memory for a table of users");
}

static souk_status close_file(FILE *f, const char *path, souk_status status, struct souk_error *err)
{
    if (f && fclose(f) != 0 && status == SOUK_OK)
        return souk_fail_errno(err, "cannot write %s", path);
    return status;
}

souk_status souk_dump_write_all(const struct souk_comm *comm, const char *path, enum souk_dump kind,
                                const struct souk_measure *measure, const struct souk_set *set,
                                struct souk_error *err)
{
    struct dump d = {.measure = measure, .set = set};
    struct souk_staging staging = {0};
    struct text text = {0};
    int64_t *counts = NULL;
    FILE *f = NULL;
    souk_status status = prepare(&d, kind, comm, &text, &counts, err);
    if (status == SOUK_OK && comm->rank == 0) {
        status = souk_staging_begin(&staging, path, false, NULL, true, err);
        if (status == SOUK_OK && !(f = fopen(staging.partial, "w")))
            status = souk_fail_errno(err, "cannot create %s", staging.partial);
        if (status == SOUK_OK)
            souk_staging_guard(&staging);
    }
    status = souk_status_agree_all(comm, status, err);
    const int rounds = souk_duty_rounds(comm, measure->ranking->model->parts);
    for (int round = 0; round < rounds && status == SOUK_OK; round++) {
        status = souk_status_agree_all(comm, format_round(&d, kind, round, &text, err), err);
        if (status == SOUK_OK)
            status = write_round_all(comm, f, path, &text, counts, err);
    }
    status = close_file(f, path, status, err);
    if (status == SOUK_OK && comm->rank == 0)
        status = souk_staging_commit(&staging, err);
    status = souk_status_agree_all(comm, status, err);
    souk_staging_end(&staging, comm->rank == 0);
    souk_probe_fini(&d.probe);
    free(d.metrics);
    free(counts);
    free(text.bytes);
    return status;
}
