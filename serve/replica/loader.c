#include "serve/replica/loader.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    IDLE_MS = 250,      /* without a question: proxies have moved on */
    PATIENCE_MS = 5000, /* for that */
    POLL_MS = 5,
    LOADER_NICE = 10,
    OPEN_BYTES = 8 << 20, /* HDF5's own, for a file and its chunks */
};

#define MIB(bytes) ((double)(bytes) / (1024 * 1024))

void souk_loader_init(struct souk_loader *l, struct souk_modelslot *slot,
                      const struct souk_shard_place *place, int64_t memory_limit_bytes)
{
    *l = (struct souk_loader){
        .slot = slot, .place = *place, .memory_limit_bytes = memory_limit_bytes};
    atomic_init(&l->replacing, false);
    pthread_mutex_init(&l->lock, NULL);
}

/* What was removed goes back to the system at once: the next version needs it. */
static void drop(struct souk_held *held)
{
    if (!held)
        return;
    souk_log(SOUK_LOG_INFO, "model_dropped", "model=%s", held->id);
    souk_loaded_free(souk_loaded_of(held));
    malloc_trim(0);
}

void souk_loader_fini(struct souk_loader *l)
{
    struct souk_held *held;
    while ((held = souk_modelslot_remove_newest(l->slot)))
        souk_loaded_free(souk_loaded_of(held));
    pthread_mutex_destroy(&l->lock);
}

/* ---- room ---- */

static void pause_briefly(void)
{
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
    nanosleep(&pause, NULL);
}

/* The older version goes once proxies have left it. */
static souk_status make_room(struct souk_loader *l, struct souk_error *err)
{
    const int64_t end_us = souk_monotonic_us() + PATIENCE_MS * INT64_C(1000);
    while (souk_modelslot_is_full(l->slot)) {
        const int64_t now_us = souk_monotonic_us();
        struct souk_held *held =
            souk_modelslot_remove_older(l->slot, IDLE_MS * INT64_C(1000), now_us);
        drop(held);
        if (!held && now_us > end_us)
            return souk_fail(err, SOUK_ELIMIT,
                             "both versions here are in use: finish the change under way on all "
                             "replicas first");
        if (!held)
            pause_briefly();
    }
    return SOUK_OK;
}

/* Bytes of memory that the process has now; 0 where the system does not say. */
static int64_t resident_bytes(void)
{
    int64_t total, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file)
        return 0;
    if (fscanf(file, "%" SCNd64 " %" SCNd64, &total, &resident) != 2)
        resident = 0;
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

static int64_t held_bytes(struct souk_loader *l)
{
    struct souk_held *held[SOUK_VERSIONS_HELD];
    int64_t bytes = 0;
    const int count = souk_modelslot_list(l->slot, held);
    for (int i = 0; i < count; i++) {
        bytes += souk_loaded_of(held[i])->need_bytes;
        souk_modelslot_give(l->slot, held[i]);
    }
    return bytes;
}

enum fit { FITS, FITS_ALONE, TOO_LARGE };

static enum fit fit_of(struct souk_loader *l, int64_t need, struct souk_error *err)
{
    const int64_t limit = l->memory_limit_bytes, used = resident_bytes(), held = held_bytes(l);
    if (limit == 0 || used + need <= limit)
        return FITS;
    const enum fit fit =
        held > 0 && (used > held ? used - held : 0) + need <= limit ? FITS_ALONE : TOO_LARGE;
    souk_fail(err, SOUK_ELIMIT,
              "the model needs %.1f MiB, and %.1f of the limit of %.1f MiB are in use%s", MIB(need),
              MIB(used), MIB(limit),
              fit == FITS_ALONE ? ": it fits once the old one is gone (--replace)" : "");
    return fit;
}

/* HDF5 1.10.8 crashes where some of its own allocations fail. So what a load takes is asked of the
 * system first, in one piece that is given back. */
static souk_status ask_for(int64_t bytes, struct souk_error *err)
{
    void *piece = souk_alloc_array((size_t)bytes, 1);
    if (!piece)
        return souk_fail(err, SOUK_ENOMEM,
                         "the system does not give the %.1f MiB that loading takes", MIB(bytes));
    free(piece);
    return SOUK_OK;
}

/* ---- the change ---- */

/* Takes the model, also on failure. */
static souk_status load(struct souk_loader *l, struct souk_model *model, struct souk_error *err)
{
    struct souk_loaded *loaded = NULL;
    souk_status status = ask_for(souk_loaded_need(model, &l->place) + OPEN_BYTES, err);
    if (status)
        souk_model_free(model);
    else
        status = souk_loaded_new(model, &l->place, &loaded, err);
    if (!status)
        souk_modelslot_put(l->slot, &loaded->held, souk_monotonic_us());
    else
        malloc_trim(0);
    return status;
}

/* After a failure: the version that was there, from the folder it came from. */
static void restore(struct souk_loader *l, const char *path)
{
    struct souk_model *model = NULL;
    struct souk_error err = {0};
    souk_status status = souk_model_open(path, &model, &err);
    if (!status)
        status = load(l, model, &err);
    souk_log(status ? SOUK_LOG_ERROR : SOUK_LOG_WARN, status ? "model_lost" : "model_restored",
             "path=%s reason=\"%s\"", path, err.msg);
}

static char *newest_path(struct souk_loader *l)
{
    char *path = NULL;
    struct souk_held *held = souk_modelslot_take(l->slot, NULL, 0, 0);
    if (held) {
        const char *from = souk_loaded_of(held)->model->path;
        path = souk_strndup(from, strlen(from));
        souk_modelslot_give(l->slot, held);
    }
    return path;
}

/* Two do not fit: one goes before the other comes. Proxies are told first, and finish. */
static souk_status replace_all(struct souk_loader *l, struct souk_model *model,
                               struct souk_error *err)
{
    char *old_path = newest_path(l);
    struct souk_held *held;
    souk_status status = souk_loaded_verify(model, &l->place, err);
    if (status) {
        souk_model_free(model);
        free(old_path);
        return status;
    }
    atomic_store(&l->replacing, true);
    for (int waited_ms = 0; waited_ms < IDLE_MS; waited_ms += POLL_MS)
        pause_briefly();
    while ((held = souk_modelslot_remove_newest(l->slot)))
        drop(held);
    status = load(l, model, err);
    if (status && old_path)
        restore(l, old_path);
    atomic_store(&l->replacing, false);
    free(old_path);
    return status;
}

static souk_status bring(struct souk_loader *l, struct souk_model *model, bool replace,
                         struct souk_error *err)
{
    const int64_t need = souk_loaded_need(model, &l->place);
    enum fit fit = fit_of(l, need, err);
    if (fit == FITS_ALONE && replace)
        return replace_all(l, model, err);
    souk_status status = fit == FITS ? make_room(l, err) : SOUK_ELIMIT;
    if (status) {
        souk_model_free(model);
        return status;
    }
    return load(l, model, err);
}

struct errand {
    struct souk_loader *loader;
    const char *path;
    bool replace;
    struct souk_change *change;
    struct souk_error *err;
    souk_status status;
};

static void *run(void *argument)
{
    struct errand *e = argument;
    struct souk_loader *l = e->loader;
    struct souk_model *model = NULL;
    /* on Linux a thread's own; without it the load is only less polite */
    if (setpriority(PRIO_PROCESS, (id_t)gettid(), LOADER_NICE) != 0)
        souk_log(SOUK_LOG_DEBUG, "loader_priority", "%s", "unchanged");
    e->status = ask_for(OPEN_BYTES, e->err);
    if (!e->status)
        e->status = souk_loaded_open(e->path, &model, e->err);
    if (e->status)
        return NULL;
    *e->change = (struct souk_change){.need_bytes = souk_loaded_need(model, &l->place)};
    snprintf(e->change->id, sizeof e->change->id, "%s", model->id);
    e->change->was_held = souk_modelslot_prefer(l->slot, model->id, souk_monotonic_us());
    if (e->change->was_held)
        souk_model_free(model);
    else
        e->status = bring(l, model, e->replace, e->err);
    return NULL;
}

souk_status souk_loader_change(struct souk_loader *l, const char *path, bool replace,
                               struct souk_change *change, struct souk_error *err)
{
    struct errand errand = {
        .loader = l, .path = path, .replace = replace, .change = change, .err = err};
    pthread_t thread;
    if (pthread_mutex_trylock(&l->lock) != 0)
        return souk_fail(err, SOUK_EEXIST, "another change is under way");
    if (pthread_create(&thread, NULL, run, &errand) == 0)
        pthread_join(thread, NULL);
    else
        errand.status = souk_fail(err, SOUK_ENOMEM, "cannot start a thread");
    pthread_mutex_unlock(&l->lock);
    return errand.status;
}

bool souk_loader_retire(struct souk_loader *l, int64_t idle_ms)
{
    struct souk_held *held;
    if (pthread_mutex_trylock(&l->lock) != 0)
        return false;
    held = souk_modelslot_remove_older(l->slot, idle_ms * 1000, souk_monotonic_us());
    drop(held);
    pthread_mutex_unlock(&l->lock);
    return held != NULL;
}
