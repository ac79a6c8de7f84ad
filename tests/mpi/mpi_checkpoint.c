/* Checkpoints: what is saved under one partition comes back under another; the files do not depend
 * on ranks; what is damaged or of another run is refused with its reason. */
#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "shared/base/staging.h"
#include "train/comm/checkpoint.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PARTS = 4, COLUMNS = 10, STRIDE = 16, SIDES = 2, BASIS = 5 };

/* Part 2 has no user, part 1 no item. */
static const int64_t first_row[SIDES][PARTS + 1] = {{0, 700, 1300, 1300, 1301},
                                                    {0, 50, 50, 400, 410}};

static char folder[64];
static char notes[] = "[{\"loss\": 1.5}]";

struct state {
    struct souk_partition partition[SIDES];
    float *matrix[SIDES];
    double basis[BASIS * BASIS];
    int64_t steps[3];
    struct souk_checkpoint_rows rows[SIDES];
    struct souk_checkpoint_array arrays[2];
    struct souk_checkpoint checkpoint;
};

static float value_of(int side, int64_t row, int column)
{
    return (float)souk_random_normal(9 + (uint64_t)side, (uint64_t)row, (uint64_t)column);
}

static int64_t local_of(const struct souk_partition *p, int64_t row)
{
    return souk_partition_local(p, souk_partition_block(p, row), row);
}

static souk_status assign(struct souk_partition *p, const struct souk_comm *comm, int side,
                          enum souk_partition_rule rule, struct souk_error *err)
{
    souk_status status = souk_partition_init(p, first_row[side], PARTS, err);
    int64_t *cost = souk_zalloc_array((size_t)p->blocks + 1, sizeof *cost);
    for (int64_t b = 0; b < p->blocks && cost; b++)
        cost[b] = 1 + b * b % 7;
    if (!status)
        status = cost ? souk_partition_assign(p, comm, cost, rule, err) : SOUK_ENOMEM;
    free(cost);
    return status;
}

/* Rows of this rank by a rule; filled with their values, or zero to be restored. */
static int state_init(struct state *s, const struct souk_comm *comm, enum souk_partition_rule rule,
                      bool filled)
{
    static const char *const names[] = {"users", "items"};
    struct souk_error err;
    *s = (struct state){.steps = {filled, 2 * filled, 3 * filled}};
    for (int k = 0; k < SIDES; k++) {
        struct souk_partition *p = &s->partition[k];
        if (assign(p, comm, k, rule, &err) != SOUK_OK)
            return 1;
        s->matrix[k] = souk_alloc_aligned((size_t)p->local_rows * STRIDE, sizeof(float));
        if (!s->matrix[k])
            return 1;
        for (int64_t b = 0; b < p->blocks && filled; b++)
            for (int64_t r = p->block_row[b]; r < p->block_row[b + 1]; r++)
                for (int c = 0; c < COLUMNS && p->owner[b] == comm->rank; c++)
                    s->matrix[k][local_of(p, r) * STRIDE + c] = value_of(k, r, c);
        s->rows[k] = (struct souk_checkpoint_rows){names[k], p, COLUMNS, STRIDE, s->matrix[k]};
    }
    for (int i = 0; i < BASIS * BASIS && filled; i++)
        s->basis[i] = 1.0 / (i + 3);
    s->arrays[0] = (struct souk_checkpoint_array){"basis", SOUK_H5_F64, BASIS, BASIS, s->basis};
    s->arrays[1] = (struct souk_checkpoint_array){"steps", SOUK_H5_I64, 3, 0, s->steps};
    s->checkpoint = (struct souk_checkpoint){.kind = "test",
                                             .dataset_digest = 77,
                                             .parameters_json = "{\"factors\": 10, \"rate\": 0.1}",
                                             .arrays = s->arrays,
                                             .rows = s->rows,
                                             .array_count = 2,
                                             .rows_count = SIDES};
    return 0;
}

static void state_fini(struct state *s)
{
    for (int k = 0; k < SIDES; k++) {
        souk_partition_fini(&s->partition[k]);
        free(s->matrix[k]);
    }
}

static int compare(const struct state *s, const struct souk_comm *comm)
{
    int failures = s->steps[0] != 1 || s->steps[2] != 3;
    for (int k = 0; k < SIDES; k++) {
        const struct souk_partition *p = &s->partition[k];
        for (int64_t b = 0; b < p->blocks; b++)
            for (int64_t r = p->block_row[b]; r < p->block_row[b + 1]; r++)
                for (int c = 0; c < STRIDE && p->owner[b] == comm->rank; c++)
                    failures += s->matrix[k][local_of(p, r) * STRIDE + c] !=
                                (c < COLUMNS ? value_of(k, r, c) : 0);
    }
    for (int i = 0; i < BASIS * BASIS; i++)
        failures += s->basis[i] != 1.0 / (i + 3);
    return failures;
}

static int check_round_trip(const struct souk_comm *comm)
{
    struct souk_error err = {0};
    struct state saved, restored;
    struct souk_checkpoint_progress progress = {.epoch = 6, .json = notes}, back;
    int64_t bytes = 0;
    int failures = state_init(&saved, comm, SOUK_PARTITION_COST, true) +
                   state_init(&restored, comm, SOUK_PARTITION_LOPSIDED, false);
    bool found = true;
    failures += souk_checkpoint_prepare_all(comm, folder, &found, &err) != SOUK_OK || found;
    failures += souk_checkpoint_save_all(comm, folder, &saved.checkpoint, &progress, &bytes,
                                         &err) != SOUK_OK ||
                bytes < (1301 + 410) * COLUMNS * 4;
    failures += souk_checkpoint_prepare_all(comm, folder, &found, &err) != SOUK_OK || !found;
    failures +=
        souk_checkpoint_load_all(comm, folder, &restored.checkpoint, &back, &err) != SOUK_OK;
    failures += compare(&restored, comm) + (back.epoch != 6) + !back.json;
    failures += back.json && strstr(back.json, "1.5") == NULL;
    if (failures)
        printf("rank %d: round trip: %d failures: %s\n", comm->rank, failures, err.msg);
    free(back.json);
    state_fini(&saved);
    state_fini(&restored);
    return failures;
}

/* @param path [80] */
static void path_of(const char *file, char path[80])
{
    snprintf(path, 80, "%s/%s", folder, file);
}

static int digest_of(const char *file, uint64_t *digest)
{
    char path[80];
    int64_t size;
    struct souk_error err;
    path_of(file, path);
    return souk_hash_file(path, 0, digest, &size, &err) != SOUK_OK;
}

/* Saved again under another partition: the same bytes. */
static int check_same_bytes(const struct souk_comm *comm)
{
    static const char *const files[] = {"checkpoint.h5", "part-0000.h5", "part-0002.h5"};
    struct souk_error err = {0};
    struct souk_checkpoint_progress progress = {.epoch = 6, .json = notes};
    struct state state;
    uint64_t before[3] = {0}, after[3] = {0};
    int64_t bytes = 0;
    int failures = state_init(&state, comm, SOUK_PARTITION_IDLE_RANK, true);
    for (int i = 0; i < 3 && comm->rank == 0; i++)
        failures += digest_of(files[i], &before[i]);
    failures += souk_checkpoint_save_all(comm, folder, &state.checkpoint, &progress, &bytes,
                                         &err) != SOUK_OK;
    for (int i = 0; i < 3 && comm->rank == 0; i++)
        failures += digest_of(files[i], &after[i]) + (before[i] != after[i]);
    if (failures)
        printf("rank %d: same bytes: %d failures: %s\n", comm->rank, failures, err.msg);
    state_fini(&state);
    return failures;
}

static int expect_refusal(const struct souk_comm *comm, const struct souk_checkpoint *c,
                          souk_status wanted, const char *reason)
{
    struct souk_error err = {0};
    struct souk_checkpoint_progress progress;
    const souk_status status = souk_checkpoint_load_all(comm, folder, c, &progress, &err);
    const int failed = status != wanted || !strstr(err.msg, reason) || progress.json != NULL;
    if (failed)
        printf("rank %d: status %d, not %d, or no '%s' in: %s\n", comm->rank, (int)status,
               (int)wanted, reason, err.msg);
    return failed;
}

static int check_other_runs(const struct souk_comm *comm)
{
    struct state s;
    int failures = state_init(&s, comm, SOUK_PARTITION_COST, false);
    struct souk_checkpoint c = s.checkpoint;
    c.kind = "svd";
    failures += expect_refusal(comm, &c, SOUK_EINTEGRITY, "a checkpoint of test");
    c = s.checkpoint;
    c.dataset_digest = 78;
    failures += expect_refusal(comm, &c, SOUK_EINTEGRITY, "another dataset");
    c = s.checkpoint;
    c.parameters_json = "{\"factors\": 12, \"rate\": 0.1}";
    failures += expect_refusal(comm, &c, SOUK_EINTEGRITY, "factors = 10, this run has 12");
    c.parameters_json = "{\"factors\": 10}";
    failures += expect_refusal(comm, &c, SOUK_EINTEGRITY, "rate");
    c.parameters_json = "{\"factors\": 10, \"rate\": 0.1, \"seed\": 3}";
    failures += expect_refusal(comm, &c, SOUK_EINTEGRITY, "seed = nothing");
    c = s.checkpoint;
    c.array_count = 1;
    failures += expect_refusal(comm, &c, SOUK_EINTEGRITY, "other names or shapes");
    state_fini(&s);
    return failures;
}

static void overwrite(const struct souk_comm *comm, const char *file, off_t at, char byte)
{
    char path[80];
    path_of(file, path);
    const int fd = comm->rank == 0 ? open(path, O_WRONLY) : -1;
    if (fd >= 0 && pwrite(fd, &byte, 1, at) != 1)
        printf("cannot damage %s\n", path);
    if (fd >= 0)
        close(fd);
    MPI_Barrier(comm->mpi);
}

static int check_damage(const struct souk_comm *comm)
{
    struct state s;
    char path[80];
    int failures = state_init(&s, comm, SOUK_PARTITION_COST, false);
    path_of("part-0003.h5", path);
    overwrite(comm, "part-0003.h5", 2000, 'x');
    failures += expect_refusal(comm, &s.checkpoint, SOUK_EINTEGRITY, "part-0003.h5");
    if (comm->rank == 0)
        failures += truncate(path, 700) != 0;
    MPI_Barrier(comm->mpi);
    failures += expect_refusal(comm, &s.checkpoint, SOUK_EINTEGRITY, "part-0003.h5");
    if (comm->rank == 0)
        failures += unlink(path) != 0;
    MPI_Barrier(comm->mpi);
    failures += expect_refusal(comm, &s.checkpoint, SOUK_ENOTFOUND, "part-0003.h5");
    overwrite(comm, "checkpoint.h5", 1, 'x');
    failures += expect_refusal(comm, &s.checkpoint, SOUK_EFORMAT, "checkpoint.h5");
    state_fini(&s);
    return failures;
}

/* A value that is not finite is not saved, and the checkpoint before it stays. */
static int check_not_finite(const struct souk_comm *comm)
{
    struct souk_error err = {0};
    struct souk_checkpoint_progress progress = {.epoch = 7, .json = notes}, back = {0};
    struct state s;
    int64_t bytes = 0;
    int failures = state_init(&s, comm, SOUK_PARTITION_COST, true);
    const struct souk_partition *p = &s.partition[0];
    if (p->owner[souk_partition_block(p, 1300)] == comm->rank)
        s.matrix[0][local_of(p, 1300) * STRIDE] = 0.0f / 0.0f;
    failures += souk_checkpoint_save_all(comm, folder, &s.checkpoint, &progress, &bytes, &err) !=
                SOUK_ENUMERIC;
    failures += souk_checkpoint_load_all(comm, folder, &s.checkpoint, &back, &err) != SOUK_OK ||
                back.epoch != 6;
    failures += compare(&s, comm);
    if (failures)
        printf("rank %d: not finite: %d failures: %s\n", comm->rank, failures, err.msg);
    free(back.json);
    state_fini(&s);
    return failures;
}

int main(int argc, char **argv)
{
    struct souk_comm comm;
    struct souk_error err = {0};
    int64_t failures;
    int id = (int)getpid();
    if (souk_comm_start(&argc, &argv, "mpi_checkpoint", &comm, &err) != SOUK_OK)
        return 1;
    MPI_Bcast(&id, 1, MPI_INT, 0, comm.mpi);
    snprintf(folder, sizeof folder, "/tmp/mpi_checkpoint.%d", id);
    failures = check_round_trip(&comm);
    failures += check_same_bytes(&comm);
    failures += check_other_runs(&comm);
    failures += check_not_finite(&comm);
    failures += check_damage(&comm);
    if (comm.rank == 0 && souk_remove_tree(folder, &err) != SOUK_OK)
        failures++;
    if (souk_sum_i64_all(&comm, &failures, 1, &err) != SOUK_OK)
        failures = 1;
    souk_comm_finish(&comm, SOUK_OK, &err);
    return failures > 0;
}
