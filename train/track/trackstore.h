/** @file
 *  What track.c asks of a store of runs. Internal to train/track.
 */
#ifndef SOUK_TRACK_TRACKSTORE_H
#define SOUK_TRACK_TRACKSTORE_H

#include "train/track/track.h"

enum { SOUK_RUN_ID_BYTES = 32, SOUK_TRACK_KEY_MAX = 250 };

struct souk_run_start {
    const char *name, *user, *experiment;
    int64_t time_ms;
};

/** Every function may fail; track.c warns once. `run` is the store's own. */
struct souk_trackstore {
    /** @param run out; NULL: failed */
    souk_status (*start)(void *store, const struct souk_run_start *start, void **run,
                         struct souk_error *err);
    /** The run's id in hex; "" while it has none. */
    const char *(*id)(void *run);
    souk_status (*param)(void *run, const char *key, const char *value, struct souk_error *err);
    souk_status (*tag)(void *run, const char *key, const char *value, struct souk_error *err);
    souk_status (*metric)(void *run, const char *key, double value, int64_t time_ms, int64_t step,
                          struct souk_error *err);
    souk_status (*artifact)(void *run, const char *name, const char *text, struct souk_error *err);
    /** Frees the run, also on failure. */
    souk_status (*end)(void *run, enum souk_run_status status, int64_t time_ms,
                       struct souk_error *err);
    void (*close)(void *store);
};

/** @param path of the folder; made at the first run */
souk_status souk_filestore_open(const char *path, const struct souk_trackstore **functions,
                                void **store, struct souk_error *err) SOUK_MUST_CHECK;
/** @param url "http://host:port" */
souk_status souk_restclient_open(const char *url, const struct souk_trackstore **functions,
                                 void **store, struct souk_error *err) SOUK_MUST_CHECK;

#endif
