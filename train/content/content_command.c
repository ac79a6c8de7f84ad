/* souk-train content: options and the model. */
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "train/comm/historyweight.h"
#include "train/comm/trainoptions.h"
#include "train/command.h"
#include "train/content/content.h"
#include "train/popular/neighbourmodel.h"

#ifdef _OPENMP
#include <omp.h>
#endif

extern void openblas_set_num_threads(int threads);

struct content_options {
    struct souk_options *parsed; /* owns the texts */
    struct souk_train_options train;
    struct souk_content_parameters parameters;
    bool all_items;
    int64_t threads, popularity_half_life_ms, history_half_life_ms;
    double history_power;
};

static souk_status parse(int argc, char **argv, bool speak, bool *done, struct content_options *o,
                         struct souk_error *err)
{
    struct souk_content_parameters *p = &o->parameters;
    const struct souk_option table[] = {
        SOUK_TRAIN_OPTION_ROWS(o->train),
        {"all-items", 0, SOUK_OPTION_FLAG, &o->all_items, "true", 0, 0, NULL, NULL,
         "recommend items without any event, too; --no-all-items: only those with one", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "what is known of items", false},
        {"fields", 0, SOUK_OPTION_TEXT, &p->documents.fields, NULL, 0, 0, NULL, "NAME,...",
         "attributes and properties to read, category: the tree's (default: all)", false},
        {"max-share", 0, SOUK_OPTION_REAL, &p->documents.max_share, ".2", 0, 1, NULL, "SHARE",
         "tokens of more than this share of the items do not count", false},
        {"max-items", 0, SOUK_OPTION_INT, &p->documents.max_items, "2000", 2, 1e15, NULL, "N",
         "nor do tokens of more than N items: time grows with their squares", false},
        {"item-vectors", 0, SOUK_OPTION_TEXT, &p->vectors, NULL, 0, 0, NULL, "FILE.npy",
         "vectors from outside instead: a matrix of one row an item", false},
        {"item-vector-ids", 0, SOUK_OPTION_TEXT, &p->vector_ids, NULL, 0, 0, NULL, "FILE",
         "the item of each row, one a line", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "model", false},
        {"neighbours", 0, SOUK_OPTION_INT, &p->neighbours, "100", 1, 1000000, NULL, "K",
         "kept of each item, among the items that users have", false},
        {"cold-neighbours", 0, SOUK_OPTION_INT, &p->cold_neighbours, "20", 0, 1000000, NULL, "K",
         "kept of each item, among the items without an event", false},
        {"similarity-power", 0, SOUK_OPTION_REAL, &p->power, "2", .1, 16, NULL, "E",
         "a neighbour counts cosine^E: above 1 the nearest more", false},
        {"history-power", 0, SOUK_OPTION_REAL, &o->history_power, ".5", 0, 2, NULL, "E",
         "a pair of a user's history counts weight^E; 0: 1", false},
        {"history-half-life", 0, SOUK_OPTION_DURATION, &o->history_half_life_ms, "none", 0, 0, NULL,
         "DURATION|none", "age, before the user's last event, at which a pair counts half", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "running", false},
        {"popularity-half-life", 0, SOUK_OPTION_DURATION, &o->popularity_half_life_ms, "7d", 0, 0,
         NULL, "DURATION|none", "of the popularity that unknown visitors are answered with", false},
        {"threads", 0, SOUK_OPTION_INT, &o->threads, "0", 0, 4096, NULL, "N",
         "threads of a rank; 0: OMP_NUM_THREADS, else all its cores", false},
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = "souk-train content",
        .summary = "items that are alike in what is known of them (an MPI program)",
        .examples =
            "  mpirun -n 2 souk-train content --dataset shop.ds --out content.model\n"
            "  mpirun -n 2 souk-train content --dataset shop.ds --item-vectors images.npy \\\n"
            "      --item-vector-ids images.txt --out images.model\n",
        .options = table,
    };
    const souk_status status =
        souk_options_parse(&program, argc, argv, speak, done, &o->parsed, err);
    if (status || *done)
        return status;
    if (o->history_half_life_ms == 0)
        return souk_fail(err, SOUK_EUSAGE,
                         "a half-life of 0 leaves nothing: use none for no decay");
    if (!p->vectors != !p->vector_ids)
        return souk_fail(err, SOUK_EUSAGE, "--item-vectors and --item-vector-ids go together");
    return SOUK_OK;
}

static souk_status make_all(const struct souk_comm *comm, const struct content_options *o,
                            const struct souk_dataset *dataset, struct souk_ratings *ratings,
                            struct souk_error *err)
{
    const struct souk_neighbour_model model = {"content", o->train.out, o->parsed,
                                               o->popularity_half_life_ms};
    struct souk_neighbour_rows rows = {0};
    const int64_t start_us = souk_monotonic_us();
    souk_status status = souk_status_agree_all(
        comm, souk_history_weigh(ratings, o->history_power, o->history_half_life_ms, err), err);
    if (!status)
        status = souk_content_all(comm, dataset, ratings, &o->parameters, &rows, err);
    if (!status)
        souk_log(SOUK_LOG_INFO, "compared", "seconds=%.3f",
                 (double)(souk_monotonic_us() - start_us) * 1e-6);
    if (!status)
        status = souk_neighbour_model_save_all(comm, &model, dataset, ratings, &rows, err);
    souk_neighbour_rows_fini(&rows);
    return status;
}

static souk_status train_all(const struct souk_comm *comm, const struct content_options *o,
                             struct souk_error *err)
{
    struct souk_dataset *dataset = NULL;
    struct souk_ratings ratings = {0};
    struct souk_ratings_rule rule;
    souk_status status = souk_dataset_open(o->train.dataset, &dataset, err);
    if (!status)
        status = souk_train_rule(&o->train, dataset, &rule, err);
    status = souk_status_agree_all(comm, status, err);
    if (!status) {
        rule.all_items = o->all_items;
        status = souk_ratings_load_all(comm, dataset, &rule, &ratings, err);
    }
    if (!status)
        status = make_all(comm, o, dataset, &ratings, err);
    souk_ratings_fini(&ratings);
    souk_dataset_free(dataset);
    return status;
}

static souk_status run_all(struct souk_comm *comm, int argc, char **argv, struct souk_error *err)
{
    struct content_options o = {0};
    bool done = false;
    souk_status status = parse(argc, argv, comm->rank == 0, &done, &o, err);
    status = souk_status_agree_all(comm, status, err);
    openblas_set_num_threads(1); /* blocks run side by side in our own threads */
#ifdef _OPENMP
    if (o.threads > 0)
        omp_set_num_threads((int)o.threads);
#endif
    if (!status && !done)
        status = train_all(comm, &o, err);
    souk_options_free(o.parsed);
    return status;
}

const struct souk_command souk_command_content = {
    .name = "content",
    .summary = "items that are alike in what is known of them",
    .run = run_all,
};
