#include "train/tune/journal.h"

#include "shared/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { VERSION = 1, ENTRIES_MAX = 10000000 };

struct entry {
    int64_t trial, epochs;
    json_t *json;
};

struct souk_journal {
    char *path;
    int file;
    int64_t count;
    size_t cap;
    struct entry *entries; /* [count], by trial, then epochs */
};

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->trial != y->trial)
        return x->trial < y->trial ? -1 : 1;
    return (x->epochs > y->epochs) - (x->epochs < y->epochs);
}

static souk_status write_line(const struct souk_journal *j, const json_t *line,
                              struct souk_error *err)
{
    char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(17)), *whole = NULL;
    souk_status status = SOUK_OK;
    if (!text || asprintf(&whole, "%s\n", text) < 0) {
        free(text);
        return souk_fail(err, SOUK_ENOMEM, "no memory for the journal");
    }
    const size_t len = strlen(whole);
    for (size_t done = 0; done < len && status == SOUK_OK;) {
        const ssize_t n = write(j->file, whole + done, len - done);
        if (n < 0 && errno != EINTR)
            status = souk_fail_errno(err, "%s", j->path);
        done += n > 0 ? (size_t)n : 0;
    }
    if (status == SOUK_OK && fdatasync(j->file) != 0)
        status = souk_fail_errno(err, "%s", j->path);
    free(text);
    free(whole);
    return status;
}

/* An entry as it must be: whatever else a file holds is not believed. */
static bool is_entry(const json_t *json)
{
    const json_t *values = json_object_get(json, "values");
    bool good = json_is_integer(json_object_get(json, "trial")) &&
                json_is_integer(json_object_get(json, "epochs")) &&
                json_is_object(json_object_get(json, "parameters")) &&
                (json_is_array(values) || json_is_string(json_object_get(json, "failed")));
    for (size_t i = 0; i < json_array_size(values); i++)
        good &= json_is_number(json_array_get(values, i));
    return good;
}

static souk_status take_entry(struct souk_journal *j, json_t *json, int64_t line,
                              struct souk_error *err)
{
    if (!is_entry(json))
        return souk_fail(err, SOUK_EINTEGRITY, "%s:%lld: not a trial's result", j->path,
                         (long long)line);
    if (souk_grow(&j->entries, &j->cap, (size_t)j->count + 1, ENTRIES_MAX, sizeof *j->entries))
        return souk_fail(err, SOUK_ENOMEM, "no memory for the journal");
    j->entries[j->count++] =
        (struct entry){json_integer_value(json_object_get(json, "trial")),
                       json_integer_value(json_object_get(json, "epochs")), json_incref(json)};
    return SOUK_OK;
}

static souk_status check_header(const struct souk_journal *j, const json_t *header,
                                const json_t *search, struct souk_error *err)
{
    const char *key;
    json_t *value;
    const json_t *there = json_object_get(header, "search");
    if (json_integer_value(json_object_get(header, "souk-tune")) != VERSION ||
        !json_is_object(there))
        return souk_fail(err, SOUK_EINTEGRITY, "%s is not a journal of this souk-tune", j->path);
    json_object_foreach(
        (json_t *)(uintptr_t)search, key,
        value) if (!json_equal(value,
                               json_object_get(
                                   there,
                                   key))) return souk_fail(err, SOUK_EINTEGRITY,
                                                           "%s is the journal of another search: "
                                                           "%s differs: give the same "
                                                           "options, or another --journal",
                                                           j->path, key);
    return SOUK_OK;
}

/* Take the lines that are whole. @param end out: where they end */
static souk_status read_lines(struct souk_journal *j, FILE *f, const json_t *search, off_t *end,
                              struct souk_error *err)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    souk_status status = SOUK_OK;
    for (int64_t n = 1; status == SOUK_OK && (len = getline(&line, &cap, f)) > 0; n++) {
        if (line[len - 1] != '\n')
            break; /* cut off */
        json_t *json = json_loadb(line, (size_t)len, 0, NULL);
        if (n == 1)
            status = check_header(j, json, search, err);
        else
            status = take_entry(j, json, n, err);
        json_decref(json);
        *end += len;
    }
    if (status == SOUK_OK && ferror(f))
        status = souk_fail_errno(err, "%s", j->path);
    free(line);
    return status;
}

static souk_status read_all(struct souk_journal *j, const json_t *search, off_t *end,
                            struct souk_error *err)
{
    FILE *f = fopen(j->path, "re");
    *end = 0;
    if (!f)
        return errno == ENOENT ? SOUK_OK : souk_fail_errno(err, "%s", j->path);
    const souk_status status = read_lines(j, f, search, end, err);
    fclose(f);
    if (j->count > 1)
        qsort(j->entries, (size_t)j->count, sizeof *j->entries, compare_entries);
    return status;
}

static souk_status begin(struct souk_journal *j, const json_t *search, struct souk_error *err)
{
    json_t *header =
        json_pack("{s:i, s:O}", "souk-tune", VERSION, "search", (json_t *)(uintptr_t)search);
    const souk_status status = write_line(j, header, err);
    json_decref(header);
    return status;
}

static souk_status open_file(struct souk_journal *j, bool resume, const json_t *search,
                             struct souk_error *err)
{
    off_t end = 0;
    souk_status status = resume ? read_all(j, search, &end, err) : SOUK_OK;
    if (status != SOUK_OK)
        return status;
    j->file = open(j->path, O_WRONLY | O_CREAT | O_CLOEXEC | (resume ? 0 : O_EXCL), 0666);
    if (j->file < 0 && errno == EEXIST)
        return souk_fail(err, SOUK_EEXIST,
                         "%s is there: go on with --resume, or remove it to begin anew", j->path);
    if (j->file < 0)
        return souk_fail_errno(err, "%s", j->path);
    if (flock(j->file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return souk_fail(err, SOUK_EUNAVAILABLE, "%s: another souk-tune is at work on it", j->path);
    if (ftruncate(j->file, end) != 0 || lseek(j->file, end, SEEK_SET) != end)
        return souk_fail_errno(err, "%s", j->path);
    return end == 0 ? begin(j, search, err) : SOUK_OK;
}

souk_status souk_journal_open(const char *path, bool resume, const json_t *search,
                              struct souk_journal **out, struct souk_error *err)
{
    struct souk_journal *j = souk_zalloc_array(1, sizeof *j);
    *out = NULL;
    if (j) {
        j->file = -1;
        j->path = souk_strndup(path, strlen(path));
    }
    const souk_status status = j && j->path
                                   ? open_file(j, resume, search, err)
                                   : souk_fail(err, SOUK_ENOMEM, "no memory for the journal");
    if (status == SOUK_OK)
        *out = j;
    else
        souk_journal_close(j);
    return status;
}

void souk_journal_close(struct souk_journal *j)
{
    if (!j)
        return;
    for (int64_t i = 0; i < j->count; i++)
        json_decref(j->entries[i].json);
    free(j->entries);
    free(j->path);
    if (j->file >= 0)
        close(j->file);
    free(j);
}

int64_t souk_journal_count(const struct souk_journal *j)
{
    return j->count;
}

const json_t *souk_journal_find(const struct souk_journal *j, int64_t trial, int epochs)
{
    const struct entry wanted = {.trial = trial, .epochs = epochs};
    const struct entry *found = j->count > 0 ? bsearch(&wanted, j->entries, (size_t)j->count,
                                                       sizeof wanted, compare_entries)
                                             : NULL;
    return found ? found->json : NULL;
}

souk_status souk_journal_add(struct souk_journal *j, const json_t *entry, struct souk_error *err)
{
    return write_line(j, entry, err);
}
