#include "train/ingest/format.h"

/* timestamp,visitorid,event,itemid,transactionid with times in ms; the last is empty but for
 * transactions. */
static unsigned read_row(const struct souk_reading *how, const struct souk_csv_field *fields,
                         struct souk_event_row *row)
{
    const int *column = how->layout.column;
    const struct souk_csv_field time = fields[column[SOUK_ROLE_TIME]];
    const struct souk_csv_field event = fields[column[SOUK_ROLE_EVENT]];

    row->user = fields[column[SOUK_ROLE_USER]];
    row->item = fields[column[SOUK_ROLE_ITEM]];
    row->order = fields[column[SOUK_ROLE_ORDER]];
    if (!souk_parse_time(time.text, time.len, how->time_unit, &row->time_ms)) {
        row->fault = time;
        return 1U << SOUK_REJECT_BAD_TIME;
    }
    const int type = souk_event_types_find(how->types, event.text, event.len);
    if (type < 0) {
        row->fault = event;
        return 1U << SOUK_REJECT_BAD_EVENT;
    }
    row->type = (uint8_t)type;
    return 0;
}

const struct souk_format souk_format_retailrocket = {
    .name = "retailrocket",
    .column = {[SOUK_ROLE_USER] = "visitorid",
               [SOUK_ROLE_ITEM] = "itemid",
               [SOUK_ROLE_TIME] = "timestamp",
               [SOUK_ROLE_EVENT] = "event",
               [SOUK_ROLE_ORDER] = "transactionid"},
    .event_weights = "view=1,addtocart=4,transaction=8",
    .time_unit = SOUK_TIME_UNIT_MS,
    .weighting = SOUK_WEIGHT_EVENTS,
    .read = read_row,
};
