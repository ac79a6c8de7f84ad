#include "train/ranker/csvrows.h"

#include "shared/base/memory.h"
#include "shared/data/csv.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL = -1, QUERY = -2, IGNORED = -3 };

/* What each column of the file is: a feature's number, or one of the above. */
struct layout {
    int columns;
    int role[SOUK_CSV_FIELDS_MAX];
    char separator;
    const char *body; /* behind the header */
};

/* Rows of this rank while they are read. */
struct table {
    const struct souk_textfile *file;
    const struct layout *layout;
    struct souk_rankdata *d;
    size_t label_room, value_room, group_room;
};

static bool is_field(const struct souk_csv_field *field, const char *text)
{
    return field->len == strlen(text) && memcmp(field->text, text, field->len) == 0;
}

static bool is_listed(const char *list, const struct souk_csv_field *field)
{
    for (const char *at = list; at && *at; at += strcspn(at, ",") + (at[strcspn(at, ",")] != 0))
        if (strcspn(at, ",") == field->len && memcmp(at, field->text, field->len) == 0)
            return true;
    return false;
}

static souk_status name_feature(struct souk_rankdata *d, const struct souk_csv_field *field,
                                struct souk_error *err)
{
    d->feature_name[d->features] = souk_strndup(field->text, field->len);
    if (!d->feature_name[d->features++])
        return souk_fail(err, SOUK_ENOMEM, "no memory for the name of a feature");
    return SOUK_OK;
}

/* The feature of this name in the set that goes with this one. */
static int find_like(const struct souk_rankdata *like, const struct souk_csv_field *field)
{
    for (int f = 0; f < like->features; f++)
        if (like->feature_name && is_field(field, like->feature_name[f]))
            return f;
    return IGNORED;
}

static souk_status copy_names(const struct souk_rankdata *like, struct souk_rankdata *d,
                              struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int f = 0; status == SOUK_OK && f < like->features; f++) {
        const char *name = like->feature_name ? like->feature_name[f] : "";
        status = name_feature(d, &(struct souk_csv_field){name, strlen(name)}, err);
    }
    return status;
}

static souk_status assign_roles(const struct souk_rankfile_rules *rules,
                                const struct souk_rankdata *like, struct layout *l,
                                const struct souk_csv_field *field, struct souk_rankdata *d,
                                struct souk_error *err)
{
    const int features = like ? like->features : l->columns;
    int labels = 0, queries = 0, found = 0;
    souk_status status = SOUK_OK;
    d->feature_name = souk_zalloc_array((size_t)features, sizeof *d->feature_name);
    if (!d->feature_name)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the names of features");
    if (like)
        status = copy_names(like, d, err);
    for (int c = 0; status == SOUK_OK && c < l->columns; c++) {
        l->role[c] = IGNORED;
        if (is_field(&field[c], rules->label)) {
            l->role[c] = LABEL;
            labels++;
        } else if (is_field(&field[c], rules->query)) {
            l->role[c] = QUERY;
            queries++;
        } else if (like) {
            l->role[c] = find_like(like, &field[c]);
            found += l->role[c] >= 0;
        } else if (!is_listed(rules->ignore, &field[c])) {
            l->role[c] = d->features;
            status = name_feature(d, &field[c], err);
        }
    }
    if (status)
        return status;
    if (labels != 1 || queries != 1)
        return souk_fail(err, SOUK_EUSAGE, "%d columns `%s` and %d columns `%s`: one of each",
                         labels, rules->label, queries, rules->query);
    if (like && found != like->features)
        return souk_fail(err, SOUK_EFORMAT, "%d of the training set's %d features: all are needed",
                         found, like->features);
    if (d->features == 0)
        return souk_fail(err, SOUK_EFORMAT, "no column is a feature");
    return SOUK_OK;
}

static souk_status read_header(const struct souk_textfile *f,
                               const struct souk_rankfile_rules *rules,
                               const struct souk_rankdata *like, struct layout *l,
                               struct souk_rankdata *d, struct souk_error *err)
{
    struct souk_csv_field field[SOUK_CSV_FIELDS_MAX];
    struct souk_csv csv;
    bool unterminated = false;
    const size_t len = strlen(f->path);
    l->separator = len > 4 && strcmp(f->path + len - 4, ".tsv") == 0 ? '\t' : ',';
    souk_status status = souk_csv_init(&csv, f->text, f->end, l->separator, 1);
    if (status)
        return souk_fail(err, status, "%s: no memory to read it", f->path);
    if (!souk_csv_next(&csv, field, &l->columns, &unterminated) || unterminated)
        status = souk_fail(err, SOUK_EFORMAT, "%s has no header", f->path);
    else if (l->columns > SOUK_CSV_FIELDS_MAX)
        status = souk_fail(err, SOUK_EFORMAT, "%s has more than %d columns: use libsvm's format",
                           f->path, SOUK_CSV_FIELDS_MAX);
    else if ((status = assign_roles(rules, like, l, field, d, err)))
        status = souk_error_prefix(err, status, "%s:1", f->path);
    l->body = csv.at;
    souk_csv_fini(&csv);
    return status;
}

static souk_status fail_at(const struct souk_textfile *f, const char *at, struct souk_error *err,
                           const char *reason, const struct souk_csv_field *field)
{
    const int shown = field && field->len < 40 ? (int)field->len : field ? 40 : 0;
    return souk_fail(err, SOUK_EFORMAT, "%s:%" PRId64 ": %s%.*s%s", f->path,
                     souk_textfile_line(f, at), reason, shown, field ? field->text : "",
                     field ? "'" : "");
}

/* NaN for a missing value. @return whether the field is a number or missing */
static bool parse_value(const struct souk_csv_field *field, float *value)
{
    static const char *const missing[] = {"", "NA", "N/A", "nan", "NaN", "null", "NULL", "?"};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
        if (is_field(field, missing[i])) {
            *value = NAN;
            return true;
        }
    const char *next, *end = field->text + field->len;
    *value = (float)souk_text_number(field->text, end, &next);
    return next == end;
}

static souk_status make_room(struct table *t, struct souk_error *err)
{
    struct souk_rankdata *d = t->d;
    const size_t rows = (size_t)d->rows + 1, features = (size_t)d->features;
    souk_status status = souk_grow(&d->label, &t->label_room, rows, INT32_MAX, sizeof *d->label);
    if (status == SOUK_OK)
        status = souk_grow(&d->value, &t->value_room, rows, INT32_MAX, features * sizeof *d->value);
    if (status == SOUK_OK)
        status = souk_grow(&d->group_start, &t->group_room, (size_t)d->groups + 2, INT32_MAX,
                           sizeof *d->group_start);
    return status ? souk_fail(err, status, "no room for row %zu of this rank", rows) : SOUK_OK;
}

static souk_status add_row(struct table *t, const char *at, const struct souk_csv_field *field,
                           bool fresh, struct souk_error *err)
{
    struct souk_rankdata *d = t->d;
    souk_status status = make_room(t, err);
    if (status)
        return status;
    if (fresh)
        d->group_start[d->groups++] = d->rows;
    float *value = d->value + d->rows * d->features;
    for (int c = 0; c < t->layout->columns; c++) {
        const int role = t->layout->role[c];
        if (role == QUERY || role == IGNORED)
            continue;
        float *out = role == LABEL ? &d->label[d->rows] : &value[role];
        if (!parse_value(&field[c], out) || (role == LABEL && isnan(*out)))
            return fail_at(t->file, at, err, "not a number: '", &field[c]);
    }
    d->group_start[d->groups] = ++d->rows;
    return SOUK_OK;
}

/* The query id of a record, kept beyond it. */
struct query_id {
    char *text;
    size_t len, room;
};

static bool is_query(const struct query_id *id, const struct souk_csv_field *field)
{
    return id->text && id->len == field->len && memcmp(id->text, field->text, id->len) == 0;
}

static souk_status keep_query(struct query_id *id, const struct souk_csv_field *field,
                              struct souk_error *err)
{
    if (souk_grow(&id->text, &id->room, field->len + 1, SIZE_MAX / 2, 1))
        return souk_fail(err, SOUK_ENOMEM, "no memory for a query id");
    memcpy(id->text, field->text, field->len);
    id->len = field->len;
    return SOUK_OK;
}

/* Where the first record of the slice starts, and the last one before it: it tells whether the
 * slice begins within a query group. One memchr() where no field is quoted. */
static const char *find_start(const struct souk_textfile *f, const struct layout *l,
                              const char *slice)
{
    if (slice <= l->body)
        return l->body;
    const struct souk_csv_transition before =
        souk_csv_transition(f->text, (size_t)(slice - f->text), l->separator);
    return souk_csv_first_record(slice, f->end, before.to[SOUK_CSV_RECORD], l->separator);
}

/* Read [from, end) of the file; keep groups that begin in [start, stop). `from` is `start`, or a
 * little before it, for the query of the record before. */
static souk_status read_records(struct table *t, const char *start, const char *stop,
                                struct query_id *before, struct souk_error *err)
{
    struct souk_csv_field field[SOUK_CSV_FIELDS_MAX];
    struct souk_csv csv;
    bool unterminated = false, mine = false;
    int count, query = 0;
    while (t->layout->role[query] != QUERY)
        query++;
    souk_status status = souk_csv_init(&csv, start, t->file->end, t->layout->separator, 2);
    if (status)
        return souk_fail(err, status, "%s: no memory to read it", t->file->path);
    while (status == SOUK_OK) {
        const char *at = csv.at;
        if (!souk_csv_next(&csv, field, &count, &unterminated))
            break;
        if (unterminated || count != t->layout->columns) {
            status = fail_at(t->file, at, err,
                             unterminated ? "a quoted field does not end"
                                          : "not as many fields as the header has",
                             NULL);
            break;
        }
        const bool fresh = !is_query(before, &field[query]);
        if ((fresh || !mine) && at >= stop)
            break; /* another rank's */
        mine |= fresh;
        if (fresh)
            status = keep_query(before, &field[query], err);
        if (status == SOUK_OK && mine)
            status = add_row(t, at, field, fresh, err);
    }
    souk_csv_fini(&csv);
    return status;
}

/* The query of the record before `start`: read on from an earlier line that may be the start of
 * one. Quoted fields over several lines make it another text, never a wrong group: see below. */
static souk_status find_before(const struct souk_textfile *f, const struct layout *l,
                               const char *start, struct query_id *before, struct souk_error *err)
{
    struct souk_csv_field field[SOUK_CSV_FIELDS_MAX];
    struct souk_csv csv;
    int64_t back = 4096;
    bool unterminated = false;
    int count, query = 0;
    souk_status status = SOUK_OK;
    while (l->role[query] != QUERY)
        query++;
    while (start > l->body && status == SOUK_OK && !before->text) {
        const char *from = find_start(f, l, start - l->body > back ? start - back : l->body);
        if (souk_csv_init(&csv, from < start ? from : start, start, l->separator, 2))
            return souk_fail(err, SOUK_ENOMEM, "%s: no memory to read it", f->path);
        while (status == SOUK_OK && souk_csv_next(&csv, field, &count, &unterminated))
            if (query < count)
                status = keep_query(before, &field[query], err);
        souk_csv_fini(&csv);
        if (from <= l->body)
            break;
        back *= 2;
    }
    return status;
}

static souk_status read_slice(const struct souk_textfile *f, const struct layout *l,
                              struct souk_rankdata *d, struct souk_error *err)
{
    struct table t = {.file = f, .layout = l, .d = d};
    struct query_id before = {0};
    const char *start = find_start(f, l, f->slice), *stop = find_start(f, l, f->slice_end);
    souk_status status = make_room(&t, err);
    if (status == SOUK_OK)
        d->group_start[0] = 0;
    if (status == SOUK_OK && start < stop)
        status = find_before(f, l, start, &before, err);
    if (status == SOUK_OK && start < stop)
        status = read_records(&t, start, stop, &before, err);
    free(before.text);
    return status;
}

souk_status souk_csvrows_read_all(const struct souk_comm *comm, struct souk_textfile *f,
                                  const struct souk_rankfile_rules *rules,
                                  const struct souk_rankdata *like, struct souk_rankdata *d,
                                  struct souk_error *err)
{
    struct layout layout = {0};
    souk_status status = read_header(f, rules, like, &layout, d, err);
    if (status == SOUK_OK)
        status = read_slice(f, &layout, d, err);
    return souk_status_agree_all(comm, status, err);
}
