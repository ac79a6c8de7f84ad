#include "shared/base/staging.h"

#include "shared/base/log.h"
#include "shared/base/stagingguard.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WALK_DESCRIPTORS = 16 };

/* ---- removing ---- */

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info, (void)kind, (void)place; /* nftw's signature */
    return remove(path);
}

souk_status souk_remove_tree(const char *path, struct souk_error *err)
{
    if (nftw(path, remove_entry, WALK_DESCRIPTORS, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT)
        return SOUK_OK;
    return souk_fail_errno(err, "%s: cannot remove it", path);
}

static void remove_or_warn(const char *path)
{
    struct souk_error err = {0};
    if (souk_remove_tree(path, &err) != SOUK_OK)
        souk_log(SOUK_LOG_WARN, "leftover", "reason='%s'", err.msg);
}

/* ---- names ---- */

static souk_status no_memory(struct souk_error *err, const char *path)
{
    return souk_fail(err, SOUK_ENOMEM, "%s: no memory for its temporary name", path);
}

/* The name to replace: without slashes at its end, and where a link points to. */
static souk_status resolve(const char *path, char **out, struct souk_error *err)
{
    struct stat info;
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    char *name = strndup(path, len);
    if (!name)
        return no_memory(err, path);
    if (lstat(name, &info) == 0 && S_ISLNK(info.st_mode)) {
        char *real = realpath(name, NULL);
        free(name);
        if (!real)
            return souk_fail_errno(err, "%s: a link to nothing", path);
        name = real;
    }
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    if (base[0] == '\0' || strcmp(base, ".") == 0 || strcmp(base, "..") == 0) {
        free(name);
        return souk_fail(err, SOUK_EINVAL, "'%s' cannot be replaced: give it a name of its own",
                         path);
    }
    *out = name;
    return SOUK_OK;
}

/* a/b -> a/.b.suffix */
static char *sibling(const char *path, const char *suffix)
{
    const char *slash = strrchr(path, '/');
    const int parent = slash ? (int)(slash - path) + 1 : 0;
    char *name = NULL;
    if (asprintf(&name, "%.*s.%s.%s", parent, path, path + parent, suffix) < 0)
        return NULL;
    return name;
}

static char *parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* ---- begin ---- */

static bool folder_is_empty(const char *path)
{
    const struct dirent *entry;
    int entries = 0;
    DIR *folder = opendir(path);
    if (!folder)
        return false;
    while (entries <= 2 && (entry = readdir(folder)) != NULL)
        entries++;
    closedir(folder);
    return entries <= 2; /* . and .. */
}

/* Never replace what is not ours. */
static souk_status check_old(const struct souk_staging *s, const char *marker,
                             struct souk_error *err)
{
    struct stat info;
    char *inside = NULL;
    souk_status status = SOUK_OK;
    if (lstat(s->path, &info) != 0)
        return errno == ENOENT ? SOUK_OK : souk_fail_errno(err, "%s", s->path);
    if (!s->folder)
        return S_ISREG(info.st_mode)
                   ? SOUK_OK
                   : souk_fail(err, SOUK_EEXIST, "%s exists and is not a regular file", s->path);
    if (!S_ISDIR(info.st_mode))
        return souk_fail(err, SOUK_EEXIST, "%s exists and is not a folder", s->path);
    if (!marker || folder_is_empty(s->path))
        return SOUK_OK;
    if (asprintf(&inside, "%s/%s", s->path, marker) < 0)
        return no_memory(err, s->path);
    if (access(inside, F_OK) != 0)
        status = souk_fail(err, SOUK_EEXIST,
                           "%s exists and has no %s in it: not ours to replace, give another name",
                           s->path, marker);
    free(inside);
    return status;
}

/* A process that died between the two renames of replace_in_two_steps() left the old version under
 * this name. */
static souk_status restore_old(const struct souk_staging *s, struct souk_error *err)
{
    struct stat info;
    souk_status status = SOUK_OK;
    char *old = sibling(s->path, "replaced");
    if (!old)
        return no_memory(err, s->path);
    if (lstat(s->path, &info) == 0)
        status = souk_remove_tree(old, err);
    else if (rename(old, s->path) != 0 && errno != ENOENT)
        status = souk_fail_errno(err, "%s: cannot be put back to %s", old, s->path);
    free(old);
    return status;
}

static souk_status check_parent(const char *path, struct souk_error *err)
{
    struct stat info;
    souk_status status = SOUK_OK;
    char *parent = parent_of(path);
    if (!parent)
        return no_memory(err, path);
    if (stat(parent, &info) != 0)
        status = souk_fail_errno(err, "%s: folder %s", path, parent);
    else if (!S_ISDIR(info.st_mode))
        status = souk_fail(err, SOUK_ENOTFOUND, "%s: %s is not a folder", path, parent);
    free(parent);
    return status;
}

/* Also for a single file: where it cannot be made, say so now and not after an hour's work. */
static souk_status make_partial(const struct souk_staging *s, struct souk_error *err)
{
    if (s->folder)
        return mkdir(s->partial, 0777) == 0 ? SOUK_OK : souk_fail_errno(err, "%s", s->partial);
    const int file = open(s->partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0 || close(file) != 0)
        return souk_fail_errno(err, "%s", s->partial);
    return SOUK_OK;
}

static souk_status create_partial(const struct souk_staging *s, const char *marker,
                                  struct souk_error *err)
{
    souk_status status = check_parent(s->path, err);
    if (status == SOUK_OK)
        status = restore_old(s, err);
    if (status == SOUK_OK)
        status = check_old(s, marker, err);
    if (status == SOUK_OK)
        status = souk_remove_tree(s->partial, err);
    return status == SOUK_OK ? make_partial(s, err) : status;
}

souk_status souk_staging_begin(struct souk_staging *s, const char *path, bool folder,
                               const char *marker, bool create, struct souk_error *err)
{
    *s = (struct souk_staging){.folder = folder};
    souk_status status = resolve(path, &s->path, err);
    if (status != SOUK_OK)
        return status;
    s->partial = sibling(s->path, "partial");
    if (!s->partial)
        status = no_memory(err, path);
    else if (create)
        status = create_partial(s, marker, err);
    if (status != SOUK_OK)
        souk_staging_end(s, false);
    return status;
}

/* ---- commit ---- */

static souk_status sync_path(const char *path, int flags, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    const int file = open(path, flags | O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return souk_fail_errno(err, "%s", path);
    /* Some network file systems cannot sync a folder, and say EINVAL. */
    if (fsync(file) != 0 && !((flags & O_DIRECTORY) && errno == EINVAL))
        status = souk_fail_errno(err, "%s: sync", path);
    close(file);
    return status;
}

souk_status souk_staging_sync_file(const char *file, struct souk_error *err)
{
    return sync_path(file, 0, err);
}

static souk_status sync_parent(const char *path, struct souk_error *err)
{
    char *parent = parent_of(path);
    souk_status status = parent ? sync_path(parent, O_DIRECTORY, err) : no_memory(err, path);
    free(parent);
    return status;
}

static souk_status sync_entries(const char *path, DIR *folder, struct souk_error *err)
{
    const struct dirent *entry;
    souk_status status = SOUK_OK;
    while (status == SOUK_OK && (errno = 0, entry = readdir(folder)) != NULL) {
        char *file = NULL;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (asprintf(&file, "%s/%s", path, entry->d_name) < 0)
            return no_memory(err, path);
        status = sync_path(file, 0, err);
        free(file);
    }
    return status == SOUK_OK && errno != 0 ? souk_fail_errno(err, "%s", path) : status;
}

static souk_status sync_folder(const char *path, struct souk_error *err)
{
    DIR *folder = opendir(path);
    if (!folder)
        return souk_fail_errno(err, "%s", path);
    souk_status status = sync_entries(path, folder, err);
    closedir(folder);
    return status == SOUK_OK ? sync_path(path, O_DIRECTORY, err) : status;
}

/* Where names cannot be exchanged (NFS), there is a moment without a version; a process that dies
 * in it is put right by the next begin. */
static souk_status replace_in_two_steps(const struct souk_staging *s, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    char *old = sibling(s->path, "replaced");
    if (!old)
        return no_memory(err, s->path);
    if (rename(s->path, old) != 0) {
        status = souk_fail_errno(err, "%s: cannot be moved aside", s->path);
    } else if (rename(s->partial, s->path) != 0) {
        status = souk_fail_errno(err, "%s: cannot be put in place", s->partial);
        if (rename(old, s->path) != 0)
            souk_log(SOUK_LOG_ERROR, "left_aside", "path=%s", old);
    } else {
        remove_or_warn(old);
    }
    free(old);
    return status;
}

static souk_status put_in_place(const struct souk_staging *s, struct souk_error *err)
{
    if (rename(s->partial, s->path) == 0)
        return SOUK_OK;
    if (!s->folder || (errno != ENOTEMPTY && errno != EEXIST))
        return souk_fail_errno(err, "%s: cannot be put in place", s->path);
    if (renameat2(AT_FDCWD, s->partial, AT_FDCWD, s->path, RENAME_EXCHANGE) == 0)
        return SOUK_OK; /* the partial name now holds the old version */
    if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)
        return replace_in_two_steps(s, err);
    return souk_fail_errno(err, "%s: cannot be replaced", s->path);
}

souk_status souk_staging_commit(struct souk_staging *s, struct souk_error *err)
{
    souk_status status = s->folder ? sync_folder(s->partial, err) : sync_path(s->partial, 0, err);
    if (status != SOUK_OK)
        return status;
    souk_staging_hold_signals(s);
    status = put_in_place(s, err);
    if (status == SOUK_OK) {
        s->committed = true;
        status = sync_parent(s->path, err);
        remove_or_warn(s->partial);
    }
    souk_staging_release_signals(s);
    return status;
}

void souk_staging_end(struct souk_staging *s, bool remove)
{
    if (remove && s->partial && !s->committed)
        remove_or_warn(s->partial);
    souk_staging_unguard(s);
    free(s->path);
    free(s->partial);
    *s = (struct souk_staging){0};
}
