/** @file
 *  Runs for people who compare them: parameters, metrics by step, tags and small artifacts, in
 *  MLflow's file store layout or through an MLflow server's REST API (docs/tracking.md).
 *
 *      --track DIR        filestore.c     every call is on disk when it returns
 *      --track http://    restclient.c    metrics are sent together, at most once a second
 *
 *  A tracker that is lost never loses the run: there is one warning, calls go on and do what they
 *  can, and nothing here returns a failure once the tracker is open. One rank has the tracker; the
 *  others have NULL, which every function takes. Not thread-safe.
 */
#ifndef SOUK_TRACK_TRACK_H
#define SOUK_TRACK_TRACK_H

#include "shared/base/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Targets of the rows below; plain data. */
struct souk_track_options {
    const char *track, *experiment, *run_name;
};

/** Rows for a program's table. @param o a struct souk_track_options lvalue */
#define SOUK_TRACK_OPTION_ROWS(o)                                                                  \
    {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "tracking", false},                    \
        {"track",                                                                                  \
         0,                                                                                        \
         SOUK_OPTION_TEXT,                                                                         \
         &(o).track,                                                                               \
         NULL,                                                                                     \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "DIR|URL",                                                                                \
         "log the run into a folder that MLflow reads, or to an MLflow server",                    \
         false},                                                                                   \
        {"experiment",                                                                             \
         0,                                                                                        \
         SOUK_OPTION_TEXT,                                                                         \
         &(o).experiment,                                                                          \
         "souk",                                                                                   \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "NAME",                                                                                   \
         "experiment that the run belongs to; made where it is missing",                           \
         false},                                                                                   \
    {                                                                                              \
        "run-name", 0, SOUK_OPTION_TEXT, &(o).run_name, NULL, 0, 0, NULL, "NAME",                  \
            "name of the run (default: the program's and the time)", false                         \
    }

struct souk_tracker;
struct souk_run;

/** MLflow's own. */
enum souk_run_status { SOUK_RUN_RUNNING = 1, SOUK_RUN_FINISHED = 3, SOUK_RUN_FAILED = 4 };

/** @param rank of the caller: all but 0 get NULL, as do those without --track
 *  @param program "souk-train als"
 *  @param out close with souk_tracker_close()
 *  @return SOUK_OK, SOUK_EUSAGE (neither a folder nor http, https), SOUK_ENOMEM */
souk_status souk_tracker_open(const struct souk_track_options *options, int rank,
                              const char *program, struct souk_tracker **out,
                              struct souk_error *err) SOUK_MUST_CHECK;
void souk_tracker_close(struct souk_tracker *t);

/** @param name   NULL: --run-name, else the program's name and the time
 *  @param parent NULL: none; else MLflow shows the run below it
 *  @return end with souk_run_end(), before the tracker is closed; NULL: nothing to log to */
struct souk_run *souk_run_start(struct souk_tracker *t, const char *name,
                                const struct souk_run *parent);

/** Keys: letters, digits, `_ - . /` and blanks; others become `_`. A parameter is set once. */
void souk_run_param(struct souk_run *run, const char *key, const char *value);
/** Every member of a JSON object as a parameter, but null ones and where files are. */
void souk_run_params_json(struct souk_run *run, const char *json);
/** A value that is not finite is left out. */
void souk_run_metric(struct souk_run *run, const char *key, double value, int64_t step);
void souk_run_tag(struct souk_run *run, const char *key, const char *value);
/** A small text file. @param name a file name without a folder */
void souk_run_artifact(struct souk_run *run, const char *name, const char *text);

/** Logs the end and frees the run. */
void souk_run_end(struct souk_run *run, enum souk_run_status status);

/** FINISHED, or FAILED where the status is an error. */
static inline enum souk_run_status souk_run_status_of(souk_status status)
{
    return status == SOUK_OK ? SOUK_RUN_FINISHED : SOUK_RUN_FAILED;
}

#endif
