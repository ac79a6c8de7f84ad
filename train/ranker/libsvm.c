#include "train/ranker/libsvm.h"

#include "shared/base/memory.h"
#include "train/ranker/groupsizes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One line without its comment and blanks at the ends; empty lines are no rows. */
struct line {
    const char *at, *end;
};

/* What a first pass over a slice finds. */
struct census {
    int64_t rows;
    int64_t features; /* largest index + 1 */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next line with a row on it, from *at on. @return false: there is none before `limit` */
static bool next_line(const struct souk_textfile *f, const char **at, const char *limit,
                      struct line *line)
{
    while (*at < limit) {
        const char *start = *at, *end = souk_textfile_line_end(f, start);
        *at = end < f->end ? end + 1 : end;
        const char *comment = memchr(start, '#', (size_t)(end - start));
        end = comment ? comment : end;
        while (start < end && is_blank(*start))
            start++;
        while (end > start && is_blank(end[-1]))
            end--;
        *line = (struct line){start, end};
        if (start < end)
            return true;
    }
    return false;
}

static souk_status fail_at(const struct souk_textfile *f, const char *at, struct souk_error *err,
                           const char *reason)
{
    return souk_fail(err, SOUK_EFORMAT, "%s:%" PRId64 ": %s", f->path, souk_textfile_line(f, at),
                     reason);
}

/* Digits and a colon. @return behind them, or NULL */
static const char *parse_index(const char *at, const char *end, int64_t *index)
{
    int64_t value = 0;
    const char *p = at;
    for (; p < end && (unsigned)(*p - '0') < 10 && value < INT32_MAX; p++)
        value = value * 10 + (*p - '0');
    *index = value;
    return p > at && p < end && *p == ':' ? p + 1 : NULL;
}

/* Indices ascend, so a line's last token has its largest. */
static souk_status take_census(const struct souk_textfile *f, struct census *census,
                               struct souk_error *err)
{
    const char *at = f->slice;
    struct line line;
    while (next_line(f, &at, f->slice_end, &line)) {
        const char *token = line.end;
        int64_t index = -1;
        while (token > line.at && !is_blank(token[-1]))
            token--;
        const bool query = line.end - token > 4 && memcmp(token, "qid:", 4) == 0;
        if (token > line.at && !query && !parse_index(token, line.end, &index))
            return fail_at(f, line.at, err, "not a row of `label index:value ...`");
        census->rows++;
        census->features = index + 1 > census->features ? index + 1 : census->features;
    }
    if (census->features > SOUK_RANKFILE_FEATURES_MAX)
        return souk_fail(err, SOUK_EFORMAT, "%s: feature %" PRId64 ": indices are below %d",
                         f->path, census->features - 1, SOUK_RANKFILE_FEATURES_MAX);
    return SOUK_OK;
}

/* The text behind `qid:` of a row, empty where it has none. */
static struct line query_of(const struct line *line)
{
    const char *p = line->at;
    while (p < line->end && !is_blank(*p))
        p++;
    while (p < line->end && is_blank(*p))
        p++;
    if (line->end - p < 5 || memcmp(p, "qid:", 4) != 0)
        return (struct line){p, p};
    const char *start = p += 4;
    while (p < line->end && !is_blank(*p))
        p++;
    return (struct line){start, p};
}

static bool is_same(struct line a, struct line b)
{
    return a.end - a.at == b.end - b.at && memcmp(a.at, b.at, (size_t)(a.end - a.at)) == 0;
}

/* The groups of this rank: where the first one starts, and the first rows of all of them. */
struct ownership {
    const char *start;
    int64_t *first; /* [groups + 1], from 0 */
    int64_t groups;
};

/* By sizes: groups whose first row is one of the slice's. */
static souk_status own_by_size(const struct souk_textfile *f, const int64_t *first, int64_t groups,
                               int64_t slice_row, int64_t slice_rows, struct ownership *own,
                               struct souk_error *err)
{
    struct line line;
    int64_t from = 0, to;
    while (from < groups && first[from] < slice_row)
        from++;
    for (to = from; to < groups && first[to] < slice_row + slice_rows;)
        to++;
    own->groups = to - from;
    own->first = souk_alloc_array((size_t)own->groups + 1, sizeof *own->first);
    if (!own->first)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %" PRId64 " groups", own->groups);
    for (int64_t g = 0; g <= own->groups; g++)
        own->first[g] = first[from + g] - first[from];
    own->start = f->slice;
    for (int64_t skip = first[from] - slice_row; own->groups > 0 && skip > 0; skip--)
        if (!next_line(f, &own->start, f->end, &line))
            break;
    return SOUK_OK;
}

/* The query of the last row before the slice. */
static struct line query_before(const struct souk_textfile *f)
{
    const char *at = f->slice;
    struct line line;
    while (at > f->text) {
        const char *start = at - 1;
        while (start > f->text && start[-1] != '\n')
            start--;
        const char *p = start;
        if (next_line(f, &p, at, &line))
            return query_of(&line);
        at = start;
    }
    return (struct line){f->text, f->text};
}

/* By query ids: runs that begin in the slice. */
static souk_status own_by_id(const struct souk_textfile *f, struct ownership *own,
                             struct souk_error *err)
{
    size_t capacity = 0;
    int64_t rows = 0;
    const char *at = f->slice;
    struct line line, before = query_before(f);
    bool mine = false;
    souk_status status = souk_grow(&own->first, &capacity, 1, SIZE_MAX / 16, sizeof(int64_t));
    for (const char *row = at; status == SOUK_OK && next_line(f, &at, f->end, &line); row = at) {
        const struct line query = query_of(&line);
        if (query.at == query.end)
            return fail_at(f, line.at, err,
                           "no `qid:` in a row, and no file of query sizes beside it");
        const bool fresh = line.at < f->slice_end;
        if (!is_same(query, before) || before.at == before.end) {
            if (!fresh)
                break;
            own->start = mine ? own->start : row;
            mine = true;
            status = souk_grow(&own->first, &capacity, (size_t)own->groups + 2, SIZE_MAX / 16,
                               sizeof(int64_t));
            if (status == SOUK_OK)
                own->first[own->groups++] = rows;
        }
        if (!fresh && !mine)
            break;
        rows += mine;
        before = query;
    }
    if (status == SOUK_OK)
        own->first[own->groups] = rows;
    return status ? souk_fail(err, status, "no memory for groups") : SOUK_OK;
}

static souk_status parse_row(const struct souk_textfile *f, const struct line *line, int features,
                             float *label, float *value, struct souk_error *err)
{
    const char *p = line->at, *next;
    int64_t last = -1, index;
    *label = (float)souk_text_number(p, line->end, &next);
    if (!next || (next < line->end && !is_blank(*next)))
        return fail_at(f, line->at, err, "the label is not a number");
    const struct line query = query_of(line);
    memset(value, 0, (size_t)features * sizeof *value);
    for (p = query.at < query.end ? query.end : next;;) {
        while (p < line->end && is_blank(*p))
            p++;
        if (p == line->end)
            return SOUK_OK;
        p = parse_index(p, line->end, &index);
        if (!p)
            return fail_at(f, line->at, err, "not `index:value`");
        if (index <= last)
            return fail_at(f, line->at, err, "indices do not ascend");
        last = index;
        const float number = (float)souk_text_number(p, line->end, &next);
        if (!next || (next < line->end && !is_blank(*next)))
            return fail_at(f, line->at, err, "a value is not a number");
        if (index < features)
            value[index] = number;
        p = next;
    }
}

static souk_status parse_rows(const struct souk_textfile *f, const struct ownership *own,
                              struct souk_rankdata *d, struct souk_error *err)
{
    const char *at = own->start;
    struct line line;
    souk_status status = SOUK_OK;
    for (int64_t r = 0; status == SOUK_OK && r < d->rows; r++) {
        if (!next_line(f, &at, f->end, &line))
            return souk_fail(err, SOUK_EFORMAT, "%s: rows end before the query groups", f->path);
        status = parse_row(f, &line, d->features, &d->label[r], d->value + r * d->features, err);
    }
    return status;
}

static souk_status read_own(const struct souk_textfile *f, struct ownership *own, int features,
                            struct souk_rankdata *d, struct souk_error *err)
{
    souk_status status = souk_rankdata_init(d, own->first[own->groups], own->groups, features, err);
    if (status)
        return status;
    memcpy(d->group_start, own->first, ((size_t)own->groups + 1) * sizeof *own->first);
    return parse_rows(f, own, d, err);
}

/* Rows before this rank's slice, and in all slices. */
static souk_status place_slice_all(const struct souk_comm *comm, int64_t rows, int64_t *before,
                                   int64_t *total, struct souk_error *err)
{
    *before = 0;
    souk_status status = souk_mpi_check(
        MPI_Exscan(&rows, before, 1, MPI_INT64_T, MPI_SUM, comm->mpi), "MPI_Exscan", err);
    *before = comm->rank == 0 ? 0 : *before;
    *total = rows;
    return status ? status : souk_sum_i64_all(comm, total, 1, err);
}

static souk_status check_sizes(const struct souk_textfile *f, const char *sizes,
                               const int64_t *first, int64_t groups, int64_t rows,
                               struct souk_error *err)
{
    if (!first || first[groups] == rows)
        return SOUK_OK;
    return souk_fail(err, SOUK_EFORMAT,
                     "%s: sizes add up to %" PRId64 ", but %s has %" PRId64 " rows", sizes,
                     first[groups], f->path, rows);
}

souk_status souk_libsvm_read_all(const struct souk_comm *comm, struct souk_textfile *f,
                                 int features, struct souk_rankdata *d, struct souk_error *err)
{
    struct census census = {0};
    struct ownership own = {0};
    char *sizes = NULL;
    int64_t *first = NULL, groups = 0, slice_row = 0, rows = 0;
    souk_status status = take_census(f, &census, err);
    if (status == SOUK_OK && asprintf(&sizes, "%s.query", f->path) < 0)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for a file's name");
    if (status == SOUK_OK)
        status = souk_groupsizes_read(sizes, &first, &groups, err);
    status = souk_status_agree_all(comm, status, err);
    if (status == SOUK_OK)
        status = souk_max_i64_all(comm, &census.features, 1, err);
    if (status == SOUK_OK)
        status = place_slice_all(comm, census.rows, &slice_row, &rows, err);
    if (status)
        goto out;
    if (rows == 0 || (features == 0 && census.features == 0))
        status = souk_fail(err, SOUK_EFORMAT, "%s has no row with a feature", f->path);
    if (status == SOUK_OK)
        status = check_sizes(f, sizes, first, groups, rows, err);
    if (status == SOUK_OK)
        status = first ? own_by_size(f, first, groups, slice_row, census.rows, &own, err)
                       : own_by_id(f, &own, err);
    if (status == SOUK_OK)
        status = read_own(f, &own, features ? features : (int)census.features, d, err);
    status = souk_status_agree_all(comm, status, err);
out:
    free(sizes);
    free(first);
    free(own.first);
    if (status)
        souk_rankdata_fini(d);
    return status;
}
