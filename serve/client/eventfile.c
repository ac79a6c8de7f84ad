#include "serve/client/eventfile.h"

#include "shared/base/memory.h"
#include "shared/data/csv.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum column { USER, ITEM, TYPE, MS, VALUE, EVENT_ID, REQUEST_ID, COLUMNS };
enum { PREFIX_MAX = 32, LINE_DIGITS = 20 };

static const char *const names[COLUMNS] = {"user",  "item",     "type",      "ms",
                                           "value", "event_id", "request_id"};

/* As `souk-events export` calls them. */
static const char *const other_names[COLUMNS] = {[TYPE] = "event", [MS] = "timestamp"};

struct reading {
    const char *path, *prefix;
    struct souk_csv csv;
    int at[COLUMNS]; /* field of each column; -1: it is not there */
    size_t event_cap;
    char *text; /* where the next text goes */
};

/* ---- the bytes ---- */

/* @param out [*len + 1], NUL-terminated, the caller's */
static souk_status read_all(const char *path, char **out, size_t *len, struct souk_error *err)
{
    FILE *file = fopen(path, "rb");
    struct stat info;
    souk_status status = SOUK_OK;
    if (!file || fstat(fileno(file), &info) != 0) {
        status = souk_fail_errno(err, "%s", path);
    } else {
        *len = (size_t)info.st_size;
        *out = souk_alloc_array(*len + 1, 1);
        if (!*out)
            status = souk_fail(err, SOUK_ENOMEM, "%s: no memory", path);
        else if (fread(*out, 1, *len, file) != *len)
            status = souk_fail(err, SOUK_EIO, "%s: cannot be read whole", path);
    }
    if (file)
        fclose(file);
    return status;
}

/* ---- records ---- */

static bool is_named(const struct souk_csv_field *field, const char *name)
{
    return name && strlen(name) == field->len && memcmp(name, field->text, field->len) == 0;
}

static souk_status read_header(struct reading *r, struct souk_error *err)
{
    struct souk_csv_field fields[SOUK_CSV_FIELDS_MAX];
    bool unterminated = false;
    int count = 0;
    for (int c = 0; c < COLUMNS; c++)
        r->at[c] = -1;
    if (!souk_csv_next(&r->csv, fields, &count, &unterminated) || count > SOUK_CSV_FIELDS_MAX)
        return souk_fail(err, SOUK_EFORMAT, "%s:1: there is no header line", r->path);
    for (int c = 0; c < COLUMNS; c++)
        for (int f = 0; f < count; f++)
            if (is_named(&fields[f], names[c]) || is_named(&fields[f], other_names[c]))
                r->at[c] = f;
    for (int c = USER; c <= TYPE; c++)
        if (r->at[c] < 0)
            return souk_fail(err, SOUK_EFORMAT, "%s:1: there is no column '%s'", r->path, names[c]);
    return SOUK_OK;
}

/* @return NULL where the column is not there, or empty */
static const char *take_text(struct reading *r, enum column c, const struct souk_csv_field *fields)
{
    if (r->at[c] < 0 || fields[r->at[c]].len == 0)
        return NULL;
    char *const text = r->text;
    memcpy(text, fields[r->at[c]].text, fields[r->at[c]].len);
    text[fields[r->at[c]].len] = '\0';
    r->text += fields[r->at[c]].len + 1;
    return text;
}

static souk_status take_number(struct reading *r, enum column c,
                               const struct souk_csv_field *fields, int64_t line, double *value,
                               struct souk_error *err)
{
    const char *const text = take_text(r, c, fields);
    char *end = NULL;
    if (!text)
        return SOUK_OK;
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value)
               ? SOUK_OK
               : souk_fail(err, SOUK_EFORMAT, "%s:%lld: %s '%s' is not a number", r->path,
                           (long long)line, names[c], text);
}

static const char *make_id(struct reading *r, int64_t line)
{
    char *const id = r->text;
    r->text += snprintf(id, PREFIX_MAX + LINE_DIGITS + 2, "%.*s-%lld", PREFIX_MAX, r->prefix,
                        (long long)line) +
               1;
    return id;
}

static souk_status take_event(struct reading *r, const struct souk_csv_field *fields, int64_t line,
                              struct souk_visitor_event *e, struct souk_error *err)
{
    double ms = 0;
    *e = (struct souk_visitor_event){.user = take_text(r, USER, fields),
                                     .item = take_text(r, ITEM, fields),
                                     .type = take_text(r, TYPE, fields),
                                     .event_id = take_text(r, EVENT_ID, fields),
                                     .request_id = take_text(r, REQUEST_ID, fields)};
    if (!e->user || !e->item || !e->type)
        return souk_fail(err, SOUK_EFORMAT, "%s:%lld: user, item and type must not be empty",
                         r->path, (long long)line);
    souk_status status = take_number(r, MS, fields, line, &ms, err);
    if (!status)
        status = take_number(r, VALUE, fields, line, &e->value, err);
    if (!e->event_id)
        e->event_id = make_id(r, line);
    e->ms = (int64_t)ms;
    return status;
}

static souk_status read_records(struct reading *r, struct souk_event_file *out,
                                struct souk_error *err)
{
    struct souk_csv_field fields[SOUK_CSV_FIELDS_MAX];
    souk_status status = read_header(r, err);
    int count = 0, most = 0;
    bool unterminated = false;
    for (int c = 0; c < COLUMNS; c++)
        most = r->at[c] >= most ? r->at[c] + 1 : most;
    for (int64_t line = r->csv.line;
         !status && souk_csv_next(&r->csv, fields, &count, &unterminated); line = r->csv.line) {
        if (unterminated || count < most || count > SOUK_CSV_FIELDS_MAX)
            return souk_fail(err, SOUK_EFORMAT, "%s:%lld: %d fields instead of %d", r->path,
                             (long long)line, count, most);
        status = souk_grow(&out->events, &r->event_cap, (size_t)out->count + 1, SIZE_MAX / 64,
                           sizeof *out->events);
        if (status)
            return souk_fail(err, status, "%s: no memory", r->path);
        status = take_event(r, fields, line, &out->events[out->count++], err);
    }
    return status;
}

static size_t count_lines(const char *bytes, size_t len)
{
    size_t lines = 1;
    for (size_t i = 0; i < len; i++)
        lines += bytes[i] == '\n';
    return lines;
}

souk_status souk_event_file_read(const char *path, const char *prefix, struct souk_event_file *out,
                                 struct souk_error *err)
{
    struct reading r = {.path = path, .prefix = prefix};
    char *bytes = NULL;
    size_t len = 0;
    *out = (struct souk_event_file){.events = NULL};
    souk_status status = read_all(path, &bytes, &len, err);
    if (!status) { /* a field takes a NUL where the file has a separator */
        out->texts =
            souk_alloc_array(len + count_lines(bytes, len) * (PREFIX_MAX + LINE_DIGITS + 4), 1);
        if (!out->texts)
            status = souk_fail(err, SOUK_ENOMEM, "%s: no memory", path);
        r.text = out->texts;
    }
    if (!status)
        status = souk_csv_init(&r.csv, bytes, bytes + len, ',', 1);
    if (!status) {
        status = read_records(&r, out, err);
        souk_csv_fini(&r.csv);
    }
    free(bytes);
    return status;
}

void souk_event_file_fini(struct souk_event_file *f)
{
    free(f->events);
    free(f->texts);
    *f = (struct souk_event_file){.events = NULL};
}
