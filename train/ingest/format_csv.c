#include "train/ingest/format.h"

/* Any file; only user and item are sure to have a column. */
static unsigned read_row(const struct souk_reading *how, const struct souk_csv_field *fields,
                         struct souk_event_row *row)
{
    const int *column = how->layout.column;
    const int time = column[SOUK_ROLE_TIME], event = column[SOUK_ROLE_EVENT];
    const int value = column[SOUK_ROLE_VALUE], order = column[SOUK_ROLE_ORDER];

    row->user = fields[column[SOUK_ROLE_USER]];
    row->item = fields[column[SOUK_ROLE_ITEM]];
    if (order >= 0)
        row->order = fields[order];
    if (column[SOUK_ROLE_EVENT_ID] >= 0)
        row->event_id = fields[column[SOUK_ROLE_EVENT_ID]];
    if (time >= 0 &&
        !souk_parse_time(fields[time].text, fields[time].len, how->time_unit, &row->time_ms)) {
        row->fault = fields[time];
        return 1U << SOUK_REJECT_BAD_TIME;
    }
    if (event >= 0) {
        const int type = souk_event_types_find(how->types, fields[event].text, fields[event].len);
        if (type < 0) {
            row->fault = fields[event];
            return 1U << SOUK_REJECT_BAD_EVENT;
        }
        row->type = (uint8_t)type;
    }
    /* An empty value is none: only some events of a log have a price. */
    if (value >= 0 && fields[value].len &&
        !souk_parse_decimal(fields[value].text, fields[value].len, &row->value)) {
        row->fault = fields[value];
        return 1U << SOUK_REJECT_BAD_NUMBER;
    }
    return 0;
}

const struct souk_format souk_format_csv = {
    .name = "csv",
    .column =
        {[SOUK_ROLE_USER] = "user", [SOUK_ROLE_ITEM] = "item", [SOUK_ROLE_TIME] = "timestamp"},
    .event_weights = "view=1,addtocart=4,transaction=8",
    .open_types = true,
    .time_unit = SOUK_TIME_UNIT_AUTO,
    .weighting = SOUK_WEIGHT_EVENTS,
    .read = read_row,
};
