/* souk-train popular: the model of what everybody likes. */
#include "shared/base/log.h"
#include "train/comm/modelwriter.h"
#include "train/comm/trainset.h"
#include "train/command.h"
#include "train/popular/popularity.h"
#include "train/popular/trend.h"
#include "train/track/track.h"

#include <inttypes.h>
#include <stdlib.h>

struct popular_options {
    struct souk_options *parsed; /* owns the texts */
    struct souk_train_options train;
    struct souk_track_options tracking;
    int64_t half_life_ms, long_half_life_ms;
    double smoothing;
    bool trend;
};

static souk_status parse(int argc, char **argv, bool speak, bool *done, struct popular_options *o,
                         struct souk_error *err)
{
    const struct souk_option table[] = {
        SOUK_TRAIN_OPTION_ROWS(o->train),
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "popularity", false},
        {"half-life", 0, SOUK_OPTION_DURATION, &o->half_life_ms, "none", 0, 0, NULL,
         "DURATION|none", "age at which a user's interest counts half", false},
        {"trend", 0, SOUK_OPTION_FLAG, &o->trend, "false", 0, 0, NULL, NULL,
         "rank by growth: popularity at --half-life over that at --long-half-life", false},
        {"long-half-life", 0, SOUK_OPTION_DURATION, &o->long_half_life_ms, "none", 0, 0, NULL,
         "DURATION|none", "of the popularity that a trend divides by", false},
        {"smoothing", 0, SOUK_OPTION_REAL, &o->smoothing, "10", 1e-6, 1e12, NULL, "USERS",
         "users of mean growth that a trend adds to each item's own", false},
        SOUK_TRACK_OPTION_ROWS(o->tracking),
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = "souk-train popular",
        .summary = "popularity of the items, overall and by category (an MPI program)",
        .examples = "  mpirun -n 2 souk-train popular --dataset shop.ds --half-life 7d --out "
                    "popular.model\n"
                    "  mpirun -n 2 souk-train popular --dataset shop.ds --trend --half-life 7d "
                    "--out trend.model\n",
        .options = table,
    };
    const souk_status status =
        souk_options_parse(&program, argc, argv, speak, done, &o->parsed, err);
    if (status || *done)
        return status;
    if (o->trend && o->half_life_ms < 0)
        return souk_fail(err, SOUK_EUSAGE, "--trend needs a --half-life, such as 7d");
    if (o->half_life_ms == 0 || o->long_half_life_ms == 0)
        return souk_fail(err, SOUK_EUSAGE,
                         "a half-life of 0 leaves nothing: use none for no decay");
    return SOUK_OK;
}

static souk_status save_all(const struct souk_comm *comm, const struct popular_options *o,
                            const struct souk_dataset *dataset, const struct souk_ratings *ratings,
                            const struct souk_popularity *popularity, struct souk_run *run,
                            struct souk_error *err)
{
    char *parameters = NULL, id[17] = "";
    souk_status status =
        souk_status_agree_all(comm, souk_train_parameters(o->parsed, &parameters, err), err);
    const struct souk_model_content content = {.kind = "popular",
                                               .popularity = popularity->score,
                                               .item_events = popularity->events,
                                               .parameters_json = parameters};
    if (status == SOUK_OK)
        status = souk_model_save_all(comm, o->train.out, dataset, ratings, &content, id, err);
    if (status == SOUK_OK) {
        souk_log(SOUK_LOG_INFO, "trained",
                 "model=%s id=%s users=%" PRId64 " items=%" PRId64 " pairs=%" PRId64, o->train.out,
                 id, ratings->user_first[ratings->parts], ratings->item_first[ratings->parts],
                 ratings->pairs);
        souk_run_tag(run, "souk.model", o->train.out);
        souk_run_tag(run, "souk.model_id", id);
    }
    free(parameters);
    return status;
}

static souk_status train_all(const struct souk_comm *comm, const struct popular_options *o,
                             struct souk_run *run, struct souk_error *err)
{
    struct souk_trainset set;
    struct souk_popularity popularity = {0};
    const struct souk_trend_rule rule_of_trend = {o->half_life_ms, o->long_half_life_ms,
                                                  o->smoothing};
    souk_status status = souk_trainset_load_all(comm, &o->train, NULL, &set, err);
    if (status == SOUK_OK)
        status = o->trend
                     ? souk_trend_all(comm, &set.ratings, &rule_of_trend, &popularity, err)
                     : souk_popularity_all(comm, &set.ratings, o->half_life_ms, &popularity, err);
    if (status == SOUK_OK)
        status = save_all(comm, o, set.dataset, &set.ratings, &popularity, run, err);
    souk_popularity_fini(&popularity);
    souk_trainset_fini(&set);
    return status;
}

static souk_status track_all(const struct souk_comm *comm, const struct popular_options *o,
                             struct souk_error *err)
{
    struct souk_tracker *tracker = NULL;
    souk_status status = souk_status_agree_all(
        comm, souk_tracker_open(&o->tracking, comm->rank, "souk-train popular", &tracker, err),
        err);
    if (status)
        return status;
    struct souk_run *run = souk_run_start(tracker, NULL, NULL);
    souk_run_params_json(run, souk_options_json(o->parsed));
    status = train_all(comm, o, run, err);
    souk_run_end(run, souk_run_status_of(status));
    souk_tracker_close(tracker);
    return status;
}

static souk_status run_all(struct souk_comm *comm, int argc, char **argv, struct souk_error *err)
{
    struct popular_options o = {0};
    bool done = false;
    souk_status status = parse(argc, argv, comm->rank == 0, &done, &o, err);
    status = souk_status_agree_all(comm, status, err);
    if (status == SOUK_OK && !done)
        status = track_all(comm, &o, err);
    souk_options_free(o.parsed);
    return status;
}

const struct souk_command souk_command_popular = {
    .name = "popular",
    .summary = "popularity, overall and by category",
    .run = run_all,
};
