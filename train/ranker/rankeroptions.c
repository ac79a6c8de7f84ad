#include "train/ranker/rankeroptions.h"

#include <limits.h>

/* What the table writes: INT options are int64_t there, and int in the parameters. */
struct raw {
    const char *objective;
    int histogram, noise;
    int64_t trees, leaves, max_depth, bins, stop_after, eval_every, ndcg_at, truncation, seed;
    int64_t category_most, category_one, permutations;
};

/* Copy what the options give as int64_t; ranges in the table keep it within an int. */
static souk_status take(const struct raw *raw, struct souk_boosting_params *p,
                        struct souk_error *err)
{
    struct souk_rankobjective named;
    const souk_status status = souk_rankobjective_find(raw->objective, &named, err);
    if (status)
        return status;
    p->objective.kind = named.kind;
    p->objective.truncation = (int)raw->truncation;
    p->objective.permutations = (int)raw->permutations;
    p->objective.noise = (enum souk_rank_noise)raw->noise;
    p->objective.seed = (uint64_t)raw->seed;
    p->trees = (int)raw->trees;
    p->growing.leaves = (int)raw->leaves;
    p->growing.max_depth = (int)raw->max_depth;
    p->growing.split.category_most = (int)raw->category_most;
    p->growing.split.category_one = (int)raw->category_one;
    p->binning.max_bins = (int)raw->bins;
    p->stop_after = (int)raw->stop_after;
    p->eval_every = (int)raw->eval_every;
    p->ndcg_at = (int)raw->ndcg_at;
    p->exact = raw->histogram == 0;
    p->seed = (uint64_t)raw->seed;
    return souk_boosting_check(p, err);
}

static souk_status check(const struct souk_ranker_options *o, struct souk_error *err)
{
    if (o->params.stop_after > 0 && !o->valid)
        return souk_fail(err, SOUK_EUSAGE, "--stop-after needs a --valid set to measure on");
    if (o->permutations > 0 && !o->valid)
        return souk_fail(err, SOUK_EUSAGE, "--permutation-importance needs a --valid set");
    return SOUK_OK;
}

souk_status souk_ranker_options_parse(int argc, char **argv, bool speak, bool *done,
                                      struct souk_ranker_options *o, struct souk_error *err)
{
    struct souk_boosting_params *p = &o->params;
    struct souk_split_rules *s = &p->growing.split;
    struct raw raw;
    *p = souk_boosting_defaults();
    const struct souk_option table[] = {
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "data", false},
        {"train", 0, SOUK_OPTION_TEXT, &o->train, NULL, 0, 0, NULL, "FILE",
         "rows to train on: libsvm with FILE.query beside it or qid:, or .csv, .tsv", true},
        {"valid", 0, SOUK_OPTION_TEXT, &o->valid, NULL, 0, 0, NULL, "FILE",
         "rows to measure on, in the same format", false},
        {"out", 'o', SOUK_OPTION_TEXT, &o->out, NULL, 0, 0, NULL, "FILE",
         "model to write, in LightGBM's text format", true},
        {"label-column", 0, SOUK_OPTION_TEXT, &o->file.label, "label", 0, 0, NULL, "NAME",
         "csv: column of the labels", false},
        {"query-column", 0, SOUK_OPTION_TEXT, &o->file.query, "query", 0, 0, NULL, "NAME",
         "csv: column of the query ids; rows of a query are adjacent", false},
        {"ignore", 0, SOUK_OPTION_TEXT, &o->file.ignore, NULL, 0, 0, NULL, "NAME,...",
         "csv: columns that are no features", false},
        {"categorical", 0, SOUK_OPTION_TEXT, &o->file.categorical, NULL, 0, 0, NULL, "NAME,...",
         "features that are categories, by name or number; codes from 0", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "boosting", false},
        {"objective", 0, SOUK_OPTION_TEXT, &raw.objective, "lambdarank", 0, 0, NULL, "NAME",
         "lambdarank, yetirank, yetirank-pairwise, pairlogit, queryrmse, logistic or rmse", false},
        {"trees", 0, SOUK_OPTION_INT, &raw.trees, "100", 1, 1e6, NULL, "N", "trees to grow", false},
        {"learning-rate", 0, SOUK_OPTION_REAL, &p->learning_rate, "0.1", 1e-6, 10, NULL, "RATE",
         "share of a tree's step that is taken", false},
        {"stop-after", 0, SOUK_OPTION_INT, &raw.stop_after, "0", 0, 1e6, NULL, "N",
         "stop when so many trees did not better the valid set, and keep the best; 0: never",
         false},
        {"eval-every", 0, SOUK_OPTION_INT, &raw.eval_every, "0", 0, 1e6, NULL, "N",
         "measure the valid set after every N trees; 0: at the end", false},
        {"ndcg-at", 0, SOUK_OPTION_INT, &raw.ndcg_at, "10", 1, 1e6, NULL, "K",
         "positions that NDCG looks at", false},
        {"truncation", 0, SOUK_OPTION_INT, &raw.truncation, "30", 1, 1e6, NULL, "K",
         "lambdarank: one of a pair is among the first K", false},
        {"normalise", 0, SOUK_OPTION_FLAG, &p->objective.normalise, NULL, 0, 0, NULL, NULL,
         "lambdarank: scale pairs by their score gap, and groups by their total", false},
        {"sigmoid", 0, SOUK_OPTION_REAL, &p->objective.sigmoid, "1", 1e-6, 1e6, NULL, "S",
         "steepness of the logistic of a pair", false},
        {"permutations", 0, SOUK_OPTION_INT, &raw.permutations, "10", 1, 1e6, NULL, "N",
         "yetirank: orders drawn for a group", false},
        {"decay", 0, SOUK_OPTION_REAL, &p->objective.decay, "0.85", 1e-6, 1, NULL, "D",
         "yetirank: what a position counts beside the one above", false},
        {"noise", 0, SOUK_OPTION_CHOICE, &raw.noise, "logistic", 0, 0, "logistic|gumbel", NULL,
         "yetirank: what is added to scores before a group is put in order", false},
        {"seed", 0, SOUK_OPTION_INT, &raw.seed, "1", 0, 1e15, NULL, "N",
         "of bins, samples and permutations", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "trees", false},
        {"leaves", 0, SOUK_OPTION_INT, &raw.leaves, "31", 2, 131072, NULL, "N",
         "leaves of a tree, at most", false},
        {"max-depth", 0, SOUK_OPTION_INT, &raw.max_depth, "0", 0, 1024, NULL, "N",
         "nodes on a path, at most; 0: no bound", false},
        {"min-rows", 0, SOUK_OPTION_INT, &s->min_rows, "20", 1, 1e15, NULL, "N",
         "rows of a leaf, at least, estimated from Hessians as LightGBM does it", false},
        {"min-hessian", 0, SOUK_OPTION_REAL, &s->min_hessian, "0.001", 0, 1e300, NULL, "H",
         "sum of Hessians of a leaf, at least", false},
        {"min-gain", 0, SOUK_OPTION_REAL, &s->min_gain, "0", 0, 1e300, NULL, "G",
         "gain of a split, at least", false},
        {"l1", 0, SOUK_OPTION_REAL, &s->l1, "0", 0, 1e15, NULL, "L", "shrinks sums of gradients",
         false},
        {"l2", 0, SOUK_OPTION_REAL, &s->l2, "0", 0, 1e15, NULL, "L", "is added to sums of Hessians",
         false},
        {"row-share", 0, SOUK_OPTION_REAL, &p->row_share, "1", 1e-6, 1, NULL, "SHARE",
         "rows that a tree is grown from", false},
        {"column-share", 0, SOUK_OPTION_REAL, &p->column_share, "1", 1e-6, 1, NULL, "SHARE",
         "features that a tree may use", false},
        {"category-smooth", 0, SOUK_OPTION_REAL, &s->category_smooth, "10", 0, 1e15, NULL, "H",
         "smoothing of a category's mean when categories are sorted", false},
        {"category-l2", 0, SOUK_OPTION_REAL, &s->category_l2, "10", 0, 1e15, NULL, "L",
         "added to --l2 for sets of categories", false},
        {"category-min-rows", 0, SOUK_OPTION_INT, &s->category_min_rows, "100", 1, 1e15, NULL, "N",
         "rows that categories bring to a side before a set may end", false},
        {"category-most", 0, SOUK_OPTION_INT, &raw.category_most, "32", 1, 255, NULL, "N",
         "categories on the smaller side of a set", false},
        {"category-one", 0, SOUK_OPTION_INT, &raw.category_one, "4", 1, 255, NULL, "N",
         "up to so many categories: each against the rest", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "histograms", false},
        {"bins", 0, SOUK_OPTION_INT, &raw.bins, "255", 2, 255, NULL, "N",
         "bins of a feature, beside the one for missing values", false},
        {"min-bin-rows", 0, SOUK_OPTION_INT, &p->binning.min_rows, "3", 1, 1e9, NULL, "N",
         "rows of the sample in a bin, at least", false},
        {"bin-sample", 0, SOUK_OPTION_INT, &p->binning.sample_rows, "200k", 1, 1e9, NULL, "N",
         "rows that bins are found from", false},
        {"histogram", 0, SOUK_OPTION_CHOICE, &raw.histogram, "fixed", 0, 0, "fixed|float", NULL,
         "sums of integers, the same on any ranks, or of floating point", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "importance of features", false},
        {"importance", 0, SOUK_OPTION_FLAG, &o->importance, NULL, 0, 0, NULL, NULL,
         "print gains and splits by feature", false},
        {"permutation-importance", 0, SOUK_OPTION_INT, &o->permutations, "0", 0, 1000, NULL, "N",
         "and what the valid set loses when a feature is permuted, mean of N times; 0: do not",
         false},
        SOUK_TRACK_OPTION_ROWS(o->tracking),
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = "souk-train ranker",
        .summary = "gradient-boosted trees over query groups (an MPI program)",
        .examples = "  mpirun -n 2 souk-train ranker --train rank.train --valid rank.test \\\n"
                    "      --objective lambdarank --trees 100 --leaves 31 --out rank.model\n"
                    "  mpirun -n 4 souk-train ranker --train clicks.csv --label-column clicked \\\n"
                    "      --query-column session --categorical device,brand --out clicks.model\n",
        .options = table,
    };
    souk_status status = souk_options_parse(&program, argc, argv, speak, done, &o->parsed, err);
    if (status == SOUK_OK && !*done)
        status = take(&raw, p, err);
    return status == SOUK_OK && !*done ? check(o, err) : status;
}
