/* souk-train category: options and the model. */
#include "train/category/category.h"
#include "train/comm/historyweight.h"
#include "train/comm/trainset.h"
#include "train/command.h"
#include "train/popular/neighbourmodel.h"

#ifdef _OPENMP
#include <omp.h>
#endif

struct category_options {
    struct souk_options *parsed; /* owns the texts */
    struct souk_train_options train;
    struct souk_category_parameters parameters;
    int64_t threads, history_half_life_ms;
    double history_power;
};

static souk_status parse(int argc, char **argv, bool speak, bool *done, struct category_options *o,
                         struct souk_error *err)
{
    struct souk_category_parameters *p = &o->parameters;
    const struct souk_option table[] = {
        SOUK_TRAIN_OPTION_ROWS(o->train),
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "model", false},
        {"popularity-half-life", 0, SOUK_OPTION_DURATION, &p->half_life_ms, "28d", 0, 0, NULL,
         "DURATION|none", "age at which a user's interest in an item counts half", false},
        {"neighbours", 0, SOUK_OPTION_INT, &p->neighbours, "1000", 1, 1000000, NULL, "K",
         "kept of each item; as many of the most popular items stand for a category", false},
        {"history-power", 0, SOUK_OPTION_REAL, &o->history_power, "1", 0, 2, NULL, "E",
         "a pair of a user's history counts weight^E; 0: 1", false},
        {"history-half-life", 0, SOUK_OPTION_DURATION, &o->history_half_life_ms, "28d", 0, 0, NULL,
         "DURATION|none", "age, before the user's last event, at which a pair counts half", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "running", false},
        {"threads", 0, SOUK_OPTION_INT, &o->threads, "0", 0, 4096, NULL, "N",
         "threads of a rank; 0: OMP_NUM_THREADS, else all its cores", false},
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = "souk-train category",
        .summary = "popular items of the categories that a user likes (an MPI program)",
        .examples =
            "  mpirun -n 2 souk-train category --dataset shop.ds --out category.model\n"
            "  mpirun -n 2 souk-train category --dataset shop.ds --popularity-half-life 7d \\\n"
            "      --out category.model\n",
        .options = table,
    };
    const souk_status status =
        souk_options_parse(&program, argc, argv, speak, done, &o->parsed, err);
    if (status || *done)
        return status;
    if (o->history_half_life_ms == 0 || p->half_life_ms == 0)
        return souk_fail(err, SOUK_EUSAGE,
                         "a half-life of 0 leaves nothing: use none for no decay");
    return SOUK_OK;
}

static souk_status train_all(const struct souk_comm *comm, const struct category_options *o,
                             struct souk_error *err)
{
    const struct souk_neighbour_model model = {"category", o->train.out, o->parsed,
                                               o->parameters.half_life_ms};
    struct souk_trainset set;
    struct souk_neighbour_rows rows = {0};
    souk_status status = souk_trainset_load_all(comm, &o->train, NULL, &set, err);
    if (!status)
        status = souk_status_agree_all(
            comm, souk_history_weigh(&set.ratings, o->history_power, o->history_half_life_ms, err),
            err);
    if (!status)
        status = souk_category_all(comm, set.dataset, &set.ratings, &o->parameters, &rows, err);
    if (!status)
        status = souk_neighbour_model_save_all(comm, &model, set.dataset, &set.ratings, &rows, err);
    souk_neighbour_rows_fini(&rows);
    souk_trainset_fini(&set);
    return status;
}

static souk_status run_all(struct souk_comm *comm, int argc, char **argv, struct souk_error *err)
{
    struct category_options o = {0};
    bool done = false;
    souk_status status = parse(argc, argv, comm->rank == 0, &done, &o, err);
    status = souk_status_agree_all(comm, status, err);
#ifdef _OPENMP
    if (o.threads > 0)
        omp_set_num_threads((int)o.threads);
#endif
    if (!status && !done)
        status = train_all(comm, &o, err);
    souk_options_free(o.parsed);
    return status;
}

const struct souk_command souk_command_category = {
    .name = "category",
    .summary = "popular items of the categories that a user likes",
    .run = run_all,
};
