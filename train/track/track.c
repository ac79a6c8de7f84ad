#include "train/track/track.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "train/track/trackstore.h"

#include <jansson.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct souk_tracker {
    const struct souk_trackstore *functions;
    void *store;
    char *place, *experiment, *run_name, *program;
    bool has_warned;
};

struct souk_run {
    struct souk_tracker *tracker;
    void *handle;
};

/* Once: a dead server would otherwise fill the log. */
static void note_loss(struct souk_tracker *t, souk_status status, const struct souk_error *err)
{
    if (status == SOUK_OK || t->has_warned)
        return;
    t->has_warned = true;
    souk_log(SOUK_LOG_WARN, "tracking_failed", "track=%s reason=\"%s\" the run goes on", t->place,
             err->msg);
}

static bool is_url(const char *place)
{
    return strncmp(place, "http://", 7) == 0 || strncmp(place, "https://", 8) == 0;
}

static char *copy(const char *text)
{
    return text ? souk_strndup(text, strlen(text)) : NULL;
}

/* What the log may show of http://user:password@host. */
static const char *without_password(const char *place)
{
    const char *at = is_url(place) ? strrchr(place, '@') : NULL;
    return at ? at + 1 : place;
}

static souk_status open_store(const char *place, struct souk_tracker *t, struct souk_error *err)
{
    if (is_url(place))
        return souk_restclient_open(place, &t->functions, &t->store, err);
    if (place[0] == '\0' || strstr(place, "://"))
        return souk_fail(err, SOUK_EUSAGE, "--track '%s' is neither a folder nor http://HOST:PORT",
                         place);
    return souk_filestore_open(place, &t->functions, &t->store, err);
}

souk_status souk_tracker_open(const struct souk_track_options *o, int rank, const char *program,
                              struct souk_tracker **out, struct souk_error *err)
{
    *out = NULL;
    if (!o->track || rank != 0)
        return SOUK_OK;
    struct souk_tracker *t = souk_zalloc_array(1, sizeof *t);
    if (!t)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the tracker");
    souk_status status = open_store(o->track, t, err);
    t->place = copy(without_password(o->track));
    t->experiment = copy(o->experiment);
    t->run_name = copy(o->run_name);
    t->program = copy(program);
    if (status == SOUK_OK &&
        (!t->place || !t->experiment || !t->program || (o->run_name && !t->run_name)))
        status = souk_fail(err, SOUK_ENOMEM, "no memory for the tracker");
    if (status != SOUK_OK) {
        souk_tracker_close(t);
        return status;
    }
    *out = t;
    return SOUK_OK;
}

void souk_tracker_close(struct souk_tracker *t)
{
    if (!t)
        return;
    if (t->store)
        t->functions->close(t->store);
    free(t->place);
    free(t->experiment);
    free(t->run_name);
    free(t->program);
    free(t);
}

static const char *user_name(void)
{
    const struct passwd *entry = getpwuid(getuid());
    return entry ? entry->pw_name : "unknown";
}

struct souk_run *souk_run_start(struct souk_tracker *t, const char *name,
                                const struct souk_run *parent)
{
    char made[128], stamp[25];
    struct souk_error err = {0};
    if (!t)
        return NULL;
    const int64_t now = souk_wall_ms();
    souk_time_format(now, stamp);
    snprintf(made, sizeof made, "%.90s %s", t->program, stamp);
    const struct souk_run_start start = {.name = name          ? name
                                                 : t->run_name ? t->run_name
                                                               : made,
                                         .user = user_name(),
                                         .experiment = t->experiment,
                                         .time_ms = now};
    struct souk_run *run = souk_zalloc_array(1, sizeof *run);
    souk_status status = run ? SOUK_OK : souk_fail(&err, SOUK_ENOMEM, "no memory for a run");
    if (status == SOUK_OK)
        status = t->functions->start(t->store, &start, &run->handle, &err);
    note_loss(t, status, &err);
    if (status != SOUK_OK) {
        free(run);
        return NULL;
    }
    run->tracker = t;
    souk_run_tag(run, "mlflow.runName", start.name);
    souk_run_tag(run, "mlflow.user", start.user);
    souk_run_tag(run, "mlflow.source.name", t->program);
    souk_run_tag(run, "mlflow.source.type", "LOCAL");
    if (parent && t->functions->id(parent->handle)[0] != '\0')
        souk_run_tag(run, "mlflow.parentRunId", t->functions->id(parent->handle));
    return run;
}

/* MLflow takes these characters only, and reads a slash as a folder. */
static void clean_key(const char *key, char out[SOUK_TRACK_KEY_MAX + 1])
{
    static const char *const allowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./ ";
    size_t len = 0;
    for (; key[len] != '\0' && len < SOUK_TRACK_KEY_MAX; len++) {
        const bool hides = key[len] == '.' && (len == 0 || key[len - 1] == '/');
        const bool is_empty = key[len] == '/' && (len == 0 || key[len - 1] == '/');
        out[len] = strchr(allowed, key[len]) && !hides && !is_empty ? key[len] : '_';
    }
    if (len > 0 && out[len - 1] == '/')
        out[len - 1] = '_';
    out[len] = '\0';
}

void souk_run_param(struct souk_run *run, const char *key, const char *value)
{
    char name[SOUK_TRACK_KEY_MAX + 1];
    struct souk_error err = {0};
    if (!run)
        return;
    clean_key(key, name);
    note_loss(run->tracker, run->tracker->functions->param(run->handle, name, value, &err), &err);
}

void souk_run_params_json(struct souk_run *run, const char *json)
{
    static const char *const places[] = {"out",   "journal",    "json",
                                         "track", "experiment", "run-name"};
    const char *key;
    json_t *value, *all = run && json ? json_loads(json, 0, NULL) : NULL;
    json_object_foreach(all, key, value)
    {
        bool is_place = json_is_null(value);
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
            is_place |= strcmp(key, places[i]) == 0;
        char *text = json_is_string(value)
                         ? copy(json_string_value(value))
                         : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
        if (!is_place && text)
            souk_run_param(run, key, text);
        free(text);
    }
    json_decref(all);
}

void souk_run_metric(struct souk_run *run, const char *key, double value, int64_t step)
{
    char name[SOUK_TRACK_KEY_MAX + 1];
    struct souk_error err = {0};
    if (!run || !isfinite(value))
        return;
    clean_key(key, name);
    note_loss(run->tracker,
              run->tracker->functions->metric(run->handle, name, value, souk_wall_ms(), step, &err),
              &err);
}

void souk_run_tag(struct souk_run *run, const char *key, const char *value)
{
    char name[SOUK_TRACK_KEY_MAX + 1];
    struct souk_error err = {0};
    if (!run)
        return;
    clean_key(key, name);
    note_loss(run->tracker, run->tracker->functions->tag(run->handle, name, value, &err), &err);
}

void souk_run_artifact(struct souk_run *run, const char *name, const char *text)
{
    struct souk_error err = {0};
    if (!run)
        return;
    note_loss(run->tracker, run->tracker->functions->artifact(run->handle, name, text, &err), &err);
}

void souk_run_end(struct souk_run *run, enum souk_run_status status)
{
    struct souk_error err = {0};
    if (!run)
        return;
    note_loss(run->tracker, run->tracker->functions->end(run->handle, status, souk_wall_ms(), &err),
              &err);
    free(run);
}
