#include "train/ingest/format.h"

#include "shared/base/clock.h"

#include <stdio.h>
#include <string.h>

/* `17850.0` is how a table with gaps writes customer 17850. */
static struct souk_csv_field customer_id(struct souk_csv_field text)
{
    if (text.len > 2 && memcmp(text.text + text.len - 2, ".0", 2) == 0)
        text.len -= 2;
    return text;
}

/* `2010-12-01 08:26:00`, or `12/1/2010 8:26` as a spreadsheet exports it. */
static bool invoice_time(struct souk_csv_field text, enum souk_time_unit unit, int64_t *ms)
{
    char copy[24], iso[32];
    int month, day, year, hour, minute, end = 0;
    if (souk_parse_time(text.text, text.len, unit, ms))
        return true;
    if (text.len >= sizeof copy)
        return false;
    memcpy(copy, text.text, text.len);
    copy[text.len] = '\0';
    if (sscanf(copy, "%2d/%2d/%4d %2d:%2d%n", &month, &day, &year, &hour, &minute, &end) != 5 ||
        copy[end] != '\0')
        return false;
    const int len =
        snprintf(iso, sizeof iso, "%04d-%02d-%02d %02d:%02d", year, month, day, hour, minute);
    return souk_time_parse(iso, (size_t)len, ms);
}

/* A row of an invoice. All of the format's own reasons are looked at, so that each can be counted
 * over all rows; a cell that cannot be read counts after them. */
static unsigned read_row(const struct souk_reading *how, const struct souk_csv_field *fields,
                         struct souk_event_row *row)
{
    const int *column = how->layout.column;
    const struct souk_csv_field quantity = fields[column[SOUK_ROLE_QUANTITY]];
    const struct souk_csv_field price = fields[column[SOUK_ROLE_PRICE]];
    const struct souk_csv_field time = fields[column[SOUK_ROLE_TIME]];
    double pieces = 0, each = 0;
    unsigned reasons = 0;

    row->user = customer_id(fields[column[SOUK_ROLE_USER]]);
    row->item = fields[column[SOUK_ROLE_ITEM]];
    row->order = fields[column[SOUK_ROLE_ORDER]];
    if (row->user.len == 0)
        reasons |= 1U << SOUK_REJECT_NO_CUSTOMER;
    if (row->order.len && row->order.text[0] == 'C')
        reasons |= 1U << SOUK_REJECT_CANCELLATION;
    if (!souk_parse_decimal(quantity.text, quantity.len, &pieces)) {
        reasons |= 1U << SOUK_REJECT_BAD_NUMBER;
        row->fault = quantity;
    } else if (pieces <= 0) {
        reasons |= 1U << SOUK_REJECT_QUANTITY;
    }
    if (!souk_parse_decimal(price.text, price.len, &each)) {
        reasons |= 1U << SOUK_REJECT_BAD_NUMBER;
        row->fault = price;
    } else if (each <= 0) {
        reasons |= 1U << SOUK_REJECT_PRICE;
    }
    if (!invoice_time(time, how->time_unit, &row->time_ms)) {
        reasons |= 1U << SOUK_REJECT_BAD_TIME;
        row->fault = time;
    }
    row->value = pieces * each;
    return reasons;
}

const struct souk_format souk_format_onlineretail = {
    .name = "online-retail",
    .column = {[SOUK_ROLE_USER] = "CustomerID",
               [SOUK_ROLE_ITEM] = "StockCode",
               [SOUK_ROLE_TIME] = "InvoiceDate",
               [SOUK_ROLE_ORDER] = "InvoiceNo",
               [SOUK_ROLE_QUANTITY] = "Quantity",
               [SOUK_ROLE_PRICE] = "UnitPrice"},
    .event_weights = "transaction=1",
    .time_unit = SOUK_TIME_UNIT_AUTO,
    .weighting = SOUK_WEIGHT_ORDERS,
    .read = read_row,
};
