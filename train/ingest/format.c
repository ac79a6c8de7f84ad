#include "train/ingest/format.h"

souk_status souk_layout_bind(const struct souk_format *format, const struct souk_source *source,
                             struct souk_layout *layout, struct souk_error *err)
{
    layout->column_count = source->column_count;
    for (int role = 0; role < SOUK_ROLES; role++) {
        const char *name = format->column[role];
        layout->column[role] = name ? souk_source_column(source, name) : -1;
        if (name && layout->column[role] < 0 && !(format->optional >> role & 1))
            return souk_fail(err, SOUK_EFORMAT,
                             "%s:1: no column '%s' in the header, which format %s needs",
                             source->path, name, format->name);
    }
    return SOUK_OK;
}

unsigned souk_format_read(const struct souk_reading *how, const struct souk_record *record,
                          struct souk_event_row *row)
{
    *row = (struct souk_event_row){0};
    if (record->open_quote)
        return 1U << SOUK_REJECT_OPEN_QUOTE;
    if (record->count != how->layout.column_count)
        return 1U << SOUK_REJECT_FIELDS;
    return how->format->read(how, record->fields, row);
}
