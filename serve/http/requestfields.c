#include "serve/http/requestfields.h"

#include "shared/base/clock.h"
#include "shared/data/idtable.h"
#include "shared/wire/eventfields.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool fail(struct souk_field_fault *fault, const char *fmt, ...) SOUK_PRINTF(2, 3);
static bool fail(struct souk_field_fault *fault, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(fault->text, sizeof fault->text, fmt, ap);
    va_end(ap);
    return false;
}

/* The fault was found in something that stands in `name`. */
static bool fail_inside(struct souk_field_fault *fault, const char *name)
{
    char inner[sizeof fault->field];
    memcpy(inner, fault->field, sizeof inner);
    const char *const joint = inner[0] && inner[0] != '[' ? "." : "";
    if (snprintf(fault->field, sizeof fault->field, "%.60s%s%s", name, joint, inner) < 0)
        fault->field[0] = '\0';
    return false;
}

/* ---- values ---- */

static bool write_text(const struct souk_field *f, json_t *value, struct souk_writer *w,
                       struct souk_field_fault *fault)
{
    const char *const text = json_string_value(value);
    const size_t len = json_string_length(value);
    if (!text || (double)len < f->min || (double)len > f->max)
        return fail(fault, "must be a text of %.0f to %.0f bytes", f->min, f->max);
    souk_writer_text(w, text, len);
    return true;
}

static bool write_id(json_t *value, struct souk_writer *w, struct souk_field_fault *fault)
{
    const char *const text = json_string_value(value);
    if (!text || !souk_id_is_valid(text, json_string_length(value)))
        return fail(fault, "must be a text of 1 to %d bytes without control characters",
                    SOUK_ID_MAX_BYTES);
    souk_writer_text(w, text, json_string_length(value));
    return true;
}

static bool write_int(const struct souk_field *f, json_t *value, struct souk_writer *w,
                      struct souk_field_fault *fault)
{
    const double number = json_number_value(value);
    if (!json_is_number(value) || number != floor(number) || number < f->min || number > f->max)
        return fail(fault, "must be a whole number from %.0f to %.0f", f->min, f->max);
    souk_writer_int(w, json_is_integer(value) ? json_integer_value(value) : (int64_t)number);
    return true;
}

static bool write_number(const struct souk_field *f, json_t *value, struct souk_writer *w,
                         struct souk_field_fault *fault)
{
    const double number = json_number_value(value);
    if (!json_is_number(value) || number < f->min || number > f->max ||
        (f->is_open && number >= f->max))
        return fail(fault, "must be a number from %g to %s%g", f->min, f->is_open ? "below " : "",
                    f->max);
    souk_writer_real(w, number);
    return true;
}

static bool write_time(json_t *value, struct souk_writer *w, struct souk_field_fault *fault)
{
    int64_t ms = json_is_integer(value) ? json_integer_value(value) : -1;
    if (json_is_string(value) &&
        !souk_time_of_text(json_string_value(value), json_string_length(value), &ms))
        ms = -1;
    if (ms < 0 || ms > SOUK_WIRE_MOMENT_MAX)
        return fail(fault, "must be milliseconds since 1970, or a time such as "
                           "2026-11-26T12:00:00Z, up to the year 9999");
    souk_writer_int(w, ms);
    return true;
}

static bool write_map(const struct souk_field *table, json_t *value, struct souk_writer *w,
                      struct souk_field_fault *fault)
{
    if (!json_is_object(value))
        return fail(fault, "must be an object");
    souk_writer_map(w, souk_fields_count(table, value));
    return souk_fields_write(table, value, w, fault);
}

static bool write_list(const struct souk_field *f, json_t *value, struct souk_writer *w,
                       struct souk_field_fault *fault)
{
    const size_t count = json_array_size(value);
    if (!json_is_array(value) || (double)count < f->min || (double)count > f->max)
        return fail(fault, "must be a list of %.0f to %.0f %s", f->min, f->max,
                    f->inner ? "objects" : "ids");
    souk_writer_array(w, count);
    for (size_t i = 0; i < count; i++) {
        json_t *const entry = json_array_get(value, i);
        char name[32];
        if (f->inner ? write_map(f->inner, entry, w, fault) : write_id(entry, w, fault))
            continue;
        snprintf(name, sizeof name, "[%zu]", i);
        return fail_inside(fault, name);
    }
    return true;
}

static bool write_value(const struct souk_field *f, json_t *value, struct souk_writer *w,
                        struct souk_field_fault *fault)
{
    switch (f->type) {
    case SOUK_FIELD_ID:
        return write_id(value, w, fault);
    case SOUK_FIELD_TEXT:
        return write_text(f, value, w, fault);
    case SOUK_FIELD_INT:
        return write_int(f, value, w, fault);
    case SOUK_FIELD_NUMBER:
        return write_number(f, value, w, fault);
    case SOUK_FIELD_BOOL:
        if (!json_is_boolean(value))
            return fail(fault, "must be true or false");
        souk_writer_bool(w, json_is_true(value));
        return true;
    case SOUK_FIELD_TIME:
        return write_time(value, w, fault);
    case SOUK_FIELD_IDS:
    case SOUK_FIELD_LIST:
        return write_list(f, value, w, fault);
    case SOUK_FIELD_MAP:
        return write_map(f->inner, value, w, fault);
    }
    return fail(fault, "has no type");
}

/* ---- objects ---- */

const struct souk_field *souk_fields_find(const struct souk_field *table, const char *name,
                                          size_t len)
{
    for (const struct souk_field *f = table; f && f->name; f++)
        if (strlen(f->name) == len && memcmp(f->name, name, len) == 0)
            return f;
    return NULL;
}

static bool is_there(const struct souk_field *f, json_t *object)
{
    const json_t *const value = json_object_get(object, f->name);
    return value && !json_is_null(value);
}

size_t souk_fields_count(const struct souk_field *table, json_t *object)
{
    size_t count = 0;
    for (const struct souk_field *f = table; f && f->name; f++)
        count += is_there(f, object);
    return count;
}

static bool know_all(const struct souk_field *table, json_t *object, struct souk_field_fault *fault)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        if (souk_fields_find(table, name, strlen(name)))
            continue;
        snprintf(fault->field, sizeof fault->field, "%.64s", name);
        return fail(fault, "is not a field of this request");
    }
    return true;
}

bool souk_fields_write(const struct souk_field *table, json_t *object, struct souk_writer *w,
                       struct souk_field_fault *fault)
{
    fault->field[0] = '\0';
    if (!know_all(table, object, fault))
        return false;
    for (const struct souk_field *f = table; f && f->name; f++) {
        if (!is_there(f, object)) {
            if (!f->required)
                continue;
            fail(fault, "is missing");
            return fail_inside(fault, f->name);
        }
        souk_writer_key(w, f->wire);
        if (!write_value(f, json_object_get(object, f->name), w, fault))
            return fail_inside(fault, f->name);
    }
    return true;
}

/* ---- texts ---- */

json_t *souk_field_value(const struct souk_field *field, const char *text, size_t len)
{
    const enum souk_field_type type = field ? field->type : SOUK_FIELD_TEXT;
    char number[40], *end = number;
    if (type == SOUK_FIELD_BOOL && len == 4 && memcmp(text, "true", 4) == 0)
        return json_true();
    if (type == SOUK_FIELD_BOOL && len == 5 && memcmp(text, "false", 5) == 0)
        return json_false();
    if ((type == SOUK_FIELD_INT || type == SOUK_FIELD_NUMBER || type == SOUK_FIELD_TIME) &&
        len > 0 && len < sizeof number && strspn(text, "0123456789.eE+-") >= len) {
        memcpy(number, text, len);
        number[len] = '\0';
        const long long whole = strtoll(number, &end, 10);
        if (*end == '\0' && end > number && len < 19)
            return json_integer(whole);
        const double value = strtod(number, &end);
        if (*end == '\0' && isfinite(value))
            return json_real(value);
    }
    return json_stringn(text, len);
}

static bool take_digits(const char *text, int *value)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
        return false;
    *value = (text[0] - '0') * 10 + (text[1] - '0');
    return true;
}

bool souk_time_of_text(const char *text, size_t len, int64_t *ms)
{
    enum { OFFSET_BYTES = 6, SECONDS_BYTES = 19, WHOLE_MS_BYTES = 23, TEXT_MAX = 64 };
    char copy[TEXT_MAX];
    int hours = 0, minutes = 0;
    int64_t sign = 0;
    if (len > sizeof copy || len < SECONDS_BYTES)
        return false;
    if (text[len - 1] == 'Z' || text[len - 1] == 'z') {
        len--;
    } else {
        const char *const offset = text + len - OFFSET_BYTES;
        sign = offset[0] == '+' ? 1 : offset[0] == '-' ? -1 : 0;
        if (sign == 0 || offset[3] != ':' || !take_digits(offset + 1, &hours) ||
            !take_digits(offset + 4, &minutes) || hours > 23 || minutes > 59)
            return false;
        len -= OFFSET_BYTES;
    }
    if (len < SECONDS_BYTES || (len > SECONDS_BYTES && text[SECONDS_BYTES] != '.'))
        return false;
    for (size_t i = SECONDS_BYTES + 1; i < len; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    len = len > WHOLE_MS_BYTES ? WHOLE_MS_BYTES : len; /* finer than a millisecond */
    memcpy(copy, text, len);
    copy[10] = copy[10] == 't' ? 'T' : copy[10];
    if (!souk_time_parse(copy, len, ms))
        return false;
    *ms -= sign * (hours * INT64_C(60) + minutes) * 60000;
    return true;
}
