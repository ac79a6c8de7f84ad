#include "train/ingest/attributes.h"

#include "shared/base/memory.h"
#include "train/ingest/fieldtext.h"
#include "train/ingest/source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static souk_status take_header(struct souk_attribute_table *t, const struct souk_source *source,
                               struct souk_error *err)
{
    t->count = source->column_count - 1;
    if (t->count < 1)
        return souk_fail(err, SOUK_EFORMAT,
                         "%s:1: an attribute table has an id and at least one other column",
                         t->file);
    for (int c = 0; c < t->count; c++) {
        const char *name = source->columns[c + 1];
        if (strlen(name) > SOUK_NAME_MAX_BYTES || !souk_id_is_valid(name, strlen(name)))
            return souk_fail(err, SOUK_EFORMAT,
                             "%s:1: the name of column %d is not 1 to %d bytes of text", t->file,
                             c + 2, SOUK_NAME_MAX_BYTES);
        strcpy(t->columns[c].name, name);
        t->columns[c].type = SOUK_ATTRIBUTE_NUMBER;
    }
    return SOUK_OK;
}

/* Fields as (length, bytes) pairs. @param buffer grows */
static souk_status pack_fields(const struct souk_record *record, char **buffer, size_t *cap,
                               size_t *used)
{
    *used = 0;
    for (int c = 1; c < record->count; c++) {
        const uint32_t len = (uint32_t)record->fields[c].len;
        if (souk_grow(buffer, cap, *used + sizeof len + len, SOUK_RECORD_MAX_BYTES * 2, 1))
            return SOUK_ENOMEM;
        memcpy(*buffer + *used, &len, sizeof len);
        memcpy(*buffer + *used + sizeof len, record->fields[c].text, len);
        *used += sizeof len + len;
    }
    return SOUK_OK;
}

static void note_types(struct souk_attribute_table *t, const struct souk_record *record)
{
    double value;
    for (int c = 0; c < t->count; c++)
        if (record->fields[c + 1].len > 0 &&
            !souk_parse_decimal(record->fields[c + 1].text, record->fields[c + 1].len, &value))
            t->columns[c].type = SOUK_ATTRIBUTE_TEXT;
}

static souk_status take_record(struct souk_attribute_table *t, struct souk_dictionary *ids,
                               const struct souk_record *record, char **buffer, size_t *cap,
                               struct souk_error *err)
{
    const struct souk_csv_field *id = &record->fields[0];
    size_t used = 0;
    souk_lidx index = -1;
    souk_status status;
    t->rejects.rows++;
    if (record->count != t->count + 1 || record->open_quote ||
        !souk_id_is_valid(id->text, id->len)) {
        const enum souk_reject reason = record->count != t->count + 1 ? SOUK_REJECT_FIELDS
                                        : record->open_quote          ? SOUK_REJECT_OPEN_QUOTE
                                                                      : SOUK_REJECT_BAD_ITEM;
        souk_rejects_note(&t->rejects, 1u << reason, record->line, id->text, id->len);
        return SOUK_OK;
    }
    note_types(t, record);
    status = pack_fields(record, buffer, cap, &used);
    if (status)
        return souk_fail(err, status, "%s: no memory", t->file);
    status = souk_dictionary_add(ids, id->text, id->len, &index, err);
    if (!status)
        status = souk_sidetable_add(&t->table, index, *buffer, used, NULL, 0, err);
    return status;
}

static souk_status read_records(struct souk_attribute_table *t, struct souk_dictionary *ids,
                                struct souk_source *source, struct souk_error *err)
{
    struct souk_record *record = souk_alloc_array(1, sizeof *record);
    char *buffer = NULL;
    size_t cap = 0;
    bool more = true;
    souk_status status = record ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory");
    while (!status) {
        status = souk_source_next(source, record, &more, err);
        if (status || !more)
            break;
        status = take_record(t, ids, record, &buffer, &cap, err);
    }
    free(buffer);
    free(record);
    return status;
}

/* A column is text where any rank saw text. */
static souk_status agree_types_all(const struct souk_comm *comm, struct souk_attribute_table *t,
                                   struct souk_error *err)
{
    int64_t is_text[SOUK_CSV_FIELDS_MAX];
    souk_status status;
    for (int c = 0; c < t->count; c++)
        is_text[c] = t->columns[c].type == SOUK_ATTRIBUTE_TEXT;
    status = souk_max_i64_all(comm, is_text, t->count, err);
    for (int c = 0; c < t->count; c++)
        t->columns[c].type = is_text[c] ? SOUK_ATTRIBUTE_TEXT : SOUK_ATTRIBUTE_NUMBER;
    return status;
}

souk_status souk_attribute_table_read_all(const struct souk_comm *comm, const char *file,
                                          char separator, struct souk_dictionary *ids,
                                          struct souk_attribute_table *t, struct souk_error *err)
{
    struct souk_source source = {0};
    int64_t line_base = 0;
    souk_status status;
    *t = (struct souk_attribute_table){.file = file};
    souk_rejects_init(&t->rejects, "attributes", &t->file);
    status = souk_source_open_all(comm, file, separator, true, &source, err);
    if (status)
        return status;
    status = take_header(t, &source, err);
    if (!status)
        status = read_records(t, ids, &source, err);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_source_close_all(comm, &source, &line_base, err);
    if (status) {
        souk_source_fini(&source);
        return status;
    }
    souk_rejects_next_file(&t->rejects, line_base);
    status = souk_rejects_sum_all(comm, &t->rejects, err);
    return status ? status : agree_types_all(comm, t, err);
}

void souk_attribute_table_fini(struct souk_attribute_table *t)
{
    souk_sidetable_fini(&t->table);
    t->count = 0;
}

/* ---- a part ---- */

/* Field c of a payload. */
static void find_field(const char *payload, int c, const char **text, uint32_t *len)
{
    for (;; c--) {
        memcpy(len, payload, sizeof *len);
        *text = payload + sizeof *len;
        if (c == 0)
            return;
        payload = *text + *len;
    }
}

/* The first row of each id, -1 where there is none. */
static int64_t *first_rows(const struct souk_parcel *parcel, int64_t rows)
{
    int64_t *first = souk_alloc_array((size_t)rows, sizeof *first);
    for (int64_t r = 0; r < rows && first; r++)
        first[r] = -1;
    for (int64_t i = parcel->count - 1; i >= 0 && first; i--)
        first[parcel->row[i]] = i;
    return first;
}

static souk_status fill_numbers(struct souk_attribute *a, const struct souk_parcel *parcel, int c,
                                const int64_t *first, int64_t rows)
{
    a->numbers = souk_alloc_array((size_t)rows, sizeof *a->numbers);
    for (int64_t r = 0; r < rows && a->numbers; r++) {
        const char *text;
        uint32_t len;
        a->numbers[r] = NAN;
        if (first[r] < 0)
            continue;
        find_field(parcel->payload[first[r]], c, &text, &len);
        if (!souk_parse_decimal(text, len, &a->numbers[r]))
            a->numbers[r] = NAN;
    }
    return a->numbers ? SOUK_OK : SOUK_ENOMEM;
}

static souk_status fill_texts(struct souk_attribute *a, const struct souk_parcel *parcel, int c,
                              const int64_t *first, int64_t rows)
{
    const char *text;
    uint32_t len;
    a->text_offsets = souk_zalloc_array((size_t)rows + 1, sizeof *a->text_offsets);
    for (int64_t r = 0; r < rows && a->text_offsets; r++) {
        len = 0;
        if (first[r] >= 0)
            find_field(parcel->payload[first[r]], c, &text, &len);
        a->text_offsets[r + 1] = a->text_offsets[r] + len;
    }
    if (!a->text_offsets || !(a->text_bytes = souk_alloc_array((size_t)a->text_offsets[rows], 1)))
        return SOUK_ENOMEM;
    for (int64_t r = 0; r < rows; r++) {
        if (first[r] < 0)
            continue;
        find_field(parcel->payload[first[r]], c, &text, &len);
        memcpy(a->text_bytes + a->text_offsets[r], text, len);
    }
    return SOUK_OK;
}

static souk_status fill_columns(const struct souk_attribute_table *t,
                                const struct souk_parcel *parcel, int64_t rows,
                                struct souk_attribute *columns)
{
    int64_t *first = first_rows(parcel, rows);
    souk_status status = first ? SOUK_OK : SOUK_ENOMEM;
    for (int c = 0; c < t->count && !status; c++) {
        columns[c] = t->columns[c];
        status = columns[c].type == SOUK_ATTRIBUTE_NUMBER
                     ? fill_numbers(&columns[c], parcel, c, first, rows)
                     : fill_texts(&columns[c], parcel, c, first, rows);
    }
    free(first);
    return status;
}

souk_status souk_attribute_table_deliver_all(const struct souk_comm *comm,
                                             const struct souk_attribute_table *t,
                                             const struct souk_numbering *n, int round,
                                             int64_t rows, struct souk_attribute **out,
                                             struct souk_error *err)
{
    struct souk_parcel parcel = {0};
    souk_status status = souk_sidetable_deliver_all(comm, &t->table, n, round, &parcel, err);
    *out = NULL;
    if (status)
        return status;
    *out = souk_zalloc_array((size_t)t->count, sizeof **out);
    status = *out ? fill_columns(t, &parcel, rows, *out) : SOUK_ENOMEM;
    if (status)
        souk_fail(err, status, "%s: no memory for a part's attributes", t->file);
    souk_parcel_fini(&parcel);
    return souk_status_agree_all(comm, status, err);
}
