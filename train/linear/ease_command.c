/* souk-train ease: options and the model. */
#include "shared/base/log.h"
#include "train/comm/modelwriter.h"
#include "train/comm/trainset.h"
#include "train/command.h"
#include "train/linear/densecommand.h"
#include "train/linear/ease.h"
#include "train/popular/popularity.h"

#include <inttypes.h>
#include <stdlib.h>

struct ease_options {
    struct souk_options *parsed; /* owns the texts */
    struct souk_train_options train;
    int64_t items_limit, neighbours, block, threads, memory_limit, popularity_half_life_ms;
    double lambda, power;
};

static souk_status parse(int argc, char **argv, bool speak, bool *done, struct ease_options *o,
                         struct souk_error *err)
{
    const struct souk_option table[] = {
        SOUK_TRAIN_OPTION_ROWS(o->train),
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "model", false},
        {"lambda", 0, SOUK_OPTION_REAL, &o->lambda, "300", 1e-9, 1e12, NULL, "L",
         "regularization: what is added to the diagonal of X'X", false},
        {"weight-power", 0, SOUK_OPTION_REAL, &o->power, "0", 0, 2, NULL, "E",
         "X holds weight^E of each pair; 0: 1", false},
        {"items-limit", 0, SOUK_OPTION_INT, &o->items_limit, "0", 0, 2147483647, NULL, "N",
         "only the N most popular items take part; 0: all", false},
        {"neighbours", 0, SOUK_OPTION_INT, &o->neighbours, "0", 0, 2147483647, NULL, "N",
         "entries kept of each item's column of B, the largest; 0: all", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "running", false},
        {"popularity-half-life", 0, SOUK_OPTION_DURATION, &o->popularity_half_life_ms, "7d", 0, 0,
         NULL, "DURATION|none", "of the popularity that unknown visitors are answered with", false},
        {"memory-limit", 0, SOUK_OPTION_BYTES, &o->memory_limit, "0", 0, 0, NULL, "BYTES",
         "refuse to start where a rank needs more; 0: no limit", false},
        {"block", 0, SOUK_OPTION_INT, &o->block, "64", 1, 4096, NULL, "N",
         "rows and columns of a block of the distributed matrix", false},
        {"threads", 0, SOUK_OPTION_INT, &o->threads, "0", 0, 4096, NULL, "N",
         "threads of a rank; 0: OMP_NUM_THREADS, else its share of the node's cores", false},
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = "souk-train ease",
        .summary = "EASE, a linear item-to-item model in closed form (an MPI program)",
        .examples =
            "  mpirun -n 4 souk-train ease --dataset shop.ds --lambda 300 --out shop.model\n"
            "  mpirun -n 16 souk-train ease --dataset shop.ds --items-limit 50k \\\n"
            "      --neighbours 500 --memory-limit 16G --out shop.model\n",
        .options = table,
    };
    return souk_options_parse(&program, argc, argv, speak, done, &o->parsed, err);
}

static souk_status save_all(const struct souk_comm *comm, const struct ease_options *o,
                            const struct souk_dataset *dataset, const struct souk_ratings *ratings,
                            const struct souk_neighbour_rows *rows, struct souk_error *err)
{
    struct souk_popularity popularity = {0};
    char *parameters = NULL, id[17] = "";
    souk_status status =
        souk_status_agree_all(comm, souk_densecommand_parameters(o->parsed, &parameters, err), err);
    if (!status)
        status = souk_popularity_all(comm, ratings, o->popularity_half_life_ms, &popularity, err);
    const struct souk_model_content content = {
        .kind = "ease",
        .neighbours = rows->longest > 0 ? rows->longest : 1,
        .neighbour_offsets = rows->offsets,
        .neighbour = rows->item,
        .neighbour_weight = rows->weight,
        .popularity = popularity.score,
        .item_events = popularity.events,
        .parameters_json = parameters,
    };
    if (!status)
        status = souk_model_save_all(comm, o->train.out, dataset, ratings, &content, id, err);
    if (!status)
        souk_log(SOUK_LOG_INFO, "trained", "model=%s id=%s longest_row=%" PRId64, o->train.out, id,
                 rows->longest);
    souk_popularity_fini(&popularity);
    free(parameters);
    return status;
}

static souk_status solve_all(const struct souk_comm *comm, const struct ease_options *o,
                             const struct souk_dataset *dataset, struct souk_ratings *ratings,
                             struct souk_error *err)
{
    const struct souk_ease_parameters parameters = {.lambda = o->lambda,
                                                    .items_limit = o->items_limit,
                                                    .neighbours = o->neighbours,
                                                    .block = o->block,
                                                    .buffer_bytes = SOUK_EASE_BUFFER_BYTES};
    struct souk_neighbour_rows rows = {0};
    souk_status status = souk_densecommand_check_memory(
        souk_ease_memory(comm, ratings, &parameters), o->memory_limit,
        "use more ranks, or set --items-limit and --neighbours", err);
    if (!status)
        status = souk_densecommand_weigh(ratings, o->power, err);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_ease_all(comm, ratings, &parameters, &rows, err);
    if (!status)
        status =
            souk_status_agree_all(comm, souk_ease_mark_left_out(ratings, o->items_limit, err), err);
    if (!status)
        status = save_all(comm, o, dataset, ratings, &rows, err);
    souk_neighbour_rows_fini(&rows);
    return status;
}

static souk_status train_all(const struct souk_comm *comm, void *context, struct souk_error *err)
{
    const struct ease_options *o = context;
    struct souk_trainset set;
    souk_status status = souk_trainset_load_all(comm, &o->train, NULL, &set, err);
    if (!status)
        status = solve_all(comm, o, set.dataset, &set.ratings, err);
    souk_trainset_fini(&set);
    return status;
}

static souk_status run_all(struct souk_comm *comm, int argc, char **argv, struct souk_error *err)
{
    struct ease_options o = {0};
    bool done = false;
    souk_status status = parse(argc, argv, comm->rank == 0, &done, &o, err);
    status = souk_status_agree_all(comm, status, err);
    if (!status && !done)
        status = souk_densecommand_run_all(comm, o.threads, train_all, &o, err);
    souk_options_free(o.parsed);
    return status;
}

const struct souk_command souk_command_ease = {
    .name = "ease",
    .summary = "EASE, a linear item-to-item model in closed form",
    .run = run_all,
};
