#include "train/ingest/source.h"

#include "shared/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK_BYTES = 256 << 10, HEADER_MAX_BYTES = 64 << 10 };

/* Read exactly `len` bytes at `offset`. */
static souk_status read_at(const struct souk_source *s, char *to, size_t len, int64_t offset,
                           struct souk_error *err)
{
    while (len > 0) {
        const ssize_t got = pread(s->fd, to, len, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return souk_fail_errno(err, "%s", s->path);
        if (got == 0)
            return souk_fail(err, SOUK_EIO, "%s: became shorter while it was read", s->path);
        to += got;
        offset += got;
        len -= (size_t)got;
    }
    return SOUK_OK;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool at_end_of_file(const struct souk_source *s)
{
    return s->block_offset + (s->csv.end - s->block) == s->size_bytes;
}

static souk_status open_file(struct souk_source *s, struct souk_error *err)
{
    struct stat st;
    s->fd = open(s->path, O_RDONLY | O_CLOEXEC);
    if (s->fd < 0)
        return souk_fail_errno(err, "%s", s->path);
    s->is_open = true;
    if (fstat(s->fd, &st) != 0)
        return souk_fail_errno(err, "%s", s->path);
    if (!S_ISREG(st.st_mode))
        return souk_fail(err, SOUK_EIO, "%s: not a regular file", s->path);
    if (st.st_size == 0)
        return souk_fail(err, SOUK_EFORMAT, "%s: the file is empty", s->path);
    s->size_bytes = st.st_size;
    s->block_size = BLOCK_BYTES;
    s->block = souk_alloc_array(s->block_size, 1);
    if (!s->block)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory to read it", s->path);
    return SOUK_OK;
}

static bool is_text(const struct souk_csv_field *field)
{
    for (size_t i = 0; i < field->len; i++)
        if ((unsigned char)field->text[i] < ' ' && field->text[i] != '\t')
            return false;
    return true;
}

static struct souk_csv_field trimmed(struct souk_csv_field f)
{
    while (f.len && (*f.text == ' ' || *f.text == '\t')) {
        f.text++;
        f.len--;
    }
    while (f.len && (f.text[f.len - 1] == ' ' || f.text[f.len - 1] == '\t'))
        f.len--;
    return f;
}

static souk_status keep_columns(struct souk_source *s, const struct souk_csv_field *fields,
                                int count, bool has_header, struct souk_error *err)
{
    if (count > SOUK_CSV_FIELDS_MAX)
        return souk_fail(err, SOUK_EFORMAT, "%s: more than %d columns", s->path,
                         SOUK_CSV_FIELDS_MAX);
    s->columns = souk_zalloc_array((size_t)count, sizeof *s->columns);
    for (int c = 0; s->columns && c < count; c++) {
        char number[16];
        struct souk_csv_field name = {number, (size_t)snprintf(number, sizeof number, "%d", c + 1)};
        if (has_header)
            name = trimmed(fields[c]);
        if (!is_text(&name))
            return souk_fail(err, SOUK_EFORMAT, "%s:1: the header is not text", s->path);
        s->columns[c] = souk_strndup(name.text, name.len);
        if (!s->columns[c])
            break;
        s->column_count++;
    }
    if (s->column_count < count)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory for its columns", s->path);
    return SOUK_OK;
}

/* Read the first record: columns, and where the records begin. */
static souk_status read_header(struct souk_source *s, bool has_header, struct souk_error *err)
{
    struct souk_csv csv = {0};
    struct souk_csv_field fields[SOUK_CSV_FIELDS_MAX];
    int count;
    bool open_quote;
    const int64_t len = smaller(s->size_bytes, HEADER_MAX_BYTES);

    souk_status status = read_at(s, s->block, (size_t)len, 0, err);
    if (!status && souk_csv_init(&csv, s->block, s->block + len, s->separator, 1))
        status = souk_fail(err, SOUK_ENOMEM, "%s: no memory to read it", s->path);
    if (status)
        return status;
    s->data_begin = csv.at - s->block;
    s->data_line = csv.line;
    if (!souk_csv_next(&csv, fields, &count, &open_quote))
        status = souk_fail(err, SOUK_EFORMAT, "%s: the file is empty", s->path);
    else if (open_quote || (csv.at == csv.end && len < s->size_bytes))
        status = souk_fail(err, SOUK_EFORMAT, "%s:%lld: no end of the first record in %lld bytes",
                           s->path, (long long)s->data_line, (long long)len);
    else
        status = keep_columns(s, fields, count, has_header, err);
    if (!status && has_header) {
        s->data_begin = csv.at - s->block;
        s->data_line = csv.line;
    }
    souk_csv_fini(&csv);
    return status;
}

/* The effect of this rank's range on the state of a CSV reader. */
static souk_status range_transition(struct souk_source *s, struct souk_csv_transition *effect,
                                    struct souk_error *err)
{
    souk_status status = SOUK_OK;
    *effect = souk_csv_transition(NULL, 0, s->separator);
    for (int64_t at = s->range_begin; at < s->range_end && !status; at += BLOCK_BYTES) {
        const size_t len = (size_t)smaller(BLOCK_BYTES, s->range_end - at);
        status = read_at(s, s->block, len, at, err);
        if (!status)
            *effect = souk_csv_compose(*effect, souk_csv_transition(s->block, len, s->separator));
    }
    return status;
}

/* Collective. The state of a CSV reader at the start of this rank's range. */
static souk_status state_at_begin_all(const struct souk_comm *comm, struct souk_source *s,
                                      uint8_t *state, struct souk_error *err)
{
    struct souk_csv_transition effect, *effects = NULL;
    souk_status status = SOUK_OK;

    *state = SOUK_CSV_RECORD;
    if (comm->size == 1)
        return SOUK_OK;
    effects = souk_alloc_array((size_t)comm->size, sizeof *effects);
    if (!effects)
        status = souk_fail(err, SOUK_ENOMEM, "%s: no memory to share it out", s->path);
    if (!status)
        status = range_transition(s, &effect, err);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_mpi_check(MPI_Allgather(&effect, sizeof effect, MPI_BYTE, effects,
                                              sizeof effect, MPI_BYTE, comm->mpi),
                                "MPI_Allgather", err);
    for (int rank = 0; rank < comm->rank && !status; rank++)
        *state = effects[rank].to[*state];
    free(effects);
    return status;
}

/* Put the reader on the first record of the range. */
static souk_status find_first_record(struct souk_source *s, uint8_t state, struct souk_error *err)
{
    int64_t at = s->range_begin;
    souk_status status = SOUK_OK;
    while (at < s->range_end && state != SOUK_CSV_RECORD && !status) {
        const size_t len = (size_t)smaller(BLOCK_BYTES, s->range_end - at);
        status = read_at(s, s->block, len, at, err);
        if (status)
            break;
        const char *end = s->block + len;
        const char *record =
            souk_csv_first_record(s->block, end, (enum souk_csv_state)state, s->separator);
        state = record < end ? SOUK_CSV_RECORD
                             : souk_csv_transition(s->block, len, s->separator).to[state];
        at += record - s->block;
    }
    s->block_offset = at;
    s->done = at >= s->range_end;
    /* No byte was read yet. A first line of 2, so that nothing is taken for a byte order mark. */
    if (!status && souk_csv_init(&s->csv, s->block, s->block, s->separator, 2))
        status = souk_fail(err, SOUK_ENOMEM, "%s: no memory to read it", s->path);
    s->csv.line = 1;
    return status;
}

/* Twice as large a block, for a record that does not fit. */
static souk_status grow_block(struct souk_source *s, struct souk_error *err)
{
    if (s->block_size >= SOUK_RECORD_MAX_BYTES)
        return souk_fail(
            err, SOUK_EFORMAT,
            "%s: the record at byte %lld is longer than %d MiB: a quote that never ends?", s->path,
            (long long)s->block_offset, SOUK_RECORD_MAX_BYTES >> 20);
    char *block = realloc(s->block, s->block_size * 2);
    if (!block)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory for a record of %zu bytes", s->path,
                         s->block_size);
    s->block = block;
    s->block_size *= 2;
    return SOUK_OK;
}

/* Move what was not read yet to the front of the block, and fill it up. */
static souk_status refill(struct souk_source *s, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    const size_t held = (size_t)(s->csv.end - s->csv.at);

    memmove(s->block, s->csv.at, held);
    s->block_offset += s->csv.at - s->block;
    if (held == s->block_size)
        status = grow_block(s, err);
    s->csv.at = s->block;
    s->csv.end = s->block + held;
    const int64_t next = s->block_offset + (int64_t)held;
    const size_t len = (size_t)smaller((int64_t)(s->block_size - held), s->size_bytes - next);
    if (!status)
        status = read_at(s, s->block + held, len, next, err);
    if (!status && souk_csv_continue(&s->csv, s->block, s->block + held + len))
        status = souk_fail(err, SOUK_ENOMEM, "%s: no memory for a record of %zu bytes", s->path,
                           s->block_size);
    return status;
}

/* Read up to the first record, over any number of empty lines. */
static souk_status start_reading(struct souk_source *s, uint8_t state, struct souk_error *err)
{
    souk_status status = find_first_record(s, state, err);
    while (!status && !s->done && s->csv.end - s->csv.at < 2 && !at_end_of_file(s))
        status = refill(s, err);
    /* The rank before counts the empty lines, up to the first record of the next rank. */
    if (s->range_begin > s->data_begin)
        s->csv.line = 1;
    return status;
}

souk_status souk_source_open_all(const struct souk_comm *comm, const char *path, char separator,
                                 bool has_header, struct souk_source *s, struct souk_error *err)
{
    uint8_t state;
    *s = (struct souk_source){.path = path, .separator = separator};
    souk_status status = open_file(s, err);
    if (!status)
        status = read_header(s, has_header, err);
    status = souk_status_agree_all(comm, status, err);
    if (!status) {
        const int64_t bytes = s->size_bytes - s->data_begin;
        const int64_t each = bytes / comm->size, more = bytes % comm->size;
        s->range_begin = s->data_begin + each * comm->rank + smaller(comm->rank, more);
        s->range_end = s->range_begin + each + (comm->rank < more);
        status = state_at_begin_all(comm, s, &state, err);
    }
    if (!status)
        status = souk_status_agree_all(comm, start_reading(s, state, err), err);
    if (status)
        souk_source_fini(s);
    return status;
}

int souk_source_column(const struct souk_source *s, const char *name)
{
    for (int c = 0; c < s->column_count; c++)
        if (strcmp(s->columns[c], name) == 0)
            return c;
    return -1;
}

souk_status souk_source_next(struct souk_source *s, struct souk_record *record, bool *more,
                             struct souk_error *err)
{
    souk_status status = SOUK_OK;
    *more = false;
    while (!s->done && !status) {
        const char *start = s->csv.at;
        const bool last = at_end_of_file(s);
        record->line = s->csv.line;
        /* One byte alone may be the CR of an empty line. */
        if (last || s->csv.end - start > 1) {
            if (start == s->csv.end || s->block_offset + (start - s->block) >= s->range_end) {
                s->done = true;
                break;
            }
            *more = souk_csv_next(&s->csv, record->fields, &record->count, &record->open_quote);
            if (last || s->csv.at < s->csv.end) {
                s->done = !*more;
                break;
            }
            /* It may go on in the next block: read it again from there. */
            s->csv.at = start;
            s->csv.line = record->line;
            *more = false;
        }
        status = refill(s, err);
    }
    return status;
}

int64_t souk_source_progress(const struct souk_source *s)
{
    const int64_t at = s->block_offset + (s->csv.at - s->block);
    return s->done ? s->range_end - s->range_begin : smaller(at, s->range_end) - s->range_begin;
}

/* A rank that has records counted the lines from its first one to the first one of the next such
 * rank; the others counted none. */
souk_status souk_source_close_all(const struct souk_comm *comm, struct souk_source *s,
                                  int64_t *line_base, struct souk_error *err)
{
    const int64_t lines = s->csv.line - 1;
    int64_t before = 0;
    souk_status status = souk_mpi_check(
        MPI_Exscan(&lines, &before, 1, MPI_INT64_T, MPI_SUM, comm->mpi), "MPI_Exscan", err);
    *line_base = s->data_line - 1 + (comm->rank ? before : 0);
    souk_source_fini(s);
    return status;
}

void souk_source_fini(struct souk_source *s)
{
    if (s->is_open)
        close(s->fd);
    for (int c = 0; c < s->column_count; c++)
        free(s->columns[c]);
    free(s->columns);
    free(s->block);
    souk_csv_fini(&s->csv);
    *s = (struct souk_source){0};
}
