/* parity_rows MODEL OUT CASES SEED (an MPI program): random (user, moment) with ITEMS random items
 * each, and what the training path makes of them: the very functions that fill the ranker's table.
 * A rank writes OUT.RANK: names of the features, then a line for each item:
 *
 *     user <tab> moment <tab> item <tab> score <tab> features      bits of the floats, in hex
 *
 * Half of the items are candidates of the user, the others any of the catalogue. A moment lies
 * within ten days of one of the user's events. */
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "shared/data/rows.h"
#include "shared/score/stagescore.h"
#include "train/evaluate/duty.h"
#include "train/twostage/trainingrows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS = 10, CANDIDATES = 5, DAYS = 10 };

struct draw {
    struct souk_model *model;
    int64_t cases;
    uint64_t seed;
};

/* A user with an event, and a moment. @return false: the case is of another part, or of none */
static bool draw_case(const struct draw *d, const struct souk_model_part *p, int64_t number,
                      int64_t *row, int64_t *moment_ms)
{
    const int64_t first = d->model->user_first[p->part];
    const uint64_t users = (uint64_t)souk_model_users(d->model), n = (uint64_t)number;
    *row = (int64_t)(souk_random_bits(d->seed, n, 0) % users) - first;
    if (*row < 0 || *row >= p->users.count || p->event_offsets[*row] == p->event_offsets[*row + 1])
        return false;
    const int64_t begin = p->event_offsets[*row], count = p->event_offsets[*row + 1] - begin;
    const int64_t at = begin + (int64_t)(souk_random_bits(d->seed, n, 1) % (uint64_t)count);
    *moment_ms =
        p->event_ms[at] + (int64_t)(souk_random_bits(d->seed, n, 2) % (DAYS * UINT64_C(86400000)));
    return true;
}

/* Cases of the part of one round. @param c with room for all */
static souk_status add_round(const struct souk_comm *comm, const struct draw *d, int round,
                             struct souk_cases *c, struct souk_error *err)
{
    const struct souk_duty duty = souk_duty_of(comm, d->model->parts, round);
    struct souk_model_part p = {0};
    souk_status status = SOUK_OK;
    if (duty.part >= 0 && duty.slice == 0)
        status = souk_model_read_part(d->model, duty.part, SOUK_MODEL_USERS, &p, err);
    for (int64_t n = 0; n < d->cases && !status && p.event_offsets; n++) {
        int64_t row, moment_ms;
        if (!draw_case(d, &p, n, &row, &moment_ms))
            continue;
        snprintf(c->users.bytes + c->count * c->users.stride, (size_t)c->users.stride, "%s",
                 souk_idtable_get(&p.users, row));
        c->moment_ms[c->count++] = moment_ms;
        c->target_offsets[c->count] = c->count;
    }
    c->round_first[round + 1] = c->count;
    souk_model_part_fini(&p);
    return status;
}

/* What is wanted: any item of the model may be, so the rows are the model's own. */
static souk_status name_items(const struct draw *d, struct souk_cases *c, struct souk_error *err)
{
    souk_status status =
        souk_idtable_init(&c->wanted, souk_model_items(d->model), d->model->id_width + 1);
    c->wanted_first = souk_alloc_array((size_t)d->model->parts + 1, sizeof *c->wanted_first);
    if (status || !c->wanted_first)
        return souk_fail(err, SOUK_ENOMEM, "no memory");
    memcpy(c->wanted_first, d->model->item_first,
           ((size_t)d->model->parts + 1) * sizeof *c->wanted_first);
    for (int part = 0; part < d->model->parts && !status; part++) {
        struct souk_model_part p;
        status = souk_model_read_part(d->model, part, SOUK_MODEL_ITEMS, &p, err);
        for (int64_t i = 0; i < p.items.count && !status; i++)
            snprintf(c->wanted.bytes + (c->wanted_first[part] + i) * c->wanted.stride,
                     (size_t)c->wanted.stride, "%s", souk_idtable_get(&p.items, i));
        souk_model_part_fini(&p);
    }
    return status;
}

static souk_status draw_cases(const struct souk_comm *comm, const struct draw *d,
                              struct souk_cases *c, struct souk_error *err)
{
    const int rounds = souk_duty_rounds(comm, d->model->parts);
    const size_t cases = (size_t)d->cases;
    *c = (struct souk_cases){0};
    souk_status status = souk_idtable_init(&c->users, d->cases, d->model->id_width + 1);
    c->round_first = souk_zalloc_array((size_t)rounds + 1, sizeof *c->round_first);
    c->target_offsets = souk_zalloc_array(cases + 1, sizeof *c->target_offsets);
    c->target = souk_zalloc_array(cases, sizeof *c->target);
    c->moment_ms = souk_zalloc_array(cases, sizeof *c->moment_ms);
    if (status || !c->round_first || !c->target_offsets || !c->target || !c->moment_ms)
        return souk_fail(err, SOUK_ENOMEM, "no memory");
    for (int round = 0; round < rounds && !status; round++)
        status = add_round(comm, d, round, c, err);
    c->users.count = c->count;
    return status ? status : name_items(d, c, err);
}

/* ITEMS distinct items for a case, ascending. */
static void draw_items(const struct draw *d, const struct souk_candidates *c, int64_t at,
                       int64_t *item)
{
    const uint64_t named = (uint64_t)(c->offsets[at + 1] - c->offsets[at]);
    const uint64_t items = (uint64_t)souk_model_items(d->model);
    const uint64_t case_seed = d->seed + 1 + (uint64_t)c->cases->moment_ms[at];
    int64_t n = 0;
    for (uint64_t k = 0; n < ITEMS; k++) {
        const uint64_t bits = souk_random_bits(case_seed, (uint64_t)at, k);
        const bool of_candidates = k < CANDIDATES && named > 0;
        item[n] = of_candidates ? c->item[c->offsets[at] + (int64_t)(bits % named)]
                                : (int64_t)(bits % items);
        n = souk_rows_unique(item, n + 1);
    }
}

/* The drawn items take the place of the candidates; the first one is wanted, so that no case is
 * left out of the table. */
static souk_status replace_candidates(const struct draw *d, struct souk_cases *cases,
                                      struct souk_candidates *c, struct souk_error *err)
{
    int64_t *item = souk_alloc_array((size_t)cases->count * ITEMS, sizeof *item);
    if (!item || souk_model_items(d->model) < ITEMS) {
        free(item);
        return souk_fail(err, SOUK_EINVAL, "no memory, or fewer than %d items", ITEMS);
    }
    for (int64_t at = 0; at < cases->count; at++)
        draw_items(d, c, at, item + at * ITEMS);
    for (int64_t at = 0; at < cases->count; at++) {
        cases->target[at] = item[at * ITEMS];
        c->offsets[at + 1] = (at + 1) * ITEMS;
    }
    free(c->item);
    c->item = item;
    return SOUK_OK;
}

static void print_row(FILE *f, const struct souk_stage_ranker *ranker, const float *feature)
{
    const float score = souk_stage_ranker_score(ranker, feature);
    uint32_t bits;
    memcpy(&bits, &score, sizeof bits);
    fprintf(f, "%08" PRIx32 "\t", bits);
    for (int i = 0; i < ranker->features; i++) {
        memcpy(&bits, &feature[i], sizeof bits);
        fprintf(f, "%s%08" PRIx32, i ? " " : "", bits);
    }
    fputc('\n', f);
}

static souk_status print_rows(const char *path, const struct draw *d,
                              const struct souk_candidates *c,
                              const struct souk_training_rows *rows, struct souk_error *err)
{
    struct souk_stage_ranker ranker;
    FILE *f = fopen(path, "w");
    souk_status status = souk_stage_ranker_init(&ranker, d->model, err);
    if (!f)
        status = souk_fail_errno(err, "%s", path);
    if (!status && rows->groups != c->cases->count)
        status = souk_fail(err, SOUK_EINVAL, "a case is not in the table");
    for (int i = 0; i < ranker.features && !status; i++) {
        char name[2 * SOUK_NAME_MAX_BYTES];
        souk_feature_name(&d->model->stages, i, name, sizeof name);
        fprintf(f, "%s%c", name, i + 1 < ranker.features ? ' ' : '\n');
    }
    for (int64_t r = 0; r < rows->rows && !status; r++) {
        fprintf(f, "%s\t%" PRId64 "\t%s\t", souk_idtable_get(&c->cases->users, r / ITEMS),
                c->cases->moment_ms[r / ITEMS], souk_idtable_get(&c->cases->wanted, c->item[r]));
        print_row(f, &ranker, rows->feature + r * rows->features);
    }
    if (f && fclose(f) != 0 && !status)
        status = souk_fail_errno(err, "%s", path);
    souk_stage_ranker_fini(&ranker);
    return status;
}

static souk_status run_all(const struct souk_comm *comm, const struct draw *d, const char *out,
                           struct souk_error *err)
{
    const struct souk_part_source source = {.model = d->model};
    const struct souk_sampling sampling = {.negatives = 0, .seed = d->seed};
    struct souk_cases cases = {0};
    struct souk_candidates candidates = {0};
    struct souk_training_rows rows = {0};
    char path[512];
    snprintf(path, sizeof path, "%s.%d", out, comm->rank);
    souk_status status = souk_status_agree_all(comm, draw_cases(comm, d, &cases, err), err);
    if (!status)
        status = souk_candidates_find_all(comm, &source, &cases, NULL, false, &candidates, err);
    if (!status)
        status = souk_status_agree_all(comm, replace_candidates(d, &cases, &candidates, err), err);
    if (!status)
        status = souk_training_rows_add_all(&rows, comm, &source, &candidates, 0, &sampling, err);
    if (!status)
        status = souk_status_agree_all(comm, print_rows(path, d, &candidates, &rows, err), err);
    souk_training_rows_fini(&rows);
    souk_candidates_fini(&candidates);
    souk_cases_fini(&cases);
    return status;
}

int main(int argc, char **argv)
{
    struct souk_comm comm;
    struct souk_error err = {0};
    struct draw d = {0};
    souk_status status = souk_comm_start(&argc, &argv, "parity_rows", &comm, &err);
    if (!status && argc != 5)
        status = souk_fail(&err, SOUK_EUSAGE, "usage: parity_rows MODEL OUT CASES SEED");
    if (!status) {
        d.cases = atoll(argv[3]);
        d.seed = strtoull(argv[4], NULL, 10);
        status = souk_status_agree_all(&comm, souk_model_open(argv[1], &d.model, &err), &err);
    }
    if (!status)
        status = run_all(&comm, &d, argv[2], &err);
    souk_model_free(d.model);
    return souk_comm_finish(&comm, status, &err);
}
