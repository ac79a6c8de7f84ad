/* An MLflow server's REST API, version 2.0. What is logged waits in arrays and is sent together; a
 * server that does not answer is asked again later, and what it missed is sent then:
 *
 *      start, param, tag, metric  ->  waiting  --(once a second; 30 s after a failure; at the
 * end)--> experiments/get-by-name, experiments/create, runs/create      once, at the first sending
 *      runs/log-batch                                                until nothing waits
 *      runs/update                                                   at the end */
#include "shared/base/clock.h"
#include "shared/base/memory.h"
#include "train/track/trackstore.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    REPLY_MAX = 1 << 20,
    WAITING_MAX = 100000, /* metrics; more are dropped while the server is away */
    METRICS_PER_BATCH = 800,
    OTHERS_PER_BATCH = 100,
    CONNECT_TIMEOUT_MS = 3000,
    TIMEOUT_MS = 10000,
    SEND_INTERVAL_US = 1000000,
    RETRY_INTERVAL_US = 30000000,
};

struct restclient {
    CURL *curl;
    struct curl_slist *headers;
    char *url; /* without a slash at the end */
};

struct restrun {
    struct restclient *client;
    char *name, *user, *experiment;
    char id[64], artifact_uri[1024];
    int64_t start_ms, next_send_us;
    bool is_away; /* the last sending failed */
    json_t *params, *tags, *metrics;
};

struct reply {
    char *bytes;
    size_t size, cap;
};

static size_t take_reply(char *data, size_t size, size_t count, void *user)
{
    struct reply *r = user;
    const size_t bytes = size * count;
    if (souk_grow(&r->bytes, &r->cap, r->size + bytes + 1, REPLY_MAX, 1) != SOUK_OK)
        return 0;
    memcpy(r->bytes + r->size, data, bytes);
    r->size += bytes;
    r->bytes[r->size] = '\0';
    return bytes;
}

/* The server's answer as JSON; SOUK_EUNAVAILABLE is worth another try, SOUK_EINVAL is not. */
static souk_status judge(const char *path, long code, const struct reply *reply, json_t **out,
                         struct souk_error *err)
{
    json_t *json = reply->bytes ? json_loads(reply->bytes, 0, NULL) : NULL;
    const char *message = json_string_value(json_object_get(json, "message"));
    souk_status status = SOUK_OK;
    if (code == 404)
        status = souk_fail(err, SOUK_ENOTFOUND, "%s: %s", path, message ? message : "not found");
    else if (code >= 500 || code == 429 || code == 408)
        status = souk_fail(err, SOUK_EUNAVAILABLE, "%s: HTTP status %ld", path, code);
    else if (code != 200)
        status = souk_fail(err, SOUK_EINVAL, "%s: HTTP status %ld: %.120s", path, code,
                           message ? message : "");
    *out = status == SOUK_OK ? json : NULL;
    if (status != SOUK_OK)
        json_decref(json);
    return status;
}

/* POST a body, or PUT text, or GET without either. @param out may be NULL */
static souk_status ask(const struct restclient *c, const char *path, const json_t *body,
                       const char *put, json_t **out, struct souk_error *err)
{
    struct reply reply = {0};
    json_t *answer = NULL;
    char *text = body ? json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL,
         *url = NULL;
    long code = 0;
    souk_status status = SOUK_OK;
    if (out)
        *out = NULL;
    if ((body && !text) || asprintf(&url, "%s/api/2.0/%s", c->url, path) < 0) {
        free(text);
        return souk_fail(err, SOUK_ENOMEM, "no memory for a request");
    }
    curl_easy_setopt(c->curl, CURLOPT_URL, url);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, c->headers);
    curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
    if (text || put)
        curl_easy_setopt(c->curl, CURLOPT_COPYPOSTFIELDS, text ? text : put);
    curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, put ? "PUT" : NULL);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, take_reply);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, &reply);
    const CURLcode result = curl_easy_perform(c->curl);
    if (result != CURLE_OK)
        status = souk_fail(err, SOUK_EUNAVAILABLE, "%s: %s", path, curl_easy_strerror(result));
    else if (curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &code) == CURLE_OK)
        status = judge(path, code, &reply, &answer, err);
    if (out)
        *out = answer;
    else
        json_decref(answer);
    free(reply.bytes);
    free(text);
    free(url);
    return status;
}

/* A string out of a reply. @param inner NULL, or the object that holds it */
static bool take_string(const json_t *json, const char *outer, const char *inner, const char *key,
                        char *out, size_t size)
{
    const json_t *object = outer ? json_object_get(json, outer) : json;
    const char *text =
        json_string_value(json_object_get(inner ? json_object_get(object, inner) : object, key));
    return text && snprintf(out, size, "%s", text) < (int)size;
}

static souk_status find_experiment(const struct restrun *r, char id[64], struct souk_error *err)
{
    char path[1024];
    json_t *answer = NULL;
    char *name = curl_easy_escape(r->client->curl, r->experiment, 0);
    if (!name)
        return souk_fail(err, SOUK_ENOMEM, "no memory for a request");
    snprintf(path, sizeof path, "mlflow/experiments/get-by-name?experiment_name=%s", name);
    curl_free(name);
    souk_status status = ask(r->client, path, NULL, NULL, &answer, err);
    if (status == SOUK_OK && !take_string(answer, "experiment", NULL, "experiment_id", id, 64))
        status = souk_fail(err, SOUK_EUNAVAILABLE, "the answer has no experiment_id");
    json_decref(answer);
    return status;
}

static souk_status make_experiment(const struct restrun *r, char id[64], struct souk_error *err)
{
    json_t *answer = NULL, *body = json_pack("{s:s}", "name", r->experiment);
    souk_status status = ask(r->client, "mlflow/experiments/create", body, NULL, &answer, err);
    if (status == SOUK_OK && !take_string(answer, NULL, NULL, "experiment_id", id, 64))
        status = souk_fail(err, SOUK_EUNAVAILABLE, "the answer has no experiment_id");
    json_decref(body);
    json_decref(answer);
    return status;
}

/* The run at the server, where there is none yet. */
static souk_status make_run(struct restrun *r, struct souk_error *err)
{
    char experiment[64] = "";
    json_t *answer = NULL, *body = NULL;
    if (r->id[0] != '\0')
        return SOUK_OK;
    souk_status status = find_experiment(r, experiment, err);
    if (status == SOUK_ENOTFOUND)
        status = make_experiment(r, experiment, err);
    if (status != SOUK_OK)
        return status;
    body = json_pack("{s:s, s:s, s:s, s:I}", "experiment_id", experiment, "user_id", r->user,
                     "run_name", r->name, "start_time", (json_int_t)r->start_ms);
    status = ask(r->client, "mlflow/runs/create", body, NULL, &answer, err);
    if (status == SOUK_OK && !take_string(answer, "run", "info", "run_id", r->id, sizeof r->id))
        status = souk_fail(err, SOUK_EUNAVAILABLE, "the answer has no run_id");
    if (status == SOUK_OK && !take_string(answer, "run", "info", "artifact_uri", r->artifact_uri,
                                          sizeof r->artifact_uri))
        r->artifact_uri[0] = '\0';
    json_decref(body);
    json_decref(answer);
    return status;
}

/* The first of an array, as a new array. */
static json_t *first_of(const json_t *array, size_t count)
{
    json_t *out = json_array();
    for (size_t i = 0; i < count && i < json_array_size(array); i++)
        json_array_append(out, json_array_get(array, i));
    return out;
}

static void drop_first(json_t *array, size_t count)
{
    json_t *rest = json_array();
    for (size_t i = count; i < json_array_size(array); i++)
        json_array_append(rest, json_array_get(array, i));
    json_array_clear(array);
    json_array_extend(array, rest);
    json_decref(rest);
}

static souk_status send_batch(struct restrun *r, struct souk_error *err)
{
    json_t *body = json_pack("{s:s, s:o, s:o, s:o}", "run_id", r->id, "params",
                             first_of(r->params, OTHERS_PER_BATCH), "tags",
                             first_of(r->tags, OTHERS_PER_BATCH), "metrics",
                             first_of(r->metrics, METRICS_PER_BATCH));
    const souk_status status = ask(r->client, "mlflow/runs/log-batch", body, NULL, NULL, err);
    if (status != SOUK_EUNAVAILABLE) { /* what is refused once will be refused again */
        drop_first(r->params, OTHERS_PER_BATCH);
        drop_first(r->tags, OTHERS_PER_BATCH);
        drop_first(r->metrics, METRICS_PER_BATCH);
    }
    json_decref(body);
    return status;
}

static bool is_waiting(const struct restrun *r)
{
    return json_array_size(r->params) + json_array_size(r->tags) + json_array_size(r->metrics) > 0;
}

static void note_sending(struct restrun *r, souk_status status)
{
    r->is_away = status != SOUK_OK;
    r->next_send_us = souk_monotonic_us() + (r->is_away ? RETRY_INTERVAL_US : SEND_INTERVAL_US);
}

static souk_status send_waiting(struct restrun *r, struct souk_error *err)
{
    souk_status status = make_run(r, err), refused = SOUK_OK;
    while (status == SOUK_OK && is_waiting(r)) {
        status = send_batch(r, err);
        if (status == SOUK_EINVAL || status == SOUK_ENOTFOUND) {
            refused = status;
            status = SOUK_OK;
        }
    }
    note_sending(r, status);
    return status == SOUK_OK ? refused : status;
}

static souk_status send_if_due(struct restrun *r, struct souk_error *err)
{
    return souk_monotonic_us() < r->next_send_us ? SOUK_OK : send_waiting(r, err);
}

static void free_run(struct restrun *r)
{
    free(r->name);
    free(r->user);
    free(r->experiment);
    json_decref(r->params);
    json_decref(r->tags);
    json_decref(r->metrics);
    free(r);
}

static char *copy(const char *text)
{
    return souk_strndup(text, strlen(text));
}

/* A server that is away is found out at the first sending: the run is there without it. */
static souk_status start_run(void *store, const struct souk_run_start *start, void **run,
                             struct souk_error *err)
{
    struct restrun *r = souk_zalloc_array(1, sizeof *r);
    *run = NULL;
    if (!r)
        return souk_fail(err, SOUK_ENOMEM, "no memory for a run");
    *r = (struct restrun){.client = store,
                          .name = copy(start->name),
                          .user = copy(start->user),
                          .experiment = copy(start->experiment),
                          .start_ms = start->time_ms,
                          .next_send_us = souk_monotonic_us() + SEND_INTERVAL_US,
                          .params = json_array(),
                          .tags = json_array(),
                          .metrics = json_array()};
    if (!r->name || !r->user || !r->experiment || !r->params || !r->tags || !r->metrics) {
        free_run(r);
        return souk_fail(err, SOUK_ENOMEM, "no memory for a run");
    }
    *run = r;
    return SOUK_OK;
}

/* A parent is asked for its id before anything was sent. */
static const char *run_id(void *run)
{
    struct restrun *r = run;
    struct souk_error err;
    if (r->id[0] == '\0' && !r->is_away && make_run(r, &err) != SOUK_OK)
        note_sending(r, SOUK_EUNAVAILABLE);
    return r->id;
}

static souk_status keep(struct restrun *r, json_t *array, json_t *entry, struct souk_error *err)
{
    if (!entry || json_array_size(array) >= WAITING_MAX || json_array_append_new(array, entry) != 0)
        return souk_fail(err, SOUK_ELIMIT, "the server is away for too long: values are dropped");
    return send_if_due(r, err);
}

static souk_status keep_param(void *run, const char *key, const char *value, struct souk_error *err)
{
    struct restrun *r = run;
    return keep(r, r->params, json_pack("{s:s, s:s}", "key", key, "value", value), err);
}

static souk_status keep_tag(void *run, const char *key, const char *value, struct souk_error *err)
{
    struct restrun *r = run;
    return keep(r, r->tags, json_pack("{s:s, s:s}", "key", key, "value", value), err);
}

static souk_status keep_metric(void *run, const char *key, double value, int64_t time_ms,
                               int64_t step, struct souk_error *err)
{
    struct restrun *r = run;
    return keep(r, r->metrics,
                json_pack("{s:s, s:f, s:I, s:I}", "key", key, "value", value, "timestamp",
                          (json_int_t)time_ms, "step", (json_int_t)step),
                err);
}

/* Only a server that keeps artifacts itself can be given one here. */
static souk_status put_artifact(void *run, const char *name, const char *text,
                                struct souk_error *err)
{
    static const char scheme[] = "mlflow-artifacts:/";
    struct restrun *r = run;
    char path[1536];
    souk_status status = send_waiting(r, err);
    if (status != SOUK_OK || strncmp(r->artifact_uri, scheme, strlen(scheme)) != 0)
        return status;
    snprintf(path, sizeof path, "mlflow-artifacts/artifacts/%s/%s",
             r->artifact_uri + strlen(scheme), name);
    return ask(r->client, path, NULL, text, NULL, err);
}

static souk_status end_run(void *run, enum souk_run_status run_status, int64_t time_ms,
                           struct souk_error *err)
{
    struct restrun *r = run;
    souk_status status = send_waiting(r, err);
    if (status != SOUK_EUNAVAILABLE && r->id[0] != '\0') {
        json_t *body = json_pack("{s:s, s:s, s:I}", "run_id", r->id, "status",
                                 run_status == SOUK_RUN_FINISHED ? "FINISHED" : "FAILED",
                                 "end_time", (json_int_t)time_ms);
        const souk_status sent = ask(r->client, "mlflow/runs/update", body, NULL, NULL, err);
        status = status == SOUK_OK ? sent : status;
        json_decref(body);
    }
    free_run(r);
    return status;
}

static void close_client(void *store)
{
    struct restclient *c = store;
    curl_slist_free_all(c->headers);
    if (c->curl)
        curl_easy_cleanup(c->curl);
    free(c->url);
    free(c);
}

static const struct souk_trackstore functions_of_rest = {
    .start = start_run,
    .id = run_id,
    .param = keep_param,
    .tag = keep_tag,
    .metric = keep_metric,
    .artifact = put_artifact,
    .end = end_run,
    .close = close_client,
};

/* As MLflow's own clients take them from the environment. */
static bool set_credentials(struct restclient *c)
{
    const char *token = getenv("MLFLOW_TRACKING_TOKEN");
    const char *user = getenv("MLFLOW_TRACKING_USERNAME");
    const char *password = getenv("MLFLOW_TRACKING_PASSWORD");
    char *header = NULL;
    if (user && password) {
        curl_easy_setopt(c->curl, CURLOPT_USERNAME, user);
        curl_easy_setopt(c->curl, CURLOPT_PASSWORD, password);
    }
    c->headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (!c->headers || !token)
        return c->headers != NULL;
    if (asprintf(&header, "Authorization: Bearer %s", token) < 0)
        return false;
    struct curl_slist *more = curl_slist_append(c->headers, header);
    free(header);
    return more != NULL;
}

souk_status souk_restclient_open(const char *url, const struct souk_trackstore **functions,
                                 void **store, struct souk_error *err)
{
    struct restclient *c = souk_zalloc_array(1, sizeof *c);
    *functions = &functions_of_rest;
    *store = NULL;
    if (!c || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(c);
        return souk_fail(err, SOUK_ENOMEM, "no memory for the tracker");
    }
    c->curl = curl_easy_init();
    c->url = copy(url);
    if (!c->curl || !c->url || !set_credentials(c)) {
        close_client(c);
        return souk_fail(err, SOUK_ENOMEM, "no memory for the tracker");
    }
    for (size_t len = strlen(c->url); len > 0 && c->url[len - 1] == '/'; len--)
        c->url[len - 1] = '\0';
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(c->curl, CURLOPT_USERAGENT, "souk");
    *store = c;
    return SOUK_OK;
}
