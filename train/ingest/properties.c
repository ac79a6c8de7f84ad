#include "train/ingest/properties.h"

#include "shared/base/memory.h"
#include "train/ingest/fieldtext.h"
#include "train/ingest/source.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMN_TIME, COLUMN_ITEM, COLUMN_PROPERTY, COLUMN_VALUE, COLUMNS };

static const char *const column_names[COLUMNS] = {"timestamp", "itemid", "property", "value"};

/* Before the value in a payload. */
struct payload_head {
    int64_t time_ms;
    int32_t property; /* the reading rank's index, then the code */
} __attribute__((packed));

/* Take one record in, or note why not. */
static souk_status take_record(struct souk_property_log *log, struct souk_dictionary *items,
                               const int *column, int column_count,
                               const struct souk_record *record, struct souk_error *err)
{
    const struct souk_csv_field *f = record->fields;
    int64_t time_ms = 0;
    souk_lidx item = -1;
    unsigned reasons = 0;
    log->rejects.rows++;
    if (record->count != column_count)
        reasons |= 1u << SOUK_REJECT_FIELDS;
    else if (record->open_quote)
        reasons |= 1u << SOUK_REJECT_OPEN_QUOTE;
    else if (!souk_id_is_valid(f[column[COLUMN_ITEM]].text, f[column[COLUMN_ITEM]].len))
        reasons |= 1u << SOUK_REJECT_BAD_ITEM;
    else if (!souk_parse_time(f[column[COLUMN_TIME]].text, f[column[COLUMN_TIME]].len,
                              SOUK_TIME_UNIT_MS, &time_ms))
        reasons |= 1u << SOUK_REJECT_BAD_TIME;
    else if (f[column[COLUMN_PROPERTY]].len > SOUK_NAME_MAX_BYTES ||
             !souk_id_is_valid(f[column[COLUMN_PROPERTY]].text, f[column[COLUMN_PROPERTY]].len))
        reasons |= 1u << SOUK_REJECT_BAD_PROPERTY;
    if (reasons) {
        souk_rejects_note(&log->rejects, reasons, record->line, f[0].text, f[0].len);
        return SOUK_OK;
    }
    souk_lidx property = -1;
    souk_status status = souk_dictionary_add(items, f[column[COLUMN_ITEM]].text,
                                             f[column[COLUMN_ITEM]].len, &item, err);
    if (!status)
        status = souk_dictionary_add(&log->names, f[column[COLUMN_PROPERTY]].text,
                                     f[column[COLUMN_PROPERTY]].len, &property, err);
    const struct payload_head head = {time_ms, property};
    if (!status)
        status = souk_sidetable_add(&log->table, item, &head, sizeof head,
                                    f[column[COLUMN_VALUE]].text, f[column[COLUMN_VALUE]].len, err);
    return status;
}

static souk_status find_columns(const struct souk_source *source, int *column,
                                struct souk_error *err)
{
    for (int c = 0; c < COLUMNS; c++) {
        column[c] = souk_source_column(source, column_names[c]);
        if (column[c] < 0)
            return souk_fail(err, SOUK_EFORMAT, "%s:1: no column '%s' in the header", source->path,
                             column_names[c]);
    }
    return SOUK_OK;
}

static souk_status read_records(struct souk_property_log *log, struct souk_dictionary *items,
                                const int *column, struct souk_source *source,
                                struct souk_error *err)
{
    struct souk_record *record = souk_alloc_array(1, sizeof *record);
    bool more = true;
    souk_status status = record ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory");
    while (!status) {
        status = souk_source_next(source, record, &more, err);
        if (status || !more)
            break;
        status = take_record(log, items, column, source->column_count, record, err);
    }
    free(record);
    return status;
}

static souk_status read_file_all(const struct souk_comm *comm, const char *path,
                                 struct souk_dictionary *items, struct souk_property_log *log,
                                 struct souk_error *err)
{
    struct souk_source source = {0};
    int column[COLUMNS];
    int64_t line_base = 0;
    souk_status status = souk_source_open_all(comm, path, ',', true, &source, err);
    if (status)
        return status;
    status = find_columns(&source, column, err);
    if (!status)
        status = read_records(log, items, column, &source, err);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_source_close_all(comm, &source, &line_base, err);
    if (status)
        souk_source_fini(&source);
    else
        souk_rejects_next_file(&log->rejects, line_base);
    return status;
}

/* ---- names ---- */

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, SOUK_NAME_MAX_BYTES + 1);
}

/* All ranks' names, sorted, each once; and what each of this rank's names is called there. */
static souk_status agree_names_all(const struct souk_comm *comm, struct souk_property_log *log,
                                   struct souk_error *err)
{
    typedef char name_row[SOUK_NAME_MAX_BYTES + 1];
    const size_t mine = log->names.count;
    name_row *rows = souk_zalloc_array(mine, sizeof *rows), *all = NULL;
    int64_t *counts = souk_zalloc_array((size_t)comm->size, sizeof *counts), total = 0, kept = 0;
    void *gathered = NULL;
    souk_status status = rows && counts ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory");
    status = souk_status_agree_all(comm, status, err);
    if (status)
        goto out;
    for (size_t i = 0; i < mine; i++) {
        size_t len = 0;
        const char *text = souk_dictionary_text(&log->names, (souk_lidx)i, &len);
        memcpy(rows[i], text, len);
    }
    status = souk_gather_all(comm, rows, (int64_t)mine, sizeof *rows, &gathered, counts, err);
    if (status)
        goto out;
    all = gathered;
    for (int r = 0; r < comm->size; r++)
        total += counts[r];
    qsort(all, (size_t)total, sizeof *all, by_bytes);
    for (int64_t i = 0; i < total; i++)
        if (kept == 0 || by_bytes(all[i], all[kept - 1]) != 0)
            memmove(all[kept++], all[i], sizeof *all);
    log->property_names = souk_zalloc_array((size_t)kept, sizeof *log->property_names);
    log->code = souk_alloc_array(mine, sizeof *log->code);
    if (!log->property_names || !log->code)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %lld property names", (long long)kept);
    for (int64_t i = 0; i < kept && !status; i++) {
        log->property_names[i] = souk_strndup(all[i], strlen(all[i]));
        if (!log->property_names[i])
            status = souk_fail(err, SOUK_ENOMEM, "no memory for the property names");
        log->name_count = (int)i + 1;
    }
    for (size_t i = 0; i < mine && !status; i++)
        log->code[i] =
            (int32_t)((name_row *)bsearch(rows[i], all, (size_t)kept, sizeof *all, by_bytes) - all);
    status = souk_status_agree_all(comm, status, err);
out:
    free(rows);
    free(counts);
    free(gathered);
    return status;
}

/* The codes are the same everywhere: put them into the payloads. */
static void recode(struct souk_property_log *log)
{
    for (size_t i = 0; i < log->table.count; i++) {
        struct payload_head head;
        char *payload = log->table.bytes + log->table.offset[i];
        memcpy(&head, payload, sizeof head);
        head.property = log->code[head.property];
        memcpy(payload, &head, sizeof head);
    }
}

souk_status souk_property_log_read_all(const struct souk_comm *comm, const char *const *files,
                                       int file_count, struct souk_dictionary *items,
                                       struct souk_property_log *log, struct souk_error *err)
{
    souk_status status;
    *log = (struct souk_property_log){0};
    souk_rejects_init(&log->rejects, "properties", files);
    status = souk_status_agree_all(comm, souk_dictionary_init(&log->names, "property", err), err);
    for (int i = 0; i < file_count && !status; i++)
        status = read_file_all(comm, files[i], items, log, err);
    if (!status)
        status = souk_rejects_sum_all(comm, &log->rejects, err);
    if (!status)
        status = agree_names_all(comm, log, err);
    if (!status)
        recode(log);
    return status;
}

void souk_property_log_fini(struct souk_property_log *log)
{
    for (int i = 0; i < log->name_count; i++)
        free(log->property_names[i]);
    free(log->property_names);
    free(log->code);
    souk_dictionary_fini(&log->names);
    souk_sidetable_fini(&log->table);
    *log = (struct souk_property_log){0};
}

/* ---- a part ---- */

struct entry {
    int64_t item, time_ms;
    int32_t property;
    uint32_t len;
    const char *value;
};

static int compare_values(const struct entry *a, const struct entry *b)
{
    const uint32_t shorter = a->len < b->len ? a->len : b->len;
    const int order = shorter > 0 ? memcmp(a->value, b->value, shorter) : 0;
    return order ? order : a->len < b->len ? -1 : a->len > b->len;
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->item != y->item)
        return x->item < y->item ? -1 : 1;
    if (x->property != y->property)
        return x->property < y->property ? -1 : 1;
    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    return compare_values(x, y);
}

/* Keep an entry where its value is not the one before it of the same item and property. */
static int64_t drop_unchanged(struct entry *entries, int64_t count, uint64_t *bytes)
{
    int64_t kept = 0;
    *bytes = 0;
    for (int64_t i = 0; i < count; i++) {
        const struct entry *last = kept > 0 ? &entries[kept - 1] : NULL;
        if (last && last->item == entries[i].item && last->property == entries[i].property &&
            compare_values(last, &entries[i]) == 0)
            continue;
        *bytes += entries[i].len;
        entries[kept++] = entries[i];
    }
    return kept;
}

static souk_status fill_properties(const struct entry *entries, int64_t count, uint64_t bytes,
                                   int64_t items, struct souk_properties *out,
                                   struct souk_error *err)
{
    uint64_t at = 0;
    out->count = count;
    out->item_offsets = souk_zalloc_array((size_t)items + 1, sizeof *out->item_offsets);
    out->property = souk_alloc_array((size_t)count, sizeof *out->property);
    out->time_ms = souk_alloc_array((size_t)count, sizeof *out->time_ms);
    out->value_offsets = souk_zalloc_array((size_t)count + 1, sizeof *out->value_offsets);
    out->value_bytes = souk_alloc_array(bytes, 1);
    if (!out->item_offsets || !out->property || !out->time_ms || !out->value_offsets ||
        !out->value_bytes)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %lld properties", (long long)count);
    for (int64_t i = 0; i < count; i++) {
        out->item_offsets[entries[i].item + 1]++;
        out->property[i] = entries[i].property;
        out->time_ms[i] = entries[i].time_ms;
        memcpy(out->value_bytes + at, entries[i].value, entries[i].len);
        at += entries[i].len;
        out->value_offsets[i + 1] = (int64_t)at;
    }
    for (int64_t i = 0; i < items; i++)
        out->item_offsets[i + 1] += out->item_offsets[i];
    return SOUK_OK;
}

souk_status souk_property_log_deliver_all(const struct souk_comm *comm,
                                          struct souk_property_log *log,
                                          const struct souk_numbering *n, int round, int64_t items,
                                          struct souk_properties *out, struct souk_error *err)
{
    struct souk_parcel parcel = {0};
    struct entry *entries = NULL;
    uint64_t bytes = 0;
    int64_t kept = 0;
    souk_status status = souk_sidetable_deliver_all(comm, &log->table, n, round, &parcel, err);
    if (status)
        return status;
    entries = souk_alloc_array((size_t)parcel.count, sizeof *entries);
    if (!entries)
        status =
            souk_fail(err, SOUK_ENOMEM, "no memory for %lld properties", (long long)parcel.count);
    for (int64_t i = 0; i < parcel.count && !status; i++) {
        struct payload_head head;
        memcpy(&head, parcel.payload[i], sizeof head);
        entries[i] =
            (struct entry){parcel.row[i], head.time_ms, head.property,
                           parcel.len[i] - (uint32_t)sizeof head, parcel.payload[i] + sizeof head};
    }
    if (!status) {
        qsort(entries, (size_t)parcel.count, sizeof *entries, compare_entries);
        kept = drop_unchanged(entries, parcel.count, &bytes);
        log->unchanged += parcel.count - kept;
        status = fill_properties(entries, kept, bytes, items, out, err);
    }
    free(entries);
    souk_parcel_fini(&parcel);
    return souk_status_agree_all(comm, status, err);
}
