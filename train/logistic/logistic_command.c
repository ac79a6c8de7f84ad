/* souk-train logistic: options, the table, the model file and what it is worth. */
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/base/options.h"
#include "train/command.h"
#include "train/logistic/logisticfile.h"
#include "train/ranker/rankfile.h"
#include "train/ranker/rankmetric.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct logistic_options {
    struct souk_options *parsed; /* owns the texts */
    const char *train, *valid, *out;
    struct souk_rankfile_rules rules;
    double positive, l2, tolerance;
    int64_t iterations, history, k;
};

/* Rows with their labels as 0 and 1 beside them. */
struct table {
    struct souk_rankdata data;
    struct souk_rankdata_totals totals;
    float *binary; /* [rows] */
};

static souk_status parse(int argc, char **argv, bool speak, bool *done, struct logistic_options *o,
                         struct souk_error *err)
{
    const struct souk_option table[] = {
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "data", false},
        {"train", 0, SOUK_OPTION_TEXT, &o->train, NULL, 0, 0, NULL, "FILE",
         "rows to train on: libsvm with FILE.query beside it or qid:, or .csv, .tsv", true},
        {"valid", 0, SOUK_OPTION_TEXT, &o->valid, NULL, 0, 0, NULL, "FILE",
         "rows to measure on, in the same format", false},
        {"out", 0, SOUK_OPTION_TEXT, &o->out, NULL, 0, 0, NULL, "FILE", "weights to write, as JSON",
         true},
        {"label-column", 0, SOUK_OPTION_TEXT, &o->rules.label, "label", 0, 0, NULL, "NAME",
         "csv: column of the labels", false},
        {"query-column", 0, SOUK_OPTION_TEXT, &o->rules.query, "query", 0, 0, NULL, "NAME",
         "csv: column of the query ids; rows of a query are adjacent", false},
        {"ignore", 0, SOUK_OPTION_TEXT, &o->rules.ignore, NULL, 0, 0, NULL, "NAME,...",
         "csv: columns that are no features", false},
        {"positive", 0, SOUK_OPTION_REAL, &o->positive, "1", 0, 0, NULL, "LABEL",
         "labels from here on count 1, those below 0", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "fitting", false},
        {"l2", 0, SOUK_OPTION_REAL, &o->l2, "1", 0, 1e12, NULL, "X",
         "half of this times the sum of squared weights is added to the loss", false},
        {"iterations", 0, SOUK_OPTION_INT, &o->iterations, "1000", 1, 1e6, NULL, "N",
         "steps of L-BFGS at most", false},
        {"tolerance", 0, SOUK_OPTION_REAL, &o->tolerance, "1e-9", 1e-14, 1, NULL, "T",
         "stop where the largest slope has shrunk to this share of the first", false},
        {"history", 0, SOUK_OPTION_INT, &o->history, "20", 1, 1000, NULL, "N",
         "steps that L-BFGS remembers", false},
        {"ndcg-at", 0, SOUK_OPTION_INT, &o->k, "10", 1, 10000, NULL, "K",
         "NDCG@K of the rows of --valid is printed", false},
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = "souk-train logistic",
        .summary = "Logistic regression by distributed L-BFGS, the ranker's linear baseline (an "
                   "MPI program)",
        .examples =
            "  mpirun -n 2 souk-train logistic --train rank.train --valid rank.test --out "
            "rank.json\n"
            "  mpirun -n 2 souk-train logistic --train clicks.csv --label-column clicked \\\n"
            "      --query-column session --l2 10 --out clicks.json\n",
        .options = table,
    };
    return souk_options_parse(&program, argc, argv, speak, done, &o->parsed, err);
}

static void table_fini(struct table *t)
{
    souk_rankdata_fini(&t->data);
    free(t->binary);
    t->binary = NULL;
}

static souk_status read_all(const struct souk_comm *comm, const struct logistic_options *o,
                            const char *path, const struct souk_rankdata *like, struct table *t,
                            struct souk_error *err)
{
    souk_status status = souk_rankfile_read_all(comm, path, &o->rules, like, &t->data, err);
    if (!status)
        status = souk_rankdata_totals_all(comm, &t->data, path, &t->totals, err);
    if (status)
        return status;
    t->binary = souk_alloc_array((size_t)t->data.rows, sizeof *t->binary);
    status = souk_status_agree_all(
        comm, t->binary ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for labels"), err);
    for (int64_t i = 0; !status && i < t->data.rows; i++)
        t->binary[i] = (double)t->data.label[i] >= o->positive;
    return status;
}

/* Collective. NDCG by the labels as they are, log loss by 0 and 1. */
static souk_status measure_all(const struct souk_comm *comm, const struct logistic_options *o,
                               const struct souk_logistic *model, struct table *t,
                               struct souk_error *err)
{
    const struct souk_rankobjective graded = {.kind = SOUK_RANK_LAMBDARANK, .sigmoid = 1};
    const struct souk_rankobjective binary = {.kind = SOUK_RANK_LOGISTIC, .sigmoid = 1};
    double *score = souk_alloc_array((size_t)t->data.rows, sizeof *score), ndcg, logloss;
    float *labels = t->data.label;
    souk_status status = souk_status_agree_all(
        comm, score ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for scores"), err);
    for (int64_t i = 0; !status && i < t->data.rows; i++)
        score[i] = souk_logistic_score(model, t->data.value + i * t->data.features);
    if (!status)
        status =
            souk_rankmetric_all(comm, &t->data, &t->totals, &graded, (int)o->k, score, &ndcg, err);
    t->data.label = t->binary;
    if (!status)
        status = souk_rankmetric_all(comm, &t->data, &t->totals, &binary, (int)o->k, score,
                                     &logloss, err);
    t->data.label = labels;
    if (!status && comm->rank == 0)
        printf("ndcg@%" PRId64 " %.6f\nlogloss %.6f\n", o->k, ndcg, logloss);
    free(score);
    return status;
}

static souk_status fit_all(const struct souk_comm *comm, const struct logistic_options *o,
                           struct table *train, struct table *valid, struct souk_error *err)
{
    const struct souk_logistic_rows rows = {train->data.rows, train->data.features,
                                            train->data.value, train->binary};
    const struct souk_logistic_options options = {
        o->l2, {(int)o->history, (int)o->iterations, o->tolerance}};
    struct souk_logistic model = {0};
    struct souk_lbfgs_result result;
    const int64_t start_us = souk_monotonic_us();
    souk_status status = souk_logistic_fit_all(comm, &rows, &options, &model, &result, err);
    const double seconds = (double)(souk_monotonic_us() - start_us) / 1e6;
    const struct souk_logistic_note note = {.feature_name = train->data.feature_name,
                                            .rows = train->totals.rows,
                                            .result = &result,
                                            .parameters_json = souk_options_json(o->parsed)};
    if (!status && comm->rank == 0)
        status = souk_logisticfile_write(o->out, &model, &note, err);
    status = souk_status_agree_all(comm, status, err);
    if (!status && comm->rank == 0)
        souk_log(result.converged ? SOUK_LOG_INFO : SOUK_LOG_WARN,
                 result.converged ? "trained" : "not_converged",
                 "model=%s rows=%" PRId64 " columns=%d iterations=%d evaluations=%d loss=%.9g "
                 "slope=%.2g",
                 o->out, train->totals.rows, model.columns, result.iterations, result.evaluations,
                 result.value, result.slope);
    if (!status && comm->rank == 0)
        printf("seconds %.3f\n", seconds);
    if (!status && o->valid)
        status = measure_all(comm, o, &model, valid, err);
    souk_logistic_fini(&model);
    return status;
}

static souk_status run_all(struct souk_comm *comm, int argc, char **argv, struct souk_error *err)
{
    struct logistic_options o = {0};
    struct table train = {0}, valid = {0};
    bool done = false;
    souk_status status = parse(argc, argv, comm->rank == 0, &done, &o, err);
    status = souk_status_agree_all(comm, status, err);
    if (status || done)
        goto out;
    status = read_all(comm, &o, o.train, NULL, &train, err);
    if (!status && o.valid)
        status = read_all(comm, &o, o.valid, &train.data, &valid, err);
    if (!status)
        status = fit_all(comm, &o, &train, &valid, err);
out:
    table_fini(&train);
    table_fini(&valid);
    souk_options_free(o.parsed);
    return status;
}

const struct souk_command souk_command_logistic = {
    .name = "logistic",
    .summary = "logistic regression on a table of query groups",
    .run = run_all,
};
