#include "train/tune/tunable.h"

#include "shared/base/clock.h"
#include "shared/base/memory.h"
#include "train/als/alsmodel.h"
#include "train/als/alsrequest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Half-lives from a thirty-second of training, short of which too little of it counts, to twice it,
 * which is next to none. In hours where days are too coarse. */
static void write_half_life(int64_t span_ms, char *text, size_t size)
{
    const bool is_long = span_ms >= 64 * SOUK_MS_PER_DAY;
    const int64_t unit_ms = is_long ? SOUK_MS_PER_DAY : SOUK_MS_PER_DAY / 24;
    const int64_t shortest = span_ms / 32 / unit_ms;
    snprintf(text, size, "half-life=logint:%" PRId64 "%s:%" PRId64 "%s",
             shortest > 1 ? shortest : 1, is_long ? "d" : "h", 2 * span_ms / unit_ms + 2,
             is_long ? "d" : "h");
}

/* Around the default's formula: one range does not fit sets of different density. */
static void write_als_space(const struct souk_ratings *ratings, int64_t span_ms, bool with_epochs,
                            char *text, size_t size)
{
    char half_life[64];
    const double alpha0 = souk_objective_default_alpha0(
        ratings->pairs, ratings->user_first[ratings->parts], ratings->item_first[ratings->parts]);
    write_half_life(span_ms, half_life, sizeof half_life);
    snprintf(text, size,
             "factors=logint:32:192,alpha0=log:%.3g:%.3g,lambda=log:0.001:0.1,nu=0.7:1.2,"
             "weight-power=0:1,%s%s",
             alpha0 / 6, alpha0 * 6, half_life, with_epochs ? ",epochs=int:8:24" : "");
}

static souk_status check_als(int argc, char **argv, int *epochs, struct souk_error *err)
{
    struct souk_als_request request;
    const souk_status status = souk_als_request_parse(argc, argv, &request, err);
    if (status == SOUK_OK)
        *epochs = request.parameters.epochs;
    return status;
}

static void free_als(void *model)
{
    souk_als_model_fini(model);
    free(model);
}

static souk_status run_epochs_all(struct souk_als *als, int epochs, struct souk_error *err)
{
    struct souk_als_epoch report = {0};
    souk_status status = SOUK_OK;
    while (report.epoch < epochs && status == SOUK_OK)
        status = souk_als_epoch_all(als, &report, err);
    return status;
}

static souk_status train_als_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                 int argc, char **argv, int epochs, struct souk_trained *out,
                                 struct souk_error *err)
{
    struct souk_als_request request = {0};
    struct souk_pairweight_view weighed = {0};
    struct souk_als als = {0};
    struct souk_als_model *model = souk_zalloc_array(1, sizeof *model);
    souk_status status = souk_als_request_parse(argc, argv, &request, err);
    *out = (struct souk_trained){.model = model, .free_model = free_als};
    if (status == SOUK_OK && !model)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for a trial");
    status = souk_status_agree_all(comm, status, err);
    if (status != SOUK_OK)
        goto out;
    request.parameters.epochs = epochs;
    request.parameters = souk_als_parameters_resolve(request.parameters, ratings);
    status = souk_pairweight_view_all(comm, ratings, &request.pairweight, &weighed, err);
    if (status == SOUK_OK)
        status = souk_als_init_all(&als, comm, &weighed.ratings, &request.parameters, err);
    if (status == SOUK_OK)
        status = run_epochs_all(&als, epochs, err);
    if (status == SOUK_OK)
        status = souk_als_model_all(&als, ratings, request.popularity_half_life_ms, model, err);
    out->content = &model->content;
    if (als.comm) /* else it was never begun */
        souk_als_fini(&als);
    souk_pairweight_fini(&weighed);
out:
    if (!model)
        out->free_model = NULL;
    return status;
}

static const struct souk_tunable tunable_als = {
    .name = "als",
    .write_space = write_als_space,
    .check = check_als,
    .train_all = train_als_all,
};

const struct souk_tunable *const souk_tunables[] = {&tunable_als};
