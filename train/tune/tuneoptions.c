#include "train/tune/tuneoptions.h"

#include "train/tune/search.h"
#include "train/tune/tunable.h"

static souk_status check(struct souk_tune_options *o, struct souk_error *err)
{
    souk_status status = souk_goal_parse(o->objective, &o->goal, err);
    if (status == SOUK_OK && o->windows * o->model_seeds > SOUK_VALIDATIONS_MAX)
        status = souk_fail(err, SOUK_EUSAGE, "--windows times --model-seeds is more than %d",
                           SOUK_VALIDATIONS_MAX);
    if (status == SOUK_OK && o->validation_ms < 0)
        status = souk_fail(err, SOUK_EUSAGE, "--validation is the length of a window such as 30d");
    return status;
}

souk_status souk_tune_parse(int argc, char **argv, bool speak, bool *done,
                            struct souk_tune_options *o, struct souk_error *err)
{
    *o = (struct souk_tune_options){0};
    const struct souk_option table[] = {
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "data", false},
        {"dataset", 0, SOUK_OPTION_TEXT, &o->train.dataset, NULL, 0, 0, NULL, "DIR",
         "dataset that souk-ingest made", true},
        {"from", 0, SOUK_OPTION_TEXT, &o->train.from, NULL, 0, 0, NULL, "TIME",
         "use events from here on (default: the first)", false},
        {"until", 0, SOUK_OPTION_TEXT, &o->train.until, NULL, 0, 0, NULL, "TIME|none",
         "never look at events from here on (default: the dataset's split; none: all events)",
         false},
        {"event-weights", 0, SOUK_OPTION_TEXT, &o->train.event_weights, NULL, 0, 0, NULL,
         "NAME=W,...", "what an event of each type is worth; 0: it does not count", false},
        {"min-user-items", 0, SOUK_OPTION_INT, &o->train.min_user_items, "1", 1, 1e9, NULL, "N",
         "leave out users with fewer items", false},
        {"min-item-users", 0, SOUK_OPTION_INT, &o->train.min_item_users, "1", 1, 1e9, NULL, "N",
         "leave out items with fewer users", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "search", false},
        {"model", 0, SOUK_OPTION_CHOICE, &o->model, "als", 0, 0, SOUK_TUNABLE_NAMES, NULL,
         "what souk-train would train", false},
        {"space", 0, SOUK_OPTION_TEXT, &o->space, NULL, 0, 0, NULL, "NAME=RANGE,...",
         "the model's options to search: NAME=LO:HI, =log:LO:HI, =int:LO:HI, =logint:LO:HI, "
         "=A|B|C, or NAME=A to set one (default: by model and data)",
         false},
        {"sampler", 0, SOUK_OPTION_CHOICE, &o->sampler, "tpe", 0, 0, "grid|random|sobol|tpe", NULL,
         "what proposes the trials", false},
        {"trials", 'n', SOUK_OPTION_INT, &o->trials, "30", 1, 1e6, NULL, "N",
         "trials; a grid takes the largest that fits", false},
        {"batch", 0, SOUK_OPTION_INT, &o->batch, "6", 1, SOUK_BATCH_MAX, NULL, "N",
         "trials that are proposed at a time; at least as many as run side by side keep all ranks "
         "busy",
         false},
        {"seed", 0, SOUK_OPTION_INT, &o->seed, "1", 0, 9e15, NULL, "N", "of the sampler", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "halving", false},
        {"halving", 0, SOUK_OPTION_FLAG, &o->halving, "false", 0, 0, NULL, NULL,
         "train all trials for a few epochs and only the best for all (ASHA)", false},
        {"eta", 0, SOUK_OPTION_INT, &o->eta, "3", 2, 100, NULL, "N",
         "one of N goes on, for N times the epochs", false},
        {"min-epochs", 0, SOUK_OPTION_INT, &o->min_epochs, "3", 1, 10000, NULL, "N",
         "epochs that every trial gets", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "validation", false},
        {"objective", 0, SOUK_OPTION_TEXT, &o->objective, "ndcg@10", 0, 0, NULL, "METRIC@K",
         "what is to be large: ndcg, recall, map, precision, hit_rate, mrr ... at K", false},
        {"discovery", 0, SOUK_OPTION_FLAG, &o->goal.discovery, "false", 0, 0, NULL, NULL,
         "count only items that the user had not touched before", false},
        {"validation", 0, SOUK_OPTION_DURATION, &o->validation_ms, "0", 0, 0, NULL, "DURATION",
         "the end of training that is kept back as targets; 0: a tenth of it", false},
        {"windows", 0, SOUK_OPTION_INT, &o->windows, "3", 1, SOUK_VALIDATIONS_MAX, NULL, "N",
         "windows of that length, each before the other, to average over", false},
        {"model-seeds", 0, SOUK_OPTION_INT, &o->model_seeds, "2", 1, SOUK_VALIDATIONS_MAX, NULL,
         "N", "seeds of the model to average over", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "running", false},
        {"ranks-per-trial", 0, SOUK_OPTION_INT, &o->ranks_per_trial, "1", 1, 1e9, NULL, "N",
         "ranks that train a trial together; the others train others meanwhile", false},
        {"threads", 0, SOUK_OPTION_INT, &o->threads, "0", 0, 4096, NULL, "N",
         "OpenMP threads of a rank; 0: OMP_NUM_THREADS, else all its cores", false},
        {"resume", 0, SOUK_OPTION_FLAG, &o->resume, "false", 0, 0, NULL, NULL,
         "go on with the journal of a search that was interrupted, or with more --trials", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "output", false},
        {"out", 'o', SOUK_OPTION_TEXT, &o->train.out, NULL, 0, 0, NULL, "FILE",
         "the best parameters, for souk-train MODEL --config FILE", true},
        {"json", 0, SOUK_OPTION_TEXT, &o->json, NULL, 0, 0, NULL, "FILE",
         "write all trials as JSON", false},
        {"journal", 0, SOUK_OPTION_TEXT, &o->journal, NULL, 0, 0, NULL, "FILE",
         "results as they come (default: the name of --out and .journal)", false},
        SOUK_TRACK_OPTION_ROWS(o->tracking),
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = "souk-tune",
        .summary = "search a model's parameters on days before the split (an MPI program)",
        .examples =
            "  mpirun -n 2 souk-tune --dataset or.ds --model als --trials 30 --discovery \\\n"
            "      --objective ndcg@10 --out tuned.ini\n"
            "  mpirun -n 2 souk-train als --dataset or.ds --config tuned.ini --out or.model\n"
            "  mpirun -n 8 souk-tune --dataset or.ds --halving --trials 200 --batch 16 \\\n"
            "      --space alpha0=log:0.01:3,lambda=log:0.001:0.1,factors=64|128 --out tuned.ini\n",
        .options = table,
    };
    const souk_status status =
        souk_options_parse(&program, argc, argv, speak, done, &o->parsed, err);
    return status == SOUK_OK && !*done ? check(o, err) : status;
}
