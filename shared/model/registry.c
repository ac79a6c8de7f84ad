#include "shared/model/registry.h"

#include "shared/base/clock.h"
#include "shared/base/memory.h"
#include "shared/base/staging.h"
#include "shared/data/manifest.h"
#include "shared/model/modelfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, VERSION_MAX = 999999 };

/* ---- paths ---- */

static void version_path(char path[PATH_BYTES], const char *registry, int number)
{
    snprintf(path, PATH_BYTES, "%s/v%06d", registry, number);
}

static int parse_version(const char *name)
{
    char *end = NULL;
    if (name[0] != 'v' || strlen(name) != 7)
        return 0;
    const long number = strtol(name + 1, &end, 10);
    return *end == '\0' && number > 0 ? (int)number : 0;
}

/* The version that `current` names, 0 when there is none. */
static int read_current(const char *registry)
{
    char link[PATH_BYTES], target[64];
    snprintf(link, sizeof link, "%s/current", registry);
    const ssize_t len = readlink(link, target, sizeof target - 1);
    if (len < 0)
        return 0;
    target[len] = '\0';
    return parse_version(target);
}

static souk_status sync_folder(const char *path, struct souk_error *err)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return souk_fail_errno(err, "%s", path);
    const int failed = fsync(fd);
    close(fd);
    return failed ? souk_fail_errno(err, "%s: sync", path) : SOUK_OK;
}

/* One publisher at a time: a lock that the kernel drops when its holder dies. */
static souk_status lock_registry(const char *registry, int *fd, struct souk_error *err)
{
    char path[PATH_BYTES];
    *fd = -1;
    if (mkdir(registry, 0755) != 0 && errno != EEXIST)
        return souk_fail_errno(err, "%s", registry);
    snprintf(path, sizeof path, "%s/lock", registry);
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (*fd < 0)
        return souk_fail_errno(err, "%s", path);
    if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
        close(*fd);
        *fd = -1;
        return souk_fail(err, SOUK_EUNAVAILABLE, "%s: another publish or rollback is at work",
                         registry);
    }
    return SOUK_OK;
}

static void unlock_registry(int fd)
{
    if (fd >= 0)
        close(fd);
}

static souk_status append_history(const char *registry, const char *action, int number,
                                  const char *model_id, struct souk_error *err)
{
    char path[PATH_BYTES], stamp[25];
    snprintf(path, sizeof path, "%s/history.log", registry);
    FILE *file = fopen(path, "a");
    if (!file)
        return souk_fail_errno(err, "%s", path);
    souk_time_format(souk_wall_ms(), stamp);
    const bool written = fprintf(file, "%s %s v%06d %s\n", stamp, action, number, model_id) > 0 &&
                         fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (fclose(file) != 0 || !written)
        return souk_fail_errno(err, "%s", path);
    return SOUK_OK;
}

/* A new link under another name, renamed over the old one: readers see one or the other. */
static souk_status make_current(const char *registry, int number, struct souk_error *err)
{
    char link[PATH_BYTES], fresh[PATH_BYTES], target[16];
    snprintf(link, sizeof link, "%s/current", registry);
    snprintf(fresh, sizeof fresh, "%s/.current.partial", registry);
    snprintf(target, sizeof target, "v%06d", number);
    if (unlink(fresh) != 0 && errno != ENOENT)
        return souk_fail_errno(err, "%s", fresh);
    if (symlink(target, fresh) != 0)
        return souk_fail_errno(err, "%s", fresh);
    if (rename(fresh, link) != 0)
        return souk_fail_errno(err, "%s", link);
    return sync_folder(registry, err);
}

/* ---- list ---- */

static int64_t folder_bytes(const struct souk_model *m)
{
    int64_t bytes = 0;
    for (int p = 0; p < m->parts; p++)
        bytes += m->files[p].size_bytes;
    return bytes;
}

static void describe(const char *registry, struct souk_registry_version *v)
{
    char path[PATH_BYTES];
    struct souk_model *model = NULL;
    version_path(path, registry, v->number);
    v->state = souk_model_open(path, &model, NULL);
    if (v->state == SOUK_OK) {
        snprintf(v->model_id, sizeof v->model_id, "%s", model->id);
        snprintf(v->kind, sizeof v->kind, "%s", model->kind);
        v->created_ms = model->created_ms;
        v->size_bytes = folder_bytes(model);
    }
    souk_model_free(model);
}

static int by_number(const void *a, const void *b)
{
    const struct souk_registry_version *x = a, *y = b;
    return x->number - y->number;
}

souk_status souk_registry_list(const char *registry, struct souk_registry_version **versions,
                               int *count, struct souk_error *err)
{
    const int current = read_current(registry);
    size_t cap = 0;
    souk_status status = SOUK_OK;
    DIR *folder = opendir(registry);

    *versions = NULL;
    *count = 0;
    if (!folder)
        return souk_fail_errno(err, "%s", registry);
    for (const struct dirent *entry; (entry = readdir(folder)) && !status;) {
        const int number = parse_version(entry->d_name);
        if (number == 0)
            continue;
        status = souk_grow(versions, &cap, (size_t)*count + 1, VERSION_MAX, sizeof **versions);
        if (status)
            souk_fail(err, status, "%s: no memory for its versions", registry);
        else
            (*versions)[(*count)++] =
                (struct souk_registry_version){.number = number, .is_current = number == current};
    }
    closedir(folder);
    if (status) {
        free(*versions);
        *versions = NULL;
        return status;
    }
    if (*count > 0)
        qsort(*versions, (size_t)*count, sizeof **versions, by_number);
    for (int i = 0; i < *count; i++)
        describe(registry, &(*versions)[i]);
    return SOUK_OK;
}

/* ---- verify ---- */

souk_status souk_registry_verify(const char *path, struct souk_error *err)
{
    struct souk_model *model = NULL;
    souk_status status = souk_model_open(path, &model, err);
    for (int p = 0; !status && p < model->parts; p++) {
        struct souk_model_part part;
        status = souk_model_read_part(model, p, SOUK_MODEL_WHOLE, &part, err);
        souk_model_part_fini(&part);
    }
    souk_model_free(model);
    return status;
}

/* ---- publish ---- */

static souk_status copy_bytes(int from, int to, const char *path, struct souk_error *err)
{
    for (;;) {
        const ssize_t copied = sendfile(to, from, NULL, 1 << 30);
        if (copied < 0)
            return souk_fail_errno(err, "%s: copy", path);
        if (copied == 0)
            break;
    }
    return fsync(to) == 0 ? SOUK_OK : souk_fail_errno(err, "%s: sync", path);
}

static souk_status copy_file(const char *from_folder, const char *to_folder, const char *name,
                             struct souk_error *err)
{
    char *from_path = souk_path_join(from_folder, name), *to_path = souk_path_join(to_folder, name);
    int from = -1, to = -1;
    souk_status status = SOUK_OK;
    if (!from_path || !to_path)
        status = souk_fail(err, SOUK_ENOMEM, "%s: no memory", name);
    if (!status && (from = open(from_path, O_RDONLY | O_CLOEXEC)) < 0)
        status = souk_fail_errno(err, "%s", from_path);
    if (!status && (to = open(to_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)) < 0)
        status = souk_fail_errno(err, "%s", to_path);
    if (!status)
        status = copy_bytes(from, to, to_path, err);
    if (from >= 0)
        close(from);
    if (to >= 0 && close(to) != 0 && !status)
        status = souk_fail_errno(err, "%s", to_path);
    free(from_path);
    free(to_path);
    return status;
}

static souk_status copy_model(const struct souk_model *model, const char *to,
                              struct souk_error *err)
{
    souk_status status = copy_file(model->path, to, "model.h5", err);
    for (int p = 0; p < model->parts && !status; p++) {
        char name[20];
        souk_part_name(p, name);
        status = copy_file(model->path, to, name, err);
    }
    return status;
}

/* The next number, and whether the version that is served has this id already. */
static souk_status look_around(const char *registry, const struct souk_model *model, int *number,
                               struct souk_error *err)
{
    struct souk_registry_version *versions = NULL;
    int count = 0;
    souk_status status = souk_registry_list(registry, &versions, &count, err);
    *number = 1;
    for (int i = 0; i < count && !status; i++) {
        if (versions[i].is_current && strcmp(versions[i].model_id, model->id) == 0)
            status = souk_fail(err, SOUK_EEXIST, "%s: model %s is version %d, and current already",
                               registry, model->id, versions[i].number);
        *number = versions[i].number + 1;
    }
    free(versions);
    return status;
}

static souk_status install(const char *registry, const struct souk_model *model, int *number,
                           struct souk_error *err)
{
    char path[PATH_BYTES];
    struct souk_staging staging = {0};
    souk_status status = look_around(registry, model, number, err);
    if (status)
        return status;
    version_path(path, registry, *number);
    status = souk_staging_begin(&staging, path, true, "model.h5", true, err);
    if (!status)
        status = copy_model(model, staging.partial, err);
    if (!status) /* what is believed is what was copied, not what was read */
        status = souk_registry_verify(staging.partial, err);
    if (!status)
        status = souk_staging_commit(&staging, err);
    souk_staging_end(&staging, true);
    if (!status)
        status = append_history(registry, "publish", *number, model->id, err);
    return status ? status : make_current(registry, *number, err);
}

souk_status souk_registry_publish(const char *registry, const char *path, int *number,
                                  struct souk_error *err)
{
    struct souk_model *model = NULL;
    int lock = -1;
    souk_status status = souk_model_open(path, &model, err);
    if (!status)
        status = lock_registry(registry, &lock, err);
    if (!status)
        status = install(registry, model, number, err);
    unlock_registry(lock);
    souk_model_free(model);
    return status;
}

/* ---- rollback ---- */

/* The version that was current before `current`, by the history: the last line that names another
 * one that is still there. */
static int find_previous(const char *registry, int current)
{
    char path[PATH_BYTES], line[256];
    int found = 0;
    snprintf(path, sizeof path, "%s/history.log", registry);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        char name[16], there[PATH_BYTES];
        if (sscanf(line, "%*s %*s %15s", name) != 1)
            continue;
        const int number = parse_version(name);
        version_path(there, registry, number);
        if (number != 0 && number != current && access(there, F_OK) == 0)
            found = number;
    }
    if (file)
        fclose(file);
    return found;
}

static souk_status switch_to(const char *registry, int number, struct souk_error *err)
{
    char path[PATH_BYTES];
    struct souk_model *model = NULL;
    souk_status status;
    version_path(path, registry, number);
    status = souk_registry_verify(path, err);
    if (!status)
        status = souk_model_open(path, &model, err);
    if (!status)
        status = append_history(registry, "rollback", number, model->id, err);
    if (!status)
        status = make_current(registry, number, err);
    souk_model_free(model);
    return status;
}

souk_status souk_registry_rollback(const char *registry, int number, int *now_current,
                                   struct souk_error *err)
{
    int lock = -1;
    souk_status status = access(registry, F_OK) == 0 ? lock_registry(registry, &lock, err)
                                                     : souk_fail_errno(err, "%s", registry);
    if (!status && number == 0) {
        number = find_previous(registry, read_current(registry));
        if (number == 0)
            status = souk_fail(err, SOUK_ENOTFOUND, "%s: there is no earlier version to go back to",
                               registry);
    }
    if (!status)
        status = switch_to(registry, number, err);
    unlock_registry(lock);
    if (!status)
        *now_current = number;
    return status;
}
