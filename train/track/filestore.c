/* MLflow's file store:
 *
 *      DIR/EXPERIMENT/meta.yaml                     name, location, life cycle
 *      DIR/EXPERIMENT/RUN/meta.yaml                 status, start, end; replaced by rename
 *      DIR/EXPERIMENT/RUN/params/KEY, tags/KEY      one value
 *      DIR/EXPERIMENT/RUN/metrics/KEY               lines "time value step", appended
 *      DIR/EXPERIMENT/RUN/artifacts/                files
 *
 * All of it can be read while the run goes on, and after it was killed. */
#include "shared/base/memory.h"
#include "train/track/trackstore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VALUE_MAX = 6000 }; /* MLflow's limit for a parameter */

struct filestore {
    char *root; /* absolute */
};

struct filerun {
    char id[SOUK_RUN_ID_BYTES + 1];
    char experiment[PATH_MAX], folder[PATH_MAX];
    char *name, *user;
    int64_t start_ms;
};

static souk_status make_folder(const char *path, struct souk_error *err)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST ? SOUK_OK : souk_fail_errno(err, "%s", path);
}

static souk_status make_folders(const char *path, struct souk_error *err)
{
    char part[PATH_MAX];
    for (const char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        const int len = slash ? (int)(slash - path) : (int)strlen(path);
        snprintf(part, sizeof part, "%.*s", len, path);
        const souk_status status = make_folder(part, err);
        if (status != SOUK_OK || !slash)
            return status;
    }
}

static souk_status write_all(int file, const char *path, const char *text, struct souk_error *err)
{
    const size_t len = strlen(text);
    size_t done = 0;
    while (done < len) {
        const ssize_t n = write(file, text + done, len - done);
        if (n < 0 && errno != EINTR)
            return souk_fail_errno(err, "%s", path);
        done += n > 0 ? (size_t)n : 0;
    }
    return SOUK_OK;
}

/* A reader sees the old text or the new one. The text grows in `folder`, where nobody takes it for
 * a value. */
static souk_status replace_file(const char *folder, const char *path, const char *text,
                                struct souk_error *err)
{
    char partial[PATH_MAX + 16];
    snprintf(partial, sizeof partial, "%s/.partial", folder);
    const int file = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0)
        return souk_fail_errno(err, "%s", partial);
    souk_status status = write_all(file, partial, text, err);
    if (close(file) != 0 && status == SOUK_OK)
        status = souk_fail_errno(err, "%s", partial);
    if (status == SOUK_OK && rename(partial, path) != 0)
        status = souk_fail_errno(err, "%s", path);
    if (status != SOUK_OK)
        unlink(partial);
    return status;
}

/* A line that a full disk cut would make the whole file unreadable: take it back. */
static souk_status append_line(const char *path, const char *line, struct souk_error *err)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file < 0)
        return souk_fail_errno(err, "%s", path);
    const off_t before = lseek(file, 0, SEEK_END);
    souk_status status = write_all(file, path, line, err);
    if (status != SOUK_OK && before >= 0 && ftruncate(file, before) != 0)
        status = souk_fail_errno(err, "%s: a line was cut and stays", path);
    if (close(file) != 0 && status == SOUK_OK)
        status = souk_fail_errno(err, "%s", path);
    return status;
}

/* In single quotes of YAML, a quote is written twice; a control character becomes a blank. */
static void quote(const char *text, char *out, size_t size)
{
    size_t at = 0;
    out[at++] = '\'';
    for (; *text != '\0' && at + 4 < size; text++) {
        out[at++] = (unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text;
        if (*text == '\'')
            out[at++] = '\'';
    }
    out[at++] = '\'';
    out[at] = '\0';
}

/* file:// and the path with what is not plain in a URI as %XX. */
static void format_uri(const char *path, char *out, size_t size)
{
    static const char *const plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
    size_t at = (size_t)snprintf(out, size, "file://");
    for (; *path != '\0' && at + 4 < size; path++)
        at += (size_t)(strchr(plain, *path)
                           ? snprintf(out + at, size - at, "%c", *path)
                           : snprintf(out + at, size - at, "%%%02X", (unsigned char)*path));
}

static souk_status draw_bytes(void *bytes, size_t size, struct souk_error *err)
{
    return getrandom(bytes, size, 0) == (ssize_t)size ? SOUK_OK : souk_fail_errno(err, "getrandom");
}

/* Whether a meta.yaml is that of the experiment of this (quoted) name. */
static bool is_named(const char *meta, const char *quoted)
{
    char line[1024], wanted[1024];
    bool found = false;
    FILE *f = fopen(meta, "re");
    snprintf(wanted, sizeof wanted, "name: %s\n", quoted);
    const size_t len = strlen(quoted) - 2;
    while (f && !found && fgets(line, sizeof line, f)) {
        /* MLflow writes a plain name without quotes. */
        const bool plain = strncmp(line, "name: ", 6) == 0 && strlen(line) == len + 7 &&
                           strncmp(line + 6, quoted + 1, len) == 0;
        found = plain || strcmp(line, wanted) == 0;
    }
    if (f)
        fclose(f);
    return found;
}

static bool find_experiment(const char *root, const char *quoted, char id[32])
{
    char meta[PATH_MAX];
    struct dirent *entry;
    bool found = false;
    DIR *folder = opendir(root);
    while (folder && !found && (entry = readdir(folder))) {
        const size_t len = strlen(entry->d_name);
        if (len == 0 || len > 31 || strspn(entry->d_name, "0123456789") < len)
            continue;
        snprintf(meta, sizeof meta, "%s/%s/meta.yaml", root, entry->d_name);
        found = is_named(meta, quoted);
        if (found)
            memcpy(id, entry->d_name, len + 1);
    }
    if (folder)
        closedir(folder);
    return found;
}

static souk_status make_experiment(const char *root, const char *quoted, int64_t now, char id[32],
                                   struct souk_error *err)
{
    char folder[PATH_MAX], meta[PATH_MAX + 16], uri[3 * PATH_MAX], text[5 * PATH_MAX];
    uint64_t bits = 0;
    souk_status status = draw_bytes(&bits, sizeof bits, err);
    if (status != SOUK_OK)
        return status;
    snprintf(id, 32, "%" PRIu64,
             UINT64_C(100000000000000000) + bits % UINT64_C(899999999999999999));
    if (snprintf(folder, sizeof folder, "%s/%s", root, id) >= (int)sizeof folder - 128)
        return souk_fail(err, SOUK_EIO, "%s: the path is too long", root);
    status = make_folders(folder, err);
    if (status != SOUK_OK)
        return status;
    format_uri(folder, uri, sizeof uri);
    snprintf(text, sizeof text,
             "artifact_location: %s\ncreation_time: %" PRId64 "\nexperiment_id: '%s'\n"
             "last_update_time: %" PRId64 "\nlifecycle_stage: active\nname: %s\n",
             uri, now, id, now, quoted);
    snprintf(meta, sizeof meta, "%s/meta.yaml", folder);
    return replace_file(folder, meta, text, err);
}

static souk_status write_meta(const struct filerun *r, enum souk_run_status run_status,
                              int64_t end_ms, struct souk_error *err)
{
    char path[PATH_MAX + 16], artifacts[PATH_MAX + 16], uri[3 * PATH_MAX], text[6 * PATH_MAX];
    char name[1024], user[256], end[24] = "null";
    snprintf(path, sizeof path, "%s/meta.yaml", r->folder);
    snprintf(artifacts, sizeof artifacts, "%s/artifacts", r->folder);
    format_uri(artifacts, uri, sizeof uri);
    quote(r->name, name, sizeof name);
    quote(r->user, user, sizeof user);
    if (run_status != SOUK_RUN_RUNNING)
        snprintf(end, sizeof end, "%" PRId64, end_ms);
    snprintf(text, sizeof text,
             "artifact_uri: %s\nend_time: %s\nentry_point_name: ''\nexperiment_id: '%s'\n"
             "lifecycle_stage: active\nrun_id: %s\nrun_name: %s\nrun_uuid: %s\nsource_name: ''\n"
             "source_type: 4\nsource_version: ''\nstart_time: %" PRId64
             "\nstatus: %d\ntags: []\nuser_id: %s\n",
             uri, end, r->experiment, r->id, name, r->id, r->start_ms, (int)run_status, user);
    return replace_file(r->folder, path, text, err);
}

static void free_run(struct filerun *r)
{
    if (!r)
        return;
    free(r->name);
    free(r->user);
    free(r);
}

/* The folder with what MLflow looks for in it; meta.yaml last, which makes it a run. */
static souk_status make_run(struct filerun *r, const char *root, struct souk_error *err)
{
    static const char *const folders[] = {"artifacts", "metrics", "params", "tags"};
    char path[PATH_MAX + 16];
    uint64_t bits[2] = {0, 0};
    souk_status status = draw_bytes(bits, sizeof bits, err);
    snprintf(r->id, sizeof r->id, "%016" PRIx64 "%016" PRIx64, bits[0], bits[1]);
    if (snprintf(r->folder, sizeof r->folder, "%s/%s/%s", root, r->experiment, r->id) >=
        (int)sizeof r->folder - 300)
        return souk_fail(err, SOUK_EIO, "%s: the path is too long", root);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0] && status == SOUK_OK; i++) {
        snprintf(path, sizeof path, "%s/%s", r->folder, folders[i]);
        status = make_folders(path, err);
    }
    return status == SOUK_OK ? write_meta(r, SOUK_RUN_RUNNING, 0, err) : status;
}

static souk_status start_run(void *store, const struct souk_run_start *start, void **run,
                             struct souk_error *err)
{
    const struct filestore *s = store;
    char quoted[512], id[32] = "";
    souk_status status = SOUK_OK;
    struct filerun *r = souk_zalloc_array(1, sizeof *r);
    *run = NULL;
    if (r) {
        r->name = souk_strndup(start->name, strlen(start->name));
        r->user = souk_strndup(start->user, strlen(start->user));
        r->start_ms = start->time_ms;
    }
    if (!r || !r->name || !r->user)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for a run");
    quote(start->experiment, quoted, sizeof quoted);
    if (status == SOUK_OK && !find_experiment(s->root, quoted, id))
        status = make_experiment(s->root, quoted, start->time_ms, id, err);
    if (status == SOUK_OK) {
        snprintf(r->experiment, sizeof r->experiment, "%s", id);
        status = make_run(r, s->root, err);
    }
    if (status != SOUK_OK) {
        free_run(r);
        return status;
    }
    *run = r;
    return SOUK_OK;
}

static const char *run_id(void *run)
{
    return ((const struct filerun *)run)->id;
}

/* RUN/KIND/KEY, with the folders that slashes in the key ask for. */
static souk_status key_path(const struct filerun *r, const char *kind, const char *key,
                            char path[PATH_MAX], struct souk_error *err)
{
    if (snprintf(path, PATH_MAX, "%s/%s/%s", r->folder, kind, key) >= PATH_MAX - 16)
        return souk_fail(err, SOUK_EIO, "%s: the path is too long", r->folder);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    const souk_status status = make_folders(path, err);
    *slash = '/';
    return status;
}

static souk_status write_value(const struct filerun *r, const char *kind, const char *key,
                               const char *value, struct souk_error *err)
{
    char path[PATH_MAX], text[VALUE_MAX + 1];
    snprintf(text, sizeof text, "%s", value);
    souk_status status = key_path(r, kind, key, path, err);
    return status == SOUK_OK ? replace_file(r->folder, path, text, err) : status;
}

static souk_status write_param(void *run, const char *key, const char *value,
                               struct souk_error *err)
{
    return write_value(run, "params", key, value, err);
}

static souk_status write_tag(void *run, const char *key, const char *value, struct souk_error *err)
{
    return write_value(run, "tags", key, value, err);
}

static souk_status write_metric(void *run, const char *key, double value, int64_t time_ms,
                                int64_t step, struct souk_error *err)
{
    char path[PATH_MAX], line[96];
    snprintf(line, sizeof line, "%" PRId64 " %.17g %" PRId64 "\n", time_ms, value, step);
    const souk_status status = key_path(run, "metrics", key, path, err);
    return status == SOUK_OK ? append_line(path, line, err) : status;
}

static souk_status write_artifact(void *run, const char *name, const char *text,
                                  struct souk_error *err)
{
    char path[PATH_MAX];
    const souk_status status = key_path(run, "artifacts", name, path, err);
    return status == SOUK_OK ? replace_file(((const struct filerun *)run)->folder, path, text, err)
                             : status;
}

static souk_status end_run(void *run, enum souk_run_status run_status, int64_t time_ms,
                           struct souk_error *err)
{
    const souk_status status = write_meta(run, run_status, time_ms, err);
    free_run(run);
    return status;
}

static void close_store(void *store)
{
    struct filestore *s = store;
    free(s->root);
    free(s);
}

static const struct souk_trackstore functions_of_files = {
    .start = start_run,
    .id = run_id,
    .param = write_param,
    .tag = write_tag,
    .metric = write_metric,
    .artifact = write_artifact,
    .end = end_run,
    .close = close_store,
};

souk_status souk_filestore_open(const char *path, const struct souk_trackstore **functions,
                                void **store, struct souk_error *err)
{
    char here[PATH_MAX] = "";
    struct filestore *s = souk_zalloc_array(1, sizeof *s);
    *functions = &functions_of_files;
    *store = NULL;
    if (path[0] != '/' && !getcwd(here, sizeof here)) {
        free(s);
        return souk_fail_errno(err, "the current folder");
    }
    if (!s || asprintf(&s->root, "%s%s%s", here, here[0] ? "/" : "", path) < 0) {
        free(s);
        return souk_fail(err, SOUK_ENOMEM, "no memory for the tracker");
    }
    *store = s;
    return SOUK_OK;
}
