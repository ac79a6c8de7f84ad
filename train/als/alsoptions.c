#include "train/als/alsoptions.h"

#include "train/als/alsrequest.h"

#include <string.h>

static souk_status check_usage(const struct souk_als_options *o, struct souk_error *err)
{
    const bool is_explicit = o->objective == SOUK_OBJECTIVE_EXPLICIT;
    if (is_explicit && o->solver != SOUK_SOLVER_CHOLESKY)
        return souk_fail(err, SOUK_EUSAGE,
                         "--objective explicit is solved exactly: leave out --solver");
    if (is_explicit && (o->rebalance || o->memory_limit > 0))
        return souk_fail(err, SOUK_EUSAGE,
                         "--objective explicit knows neither --rebalance nor --memory-limit");
    if (is_explicit && o->half_life_ms > 0)
        return souk_fail(err, SOUK_EUSAGE, "--objective explicit knows no --half-life");
    if (!is_explicit && o->validation_share > 0)
        return souk_fail(err, SOUK_EUSAGE, "--validation-share belongs to --objective explicit");
    if (o->checkpoint.folder && strcmp(o->checkpoint.folder, o->train.out) == 0)
        return souk_fail(err, SOUK_EUSAGE, "--checkpoint and --out are the same folder");
    return SOUK_OK;
}

souk_status souk_als_options_parse(int argc, char **argv, bool speak, bool *done,
                                   struct souk_als_options *o, struct souk_error *err)
{
    const struct souk_option table[] = {
        SOUK_TRAIN_OPTION_ROWS(o->train),
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "factorization", false},
        {"factors", 0, SOUK_OPTION_INT, &o->factors, "64", 8, 2048, NULL, "N",
         "length of the vectors of users and items", false},
        {"epochs", 0, SOUK_OPTION_INT, &o->epochs, "15", 1, 10000, NULL, "N",
         "times that users and items are solved in turn", false},
        {"seed", 0, SOUK_OPTION_INT, &o->seed, "1", 0, 9e15, NULL, "N",
         "seed of the initial factors", false},
        {"solver", 0, SOUK_OPTION_CHOICE, &o->solver, "cholesky", 0, 0, "cholesky|cg|ialspp", NULL,
         "exact; a few steps of conjugate gradients from the last epoch's factors; exact in one "
         "block of factors after the other",
         false},
        {"cg-steps", 0, SOUK_OPTION_INT, &o->cg_steps, "3", 1, 1000, NULL, "N",
         "steps of the solver cg; rows of at most 16 pairs take 4 or more", false},
        {"block", 0, SOUK_OPTION_INT, &o->block, "64", 16, 2048, NULL, "N",
         "factors that the solver ialspp solves at once; rounded up to a multiple of 16", false},
        {"objective", 0, SOUK_OPTION_CHOICE, &o->objective, "ials", 0, 0, "ials|implicit|explicit",
         NULL,
         "ials: Rendle et al. 2021; implicit: Hu, Koren, Volinsky 2008; explicit: ratings, with "
         "biases, by Zhou et al. 2008",
         false},
        {"init-from", 0, SOUK_OPTION_TEXT, &o->init_from, NULL, 0, 0, NULL, "MODEL",
         "start from an earlier model's factors where it knows the user or the item", false},
        {"half-life", 0, SOUK_OPTION_DURATION, &o->half_life_ms, "none", 0, 0, NULL,
         "DURATION|none",
         "what a pair counts halves with this age of its last event; not for ratings", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "objective ials", false},
        {"alpha0", 0, SOUK_OPTION_REAL, &o->alpha0, "0", 0, 1e9, NULL, "W",
         "weight of all cells; 0: 20 * pairs / (users * items)", false},
        {"lambda", 0, SOUK_OPTION_REAL, &o->lambda, "0.007", 0, 1e9, NULL, "L",
         "regularization, scaled by the row's frequency", false},
        {"nu", 0, SOUK_OPTION_REAL, &o->nu, "1", 0, 2, NULL, "E", "exponent of that frequency",
         false},
        {"weight-power", 0, SOUK_OPTION_REAL, &o->power, "0.25", 0, 2, NULL, "E",
         "an observed pair counts weight^E; 0: 1", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "objective implicit", false},
        {"alpha", 0, SOUK_OPTION_REAL, &o->alpha, "40", 0, 1e9, NULL, "A",
         "confidence of an observed pair is offset + A * weight", false},
        {"confidence-offset", 0, SOUK_OPTION_REAL, &o->offset, "1", 0, 1e9, NULL, "C",
         "1: Hu, Koren, Volinsky's; 0: the library implicit's", false},
        {"regularization", 0, SOUK_OPTION_REAL, &o->regularization, "0.01", 0, 1e9, NULL, "R",
         "ridge of every row", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "objective explicit", false},
        {"rating", 0, SOUK_OPTION_CHOICE, &o->rating, "last", 0, 0, "last|mean", NULL,
         "which of a user's values of an item is the rating", false},
        {"rating-regularization", 0, SOUK_OPTION_REAL, &o->rating_regularization, "0.05", 1e-6, 1e9,
         NULL, "R", "ridge of a row for each of its ratings", false},
        {"validation-share", 0, SOUK_OPTION_REAL, &o->validation_share, "0", 0, .9, NULL, "SHARE",
         "hold out this share of the ratings, and print their errors by epoch", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "running", false},
        {"popularity-half-life", 0, SOUK_OPTION_DURATION, &o->popularity_half_life_ms, "7d", 0, 0,
         NULL, "DURATION|none", "of the popularity that unknown visitors are answered with", false},
        {"threads", 0, SOUK_OPTION_INT, &o->threads, "0", 0, 4096, NULL, "N",
         "OpenMP threads of a rank; 0: OMP_NUM_THREADS, else all its cores", false},
        {"shared-memory", 0, SOUK_OPTION_CHOICE, &o->shared_memory, "on", 0, 0, "off|on", NULL,
         "the ranks of a node hold factors once, and read each other's in place", false},
        {"wire", 0, SOUK_OPTION_CHOICE, &o->wire, "fp32", 0, 0, "fp32|bf16", NULL,
         "how rows travel between nodes; bf16 halves the bytes, and the model then depends on the "
         "ranks",
         false},
        {"chunks", 0, SOUK_OPTION_INT, &o->chunks, "4", 1, 64, NULL, "N",
         "pieces of an exchange between nodes; what has come is used while the rest travels",
         false},
        {"ranks-per-node", 0, SOUK_OPTION_INT, &o->ranks_per_node, "0", 0, 1e6, NULL, "N",
         "share memory among so many ranks at most; 0: all of a node", false},
        {"rebalance", 0, SOUK_OPTION_FLAG, &o->rebalance, "false", 0, 0, NULL, NULL,
         "spread rows anew by what they cost in the second epoch", false},
        {"memory-limit", 0, SOUK_OPTION_BYTES, &o->memory_limit, "0", 0, 0, NULL, "SIZE",
         "of a rank's factors, pairs and buffers; what does not fit lives in files, and rows are "
         "solved in batches; 0: none",
         false},
        {"scratch", 0, SOUK_OPTION_TEXT, &o->scratch, "/var/tmp", 0, 0, NULL, "DIR",
         "folder for those files", false},
        {"partition", 0, SOUK_OPTION_CHOICE, &o->partition, "cost", 0, 0, "cost|lopsided|idle-rank",
         NULL, "how rows are spread; all but cost are for tests", false},
        SOUK_CHECKPOINT_OPTION_ROWS(o->checkpoint),
        SOUK_TRACK_OPTION_ROWS(o->tracking),
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = "souk-train als",
        .summary = "alternating least squares on implicit feedback or ratings (an MPI program)",
        .examples =
            "  mpirun -n 2 souk-train als --dataset shop.ds --out shop.model\n"
            "  mpirun -n 2 souk-train als --dataset shop.ds --half-life 60d --out shop.model\n"
            "  mpirun -n 2 souk-train als --dataset shop.ds --factors 128 --solver cg \\\n"
            "      --objective implicit --alpha 40 --confidence-offset 0 --out shop.model\n"
            "  mpirun -n 2 souk-train als --dataset shop.ds --factors 512 --solver ialspp \\\n"
            "      --out shop.model\n"
            "  mpirun -n 2 souk-train als --dataset shop.ds --checkpoint shop.checkpoint \\\n"
            "      --resume --out shop.model\n"
            "  mpirun -n 2 souk-train als --dataset films.ds --objective explicit \\\n"
            "      --validation-share 0.1 --out films.model\n",
        .options = table,
    };
    const souk_status status =
        souk_options_parse(&program, argc, argv, speak, done, &o->parsed, err);
    return status || *done ? status : check_usage(o, err);
}

struct souk_als_parameters souk_als_options_parameters(const struct souk_als_options *o)
{
    return (struct souk_als_parameters){
        .factors = (int)o->factors,
        .epochs = (int)o->epochs,
        .cg_steps = (int)o->cg_steps,
        .block = ((int)o->block + 15) / 16 * 16,
        .seed = (uint64_t)o->seed,
        .solver = (enum souk_solver)o->solver,
        .partition = (enum souk_partition_rule)o->partition,
        .shared_memory = o->shared_memory == 1,
        .ranks_per_node = (int)o->ranks_per_node,
        .chunks = (int)o->chunks,
        .wire = (enum souk_wire)o->wire,
        .memory_limit = o->memory_limit,
        .scratch = o->scratch,
        .objective = {.kind = (enum souk_objective_kind)o->objective,
                      .alpha = o->alpha,
                      .offset = o->offset,
                      .regularization = o->regularization,
                      .alpha0 = o->alpha0,
                      .lambda = o->lambda,
                      .nu = o->nu,
                      .rating_regularization = o->rating_regularization},
        .validation_share = o->validation_share,
    };
}

struct souk_pairweight_rule souk_als_options_pairweight(const struct souk_als_options *o)
{
    return (struct souk_pairweight_rule){
        .power = o->objective == SOUK_OBJECTIVE_IALS ? o->power : 1,
        .half_life_ms = o->half_life_ms,
    };
}

/* What needs a program around the epochs. */
static souk_status check_alone(const struct souk_als_options *o, struct souk_error *err)
{
    const struct {
        bool given;
        const char *option;
    } refused[] = {{o->objective == SOUK_OBJECTIVE_EXPLICIT, "objective explicit"},
                   {o->checkpoint.folder != NULL, "checkpoint"},
                   {o->init_from != NULL, "init-from"},
                   {o->memory_limit > 0, "memory-limit"},
                   {o->rebalance, "rebalance"}};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (refused[i].given)
            return souk_fail(err, SOUK_EUSAGE, "--%s is for souk-train als alone",
                             refused[i].option);
    return SOUK_OK;
}

souk_status souk_als_request_parse(int argc, char **argv, struct souk_als_request *out,
                                   struct souk_error *err)
{
    struct souk_als_options o = {0};
    bool done = false;
    souk_status status = souk_als_options_parse(argc, argv, false, &done, &o, err);
    if (!status)
        status = check_alone(&o, err);
    if (!status)
        *out =
            (struct souk_als_request){souk_als_options_parameters(&o),
                                      souk_als_options_pairweight(&o), o.popularity_half_life_ms};
    if (!status)
        out->parameters.scratch = NULL; /* goes with the options, and nothing is spilled */
    souk_options_free(o.parsed);
    return status;
}
