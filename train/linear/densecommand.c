#include "train/linear/densecommand.h"

#include "shared/base/log.h"
#include "train/comm/trainoptions.h"
#include "train/linear/blacs.h"

#include <jansson.h>
#include <math.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

extern void openblas_set_num_threads(int threads);

static void use_threads(int threads)
{
    openblas_set_num_threads(threads);
#ifdef _OPENMP
    omp_set_num_threads(threads);
#endif
}

/* Ranks that are not bound see all cores of their node; with threads on each of them they spin
 * while they wait for one another. */
static souk_status share_cores_all(const struct souk_comm *comm, int64_t *threads,
                                   struct souk_error *err)
{
    MPI_Comm node = MPI_COMM_NULL;
    int ranks = 1;
    cpu_set_t allowed;
    int64_t share = sysconf(_SC_NPROCESSORS_ONLN);
    souk_status status = souk_mpi_check(
        MPI_Comm_split_type(comm->mpi, MPI_COMM_TYPE_SHARED, comm->rank, MPI_INFO_NULL, &node),
        "MPI_Comm_split_type", err);
    if (!status)
        status = souk_mpi_check(MPI_Comm_size(node, &ranks), "MPI_Comm_size", err);
    if (node != MPI_COMM_NULL)
        MPI_Comm_free(&node);
    share /= ranks;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0 && CPU_COUNT(&allowed) < share)
        share = CPU_COUNT(&allowed);
    *threads = share > 1 ? share : 1;
    return souk_status_agree_all(comm, status, err);
}

souk_status souk_densecommand_run_all(const struct souk_comm *comm, int64_t threads,
                                      souk_status (*work)(const struct souk_comm *comm,
                                                          void *context, struct souk_error *err),
                                      void *context, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    const char *wanted = getenv("OMP_NUM_THREADS");
    if (threads == 0 && !(wanted && wanted[0]))
        status = share_cores_all(comm, &threads, err);
    if (status)
        return status;
    if (threads > 0)
        use_threads((int)threads);
    status = work(comm, context, err);
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
