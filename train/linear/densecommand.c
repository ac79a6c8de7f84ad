#include "train/linear/densecommand.h"

#include "shared/base/log.h"
#include "train/comm/trainoptions.h"
#include "train/linear/blacs.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

extern void openblas_set_num_threads(int threads);

souk_status souk_densecommand_run_all(const struct souk_comm *comm, int64_t threads,
                                      souk_status (*work)(const struct souk_comm *comm,
                                                          void *context, struct souk_error *err),
                                      void *context, struct souk_error *err)
{
    if (threads > 0)
        openblas_set_num_threads((int)threads);
    const souk_status status = work(comm, context, err);
    souk_blacs_end();
    return status;
}

souk_status souk_densecommand_check_memory(int64_t need_bytes, int64_t limit_bytes,
                                           const char *advice, struct souk_error *err)
{
    const double mib = 1048576, need = (double)need_bytes / mib, limit = (double)limit_bytes / mib;
    souk_log(SOUK_LOG_INFO, "memory", "mib_per_rank=%.1f", need);
    if (limit_bytes == 0 || need_bytes <= limit_bytes)
        return SOUK_OK;
    return souk_fail(err, SOUK_ELIMIT, "a rank needs %.1f MiB, and --memory-limit is %.1f MiB: %s",
                     need, limit, advice);
}

souk_status souk_densecommand_weigh(struct souk_ratings *ratings, double power,
                                    struct souk_error *err)
{
    for (int k = 0; k < ratings->local_count; k++) {
        struct souk_ratings_part *p = &ratings->local[k];
        for (int64_t at = 0; at < p->offsets[p->users.count]; at++) {
            const float weight = power > 0 ? (float)pow((double)p->weight[at], power) : 1;
            if (!isfinite(weight) || weight <= 0)
                return souk_fail(err, SOUK_ENUMERIC,
                                 "a pair of weight %g to the power %g is out of range: take a "
                                 "smaller --weight-power",
                                 (double)p->weight[at], power);
            p->weight[at] = weight;
        }
    }
    return SOUK_OK;
}

souk_status souk_densecommand_parameters(const struct souk_options *options, char **json,
                                         struct souk_error *err)
{
    static const char *const running[] = {"memory-limit", "block", "threads"};
    char *given = NULL;
    json_t *all;
    souk_status status = souk_train_parameters(options, &given, err);
    *json = NULL;
    if (status)
        return status;
    all = json_loads(given, 0, NULL);
    free(given);
    for (size_t i = 0; i < sizeof running / sizeof running[0]; i++)
        json_object_del(all, running[i]); /* absent in some commands */
    *json = all ? json_dumps(all, JSON_COMPACT) : NULL;
    json_decref(all);
    return *json ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for the parameters");
}
