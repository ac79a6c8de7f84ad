/* souk-train svd: options and the model. */
#include "shared/base/log.h"
#include "train/comm/modelwriter.h"
#include "train/comm/trainset.h"
#include "train/command.h"
#include "train/linear/densecommand.h"
#include "train/linear/svd.h"
#include "train/popular/popularity.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

struct svd_options {
    struct souk_options *parsed; /* owns the texts */
    struct souk_train_options train;
    int64_t factors, oversample, depth, products, seed, threads, memory_limit;
    int64_t popularity_half_life_ms;
    double power, tolerance;
};

static souk_status parse(int argc, char **argv, bool speak, bool *done, struct svd_options *o,
                         struct souk_error *err)
{
    const struct souk_option table[] = {
        SOUK_TRAIN_OPTION_ROWS(o->train),
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "decomposition", false},
        {"factors", 0, SOUK_OPTION_INT, &o->factors, "64", 1, 1024, NULL, "N",
         "singular values, and length of the vectors of users and items", false},
        {"weight-power", 0, SOUK_OPTION_REAL, &o->power, "0", 0, 2, NULL, "E",
         "the matrix holds weight^E of each pair; 0: 1", false},
        {"tolerance", 0, SOUK_OPTION_REAL, &o->tolerance, "1e-6", 1e-13, 1, NULL, "T",
         "largest relative error of a singular value", false},
        {"oversample", 0, SOUK_OPTION_INT, &o->oversample, "16", 0, 1024, NULL, "N",
         "columns of a Krylov block beyond the factors", false},
        {"depth", 0, SOUK_OPTION_INT, &o->depth, "8", 2, 1000, NULL, "N",
         "Krylov blocks before a restart: more take memory, fewer take time", false},
        {"products", 0, SOUK_OPTION_INT, &o->products, "1000", 1, 1e9, NULL, "N",
         "products with the matrix and its transpose before it gives up", false},
        {"seed", 0, SOUK_OPTION_INT, &o->seed, "1", 0, 9e15, NULL, "N", "seed of the first block",
         false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "running", false},
        {"popularity-half-life", 0, SOUK_OPTION_DURATION, &o->popularity_half_life_ms, "7d", 0, 0,
         NULL, "DURATION|none", "of the popularity that unknown visitors are answered with", false},
        {"memory-limit", 0, SOUK_OPTION_BYTES, &o->memory_limit, "0", 0, 0, NULL, "BYTES",
         "refuse to start where a rank needs more; 0: no limit", false},
        {"threads", 0, SOUK_OPTION_INT, &o->threads, "0", 0, 4096, NULL, "N",
         "threads of a rank; 0: OMP_NUM_THREADS, else its share of the node's cores", false},
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = "souk-train svd",
        .summary = "PureSVD by randomized block Krylov iteration (an MPI program)",
        .examples = "  mpirun -n 2 souk-train svd --dataset shop.ds --factors 64 --out shop.model\n"
                    "  mpirun -n 8 souk-train svd --dataset shop.ds --factors 256 --depth 4 \\\n"
                    "      --memory-limit 8G --out shop.model\n",
        .options = table,
    };
    return souk_options_parse(&program, argc, argv, speak, done, &o->parsed, err);
}

static char *describe(const struct souk_krylov *k, const struct souk_svd *s)
{
    json_t *values = json_array(), *json;
    char *text;
    for (int64_t i = 0; i < s->count; i++)
        json_array_append_new(values, json_real(s->values[i])); /* NULL shows in the next line */
    json = json_pack("{s:o, s:f, s:I, s:I}", "singular_values", values, "error", k->error,
                     "products", (json_int_t)k->products, "restarts", (json_int_t)k->restarts);
    text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text;
}

static souk_status save_all(const struct souk_comm *comm, const struct svd_options *o,
                            const struct souk_dataset *dataset, const struct souk_ratings *ratings,
                            const struct souk_krylov *krylov, const struct souk_svd *svd,
                            struct souk_error *err)
{
    struct souk_popularity popularity = {0};
    char *parameters = NULL, *metrics = describe(krylov, svd), id[17] = "";
    souk_status status =
        souk_status_agree_all(comm, souk_densecommand_parameters(o->parsed, &parameters, err), err);
    if (!status)
        status = souk_popularity_all(comm, ratings, o->popularity_half_life_ms, &popularity, err);
    const struct souk_model_content content = {
        .kind = "svd",
        .factors = (int)o->factors,
        .stride = svd->stride,
        .user_factors = svd->user_factors,
        .item_factors = svd->item_factors,
        .popularity = popularity.score,
        .item_events = popularity.events,
        .parameters_json = parameters,
        .metrics_json = metrics,
    };
    if (!status)
        status = souk_model_save_all(comm, o->train.out, dataset, ratings, &content, id, err);
    if (!status)
        souk_log(SOUK_LOG_INFO, "trained",
                 "model=%s id=%s largest=%.9g smallest=%.9g error=%.2g products=%" PRId64
                 " restarts=%" PRId64,
                 o->train.out, id, svd->values[0], svd->values[svd->count - 1], krylov->error,
                 krylov->products, krylov->restarts);
    souk_popularity_fini(&popularity);
    free(parameters);
    free(metrics);
    return status;
}

static int64_t wanted(const struct svd_options *o, const struct souk_ratings *ratings)
{
    const int64_t users = ratings->user_first[ratings->parts];
    const int64_t items = ratings->item_first[ratings->parts];
    const int64_t rank = users < items ? users : items;
    return o->factors < rank ? o->factors : rank;
}

/* The need of the rank that needs most. */
static souk_status check_memory_all(const struct souk_itemoperator *a,
                                    const struct souk_krylov_parameters *parameters,
                                    const struct svd_options *o, struct souk_error *err)
{
    int64_t need = souk_svd_memory(a, parameters, (int)o->factors);
    const souk_status status = souk_max_i64_all(a->comm, &need, 1, err);
    return status ? status
                  : souk_densecommand_check_memory(
                        need, o->memory_limit, "use more ranks, or set --depth and --factors lower",
                        err);
}

static souk_status solve_all(const struct souk_itemoperator *a, const struct svd_options *o,
                             const struct souk_dataset *dataset, struct souk_error *err)
{
    const struct souk_krylov_parameters parameters = {.wanted = wanted(o, a->ratings),
                                                      .oversample = o->oversample,
                                                      .depth = o->depth,
                                                      .products_max = o->products,
                                                      .tolerance = o->tolerance,
                                                      .seed = (uint64_t)o->seed};
    struct souk_krylov krylov = {0};
    struct souk_svd svd = {0};
    souk_status status = check_memory_all(a, &parameters, o, err);
    if (!status)
        status = souk_krylov_run_all(&krylov, a, &parameters, err);
    if (!status)
        status = souk_svd_all(&krylov, (int)o->factors, &svd, err);
    if (!status)
        status = save_all(a->comm, o, dataset, a->ratings, &krylov, &svd, err);
    souk_svd_fini(&svd);
    souk_krylov_fini(&krylov);
    return status;
}

static souk_status decompose_all(const struct souk_comm *comm, const struct svd_options *o,
                                 const struct souk_dataset *dataset, struct souk_ratings *ratings,
                                 struct souk_error *err)
{
    struct souk_grid grid = {0};
    struct souk_tall items;
    struct souk_itemoperator a = {0};
    souk_status status =
        souk_status_agree_all(comm, souk_densecommand_weigh(ratings, o->power, err), err);
    if (!status)
        status = souk_grid_start_all(&grid, comm, comm->size, 1, err);
    if (!status)
        status = souk_tall_init(&items, &grid, ratings->item_first[ratings->parts], err);
    if (!status)
        status = souk_itemoperator_init_all(&a, comm, ratings, &items, err);
    if (!status)
        status = solve_all(&a, o, dataset, err);
    souk_itemoperator_fini(&a);
    souk_grid_finish(&grid);
    return status;
}

static souk_status train_all(const struct souk_comm *comm, void *context, struct souk_error *err)
{
    const struct svd_options *o = context;
    struct souk_trainset set;
    souk_status status = souk_trainset_load_all(comm, &o->train, NULL, &set, err);
    if (!status)
        status = decompose_all(comm, o, set.dataset, &set.ratings, err);
    souk_trainset_fini(&set);
    return status;
}

static souk_status run_all(struct souk_comm *comm, int argc, char **argv, struct souk_error *err)
{
    struct svd_options o = {0};
    bool done = false;
    souk_status status = parse(argc, argv, comm->rank == 0, &done, &o, err);
    status = souk_status_agree_all(comm, status, err);
    if (!status && !done)
        status = souk_densecommand_run_all(comm, o.threads, train_all, &o, err);
    souk_options_free(o.parsed);
    return status;
}

const struct souk_command souk_command_svd = {
    .name = "svd",
    .summary = "PureSVD, a truncated singular value decomposition",
    .run = run_all,
};
