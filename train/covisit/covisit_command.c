/* souk-train covisit: options and the model. */
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "train/comm/historyweight.h"
#include "train/comm/trainoptions.h"
#include "train/command.h"
#include "train/covisit/covisit.h"
#include "train/popular/neighbourmodel.h"

#ifdef _OPENMP
#include <omp.h>
#endif

struct covisit_options {
    struct souk_options *parsed; /* owns the texts */
    struct souk_train_options train;
    struct souk_covisit_parameters parameters;
    int scope;
    int64_t threads, popularity_half_life_ms, history_half_life_ms;
    double history_power;
};

static souk_status parse(int argc, char **argv, bool speak, bool *done, struct covisit_options *o,
                         struct souk_error *err)
{
    struct souk_covisit_parameters *p = &o->parameters;
    const struct souk_option table[] = {
        SOUK_TRAIN_OPTION_ROWS(o->train),
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "what goes together", false},
        {"scope", 0, SOUK_OPTION_CHOICE, &o->scope, "both", 0, 0, "session|user|both", NULL,
         "items of a session, of a user, or of both go together", false},
        {"user-weight", 0, SOUK_OPTION_REAL, &p->user_weight, ".3", 1e-6, 1e6, NULL, "W",
         "with --scope both: what a user counts where a session counts 1", false},
        {"session-gap", 0, SOUK_OPTION_DURATION, &p->session_gap_ms, "0ms", 0, 0, NULL, "DURATION",
         "pause that ends a session; 0ms: the dataset's sessions", false},
        {"window", 0, SOUK_OPTION_INT, &p->window, "5", 0, 1e9, NULL, "N",
         "a pair counts 1 - (d - 1) / N, d events from each other; 0: 1 at any distance", false},
        {"reach", 0, SOUK_OPTION_INT, &p->reach, "1000", 0, 1e12, NULL, "N",
         "items more than N places apart do not go together; 0: all do", false},
        {"half-life", 0, SOUK_OPTION_DURATION, &p->half_life_ms, "none", 0, 0, NULL,
         "DURATION|none", "age at which a pair counts half", false},
        {"pair-power", 0, SOUK_OPTION_REAL, &p->power, "0", 0, 2, NULL, "E",
         "an item in a session counts (sum of its event weights)^E; 0: 1", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "model", false},
        {"exponent", 0, SOUK_OPTION_REAL, &p->exponent, ".1", 0, 1, NULL, "E",
         "pairs are divided by (popularity of the recommended item)^E", false},
        {"source-exponent", 0, SOUK_OPTION_REAL, &p->source_exponent, ".5", 0, 1, NULL, "E",
         "and by (popularity of the item of the history)^E; both .5: the cosine", false},
        {"neighbours", 0, SOUK_OPTION_INT, &p->neighbours, "500", 1, 2147483647, NULL, "K",
         "kept of each item, the largest", false},
        {"history-power", 0, SOUK_OPTION_REAL, &o->history_power, ".5", 0, 2, NULL, "E",
         "a pair of a user's history counts weight^E; 0: 1", false},
        {"history-half-life", 0, SOUK_OPTION_DURATION, &o->history_half_life_ms, "none", 0, 0, NULL,
         "DURATION|none", "age, before the user's last event, at which a pair counts half", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "running", false},
        {"popularity-half-life", 0, SOUK_OPTION_DURATION, &o->popularity_half_life_ms, "7d", 0, 0,
         NULL, "DURATION|none", "of the popularity that unknown visitors are answered with", false},
        {"buffer", 0, SOUK_OPTION_BYTES, &p->buffer_bytes, "256M", 1024, 1e15, NULL, "BYTES",
         "sessions and users that a rank receives at a time; less takes longer", false},
        {"threads", 0, SOUK_OPTION_INT, &o->threads, "0", 0, 4096, NULL, "N",
         "threads of a rank; 0: OMP_NUM_THREADS, else all its cores", false},
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = "souk-train covisit",
        .summary = "items that go together in sessions and in users (an MPI program)",
        .examples =
            "  mpirun -n 4 souk-train covisit --dataset shop.ds --out shop.model\n"
            "  mpirun -n 4 souk-train covisit --dataset shop.ds --scope user --exponent .5 \\\n"
            "      --neighbours 50 --out knn.model          (item-kNN by cosine)\n",
        .options = table,
    };
    souk_status status = souk_options_parse(&program, argc, argv, speak, done, &o->parsed, err);
    p->scope = (enum souk_covisit_scope)o->scope;
    if (status || *done)
        return status;
    if (p->half_life_ms == 0 || o->history_half_life_ms == 0)
        return souk_fail(err, SOUK_EUSAGE,
                         "a half-life of 0 leaves nothing: use none for no decay");
    if (p->session_gap_ms < 0)
        return souk_fail(err, SOUK_EUSAGE,
                         "--session-gap none is one session for each user: use --scope user");
    return SOUK_OK;
}

static souk_status make_all(const struct souk_comm *comm, const struct covisit_options *o,
                            const struct souk_dataset *dataset,
                            const struct souk_ratings_rule *rule, struct souk_ratings *ratings,
                            struct souk_error *err)
{
    const struct souk_neighbour_model model = {"covisit", o->train.out, o->parsed,
                                               o->popularity_half_life_ms};
    struct souk_neighbour_rows rows = {0};
    const int64_t start_us = souk_monotonic_us();
    souk_status status = souk_status_agree_all(
        comm, souk_history_weigh(ratings, o->history_power, o->history_half_life_ms, err), err);
    if (!status)
        status = souk_covisit_all(comm, dataset, rule, ratings, &o->parameters, &rows, err);
    if (!status)
        souk_log(SOUK_LOG_INFO, "counted", "seconds=%.3f",
                 (double)(souk_monotonic_us() - start_us) * 1e-6);
    if (!status)
        status = souk_neighbour_model_save_all(comm, &model, dataset, ratings, &rows, err);
    souk_neighbour_rows_fini(&rows);
    return status;
}

static souk_status train_all(const struct souk_comm *comm, const struct covisit_options *o,
                             struct souk_error *err)
{
    struct souk_dataset *dataset = NULL;
    struct souk_ratings ratings = {0};
    struct souk_ratings_rule rule;
    souk_status status = souk_dataset_open(o->train.dataset, &dataset, err);
    if (!status)
        status = souk_train_rule(&o->train, dataset, &rule, err);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_ratings_load_all(comm, dataset, &rule, &ratings, err);
    if (!status)
        status = make_all(comm, o, dataset, &rule, &ratings, err);
    souk_ratings_fini(&ratings);
    souk_dataset_free(dataset);
    return status;
}

static souk_status run_all(struct souk_comm *comm, int argc, char **argv, struct souk_error *err)
{
    struct covisit_options o = {0};
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

const struct souk_command souk_command_covisit = {
    .name = "covisit",
    .summary = "items that go together in sessions and in users",
    .run = run_all,
};
