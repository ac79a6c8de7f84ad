#include "serve/access/tokenedit.h"

#include "shared/base/memory.h"
#include "shared/base/staging.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_PATIENCE_MS = 5000, LOCK_POLL_MS = 10 };

/* ---- one at a time ---- */

/* Of the folder: the file itself is another one after each edit. */
static souk_status lock_folder(const char *path, int *lock, struct souk_error *err)
{
    struct souk_staging place = {0};
    const struct timespec pause = {.tv_nsec = LOCK_POLL_MS * 1000000L};
    souk_status status = souk_staging_begin(&place, path, false, NULL, false, err);
    if (status)
        return status;
    const char *folder = dirname(place.path); /* of what a link points to */
    *lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*lock < 0)
        status = souk_fail_errno(err, "cannot open the folder of %s", path);
    for (int waited = 0; !status && flock(*lock, LOCK_EX | LOCK_NB) != 0; waited += LOCK_POLL_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            status = souk_fail_errno(err, "cannot lock the folder of %s", path);
        else if (waited >= LOCK_PATIENCE_MS)
            status =
                souk_fail(err, SOUK_EUNAVAILABLE, "somebody else is changing %s: try again", path);
        else
            nanosleep(&pause, NULL);
    }
    souk_staging_end(&place, false);
    return status;
}

souk_status souk_token_edit_begin(struct souk_token_edit *e, const char *path, bool create,
                                  struct souk_error *err)
{
    *e = (struct souk_token_edit){.path = path, .lock = -1};
    souk_status status = lock_folder(path, &e->lock, err);
    if (status)
        return status;
    status = souk_token_text_read(path, &e->text, err);
    if (status == SOUK_ENOTFOUND && create) {
        e->text = souk_strndup("", 0);
        status = e->text ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory");
    }
    return status ? status : souk_token_list_parse(path, e->text, &e->list, err);
}

void souk_token_edit_end(struct souk_token_edit *e)
{
    if (e->lock >= 0)
        close(e->lock);
    souk_token_list_fini(&e->list);
    free(e->text);
    *e = (struct souk_token_edit){.lock = -1};
}

/* ---- whole or not at all ---- */

/* The rights of the file that is replaced; of a new one: its owner's alone. */
static souk_status keep_rights(const char *path, int fd, struct souk_error *err)
{
    struct stat old, new;
    const bool is_new = stat(path, &old) != 0;
    if (fstat(fd, &new) != 0 || fchmod(fd, is_new ? 0600 : old.st_mode & 0777) != 0)
        return souk_fail_errno(err, "%s: rights of its new version", path);
    if (!is_new && (old.st_uid != new.st_uid || old.st_gid != new.st_gid) &&
        fchown(fd, old.st_uid, old.st_gid) != 0)
        return souk_fail_errno(err, "%s: its new version cannot be given to its owner", path);
    return SOUK_OK;
}

/* The three pieces, one after another. */
static souk_status write_pieces(const struct souk_staging *s, const char *const *piece,
                                const size_t *len, struct souk_error *err)
{
    const int fd = open(s->partial, O_WRONLY | O_CLOEXEC);
    souk_status status = fd < 0 ? souk_fail_errno(err, "%s", s->partial) : SOUK_OK;
    if (!status)
        status = keep_rights(s->path, fd, err);
    for (int i = 0; i < 3 && !status; i++)
        for (size_t done = 0; done < len[i] && !status;) {
            const ssize_t put = write(fd, piece[i] + done, len[i] - done);
            if (put < 0 && errno != EINTR)
                status = souk_fail_errno(err, "%s", s->partial);
            done += put > 0 ? (size_t)put : 0;
        }
    if (fd >= 0)
        close(fd);
    return status;
}

static souk_status replace(const char *path, const char *const *piece, const size_t *len,
                           struct souk_error *err)
{
    struct souk_staging s = {0};
    const mode_t before = umask(077);
    souk_status status = souk_staging_begin(&s, path, false, NULL, true, err);
    umask(before);
    if (!status) {
        souk_staging_guard(&s);
        status = write_pieces(&s, piece, len, err);
    }
    if (!status)
        status = souk_staging_commit(&s, err);
    souk_staging_end(&s, true);
    return status;
}

souk_status souk_token_edit_append(struct souk_token_edit *e, const struct souk_token_entry *entry,
                                   struct souk_error *err)
{
    static const char header[] = "# NAME SCOPES EXPIRES RATE HASH, by souk-token\n";
    char line[SOUK_TOKEN_LINE_MAX];
    const size_t len = strlen(e->text);
    const char *const gap = len == 0 ? header : e->text[len - 1] == '\n' ? "" : "\n";
    const int twin = souk_token_list_find(&e->list, entry->name);
    if (twin >= 0)
        return souk_fail(err, SOUK_EEXIST,
                         "%s:%d: %s is there already: revoke it first, or take "
                         "another name",
                         e->path, e->list.entries[twin].line, entry->name);
    if (e->list.count == SOUK_TOKENS_MAX)
        return souk_fail(err, SOUK_ELIMIT, "%s has %d tokens: revoke some first", e->path,
                         SOUK_TOKENS_MAX);
    souk_token_entry_format(entry, line);
    return replace(e->path, (const char *[]){e->text, gap, line},
                   (size_t[]){len, strlen(gap), strlen(line)}, err);
}

souk_status souk_token_edit_remove(struct souk_token_edit *e, const char *name,
                                   struct souk_error *err)
{
    const int index = souk_token_list_find(&e->list, name);
    const char *line = e->text;
    if (index < 0)
        return souk_fail(err, SOUK_ENOTFOUND, "%s has no token of the name '%.64s'", e->path, name);
    for (int n = 1; n < e->list.entries[index].line; n++)
        line = strchr(line, '\n') + 1; /* the parser counted them */
    const char *const end = strchr(line, '\n');
    const char *const rest = end ? end + 1 : "";
    return replace(e->path, (const char *[]){e->text, "", rest},
                   (size_t[]){(size_t)(line - e->text), 0, strlen(rest)}, err);
}
