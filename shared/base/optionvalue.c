#include "shared/base/optionvalue.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A bound from here on means that there is none; tables write it because a row needs both. */
static const double UNBOUNDED = 1e15;

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit count_units[] = {
    {"k", 1000}, {"K", 1000}, {"M", 1000000}, {"G", 1000000000}, {NULL, 0}};

static const struct unit byte_units[] = {{"T", INT64_C(1) << 40}, {"G", INT64_C(1) << 30},
                                         {"M", INT64_C(1) << 20}, {"K", INT64_C(1) << 10},
                                         {"k", INT64_C(1) << 10}, {NULL, 0}};

static const struct unit duration_units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000},
                                             {"s", 1000},     {"ms", 1},      {NULL, 0}};

/* Decimal digits with an optional minus; *rest is what follows them. */
static bool scan_integer(const char *text, int64_t *value, const char **rest)
{
    const bool negative = text[0] == '-';
    const char *digit = text + negative;
    int64_t v = 0;
    if (*digit < '0' || *digit > '9')
        return false;
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        const int d = *digit - '0';
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, negative ? -d : d, &v))
            return false;
    }
    *value = v;
    *rest = digit;
    return true;
}

static bool scale(const struct unit *units, const char *name, size_t len, int64_t *value)
{
    for (; units->name; units++)
        if (strlen(units->name) == len && memcmp(units->name, name, len) == 0)
            return !__builtin_mul_overflow(*value, units->factor, value);
    return false;
}

static bool parse_count(const char *text, int64_t *value)
{
    const char *rest;
    return scan_integer(text, value, &rest) &&
           (*rest == '\0' || scale(count_units, rest, strlen(rest), value));
}

static bool parse_bytes(const char *text, int64_t *value)
{
    const char *rest;
    if (!scan_integer(text, value, &rest))
        return false;
    size_t len = strlen(rest);
    if (len > 2 && strcmp(rest + len - 2, "iB") == 0)
        len -= 2;
    else if (len > 0 && rest[len - 1] == 'B')
        len--;
    return len == 0 || scale(byte_units, rest, len, value);
}

static bool parse_duration(const char *text, int64_t *value)
{
    const char *rest;
    if (strcmp(text, "none") == 0) {
        *value = -1;
        return true;
    }
    if (!scan_integer(text, value, &rest) || *value < 0)
        return false;
    return (*value == 0 && *rest == '\0') || scale(duration_units, rest, strlen(rest), value);
}

static bool parse_real(const char *text, double *value)
{
    char *end;
    if (strchr("0123456789+-.", text[0]) == NULL || text[0] == '\0')
        return false;
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value);
}

static bool parse_flag(const char *text, bool *value)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    for (int i = 0; i < (int)(sizeof words / sizeof *words); i++)
        if (strcmp(text, words[i]) == 0) {
            *value = i % 2 == 1;
            return true;
        }
    return false;
}

size_t souk_option_choice(const struct souk_option *option, int index, const char **choice)
{
    const char *start = option->choices;
    for (int i = 0; start && i < index; i++) {
        start = strchr(start, '|');
        start = start ? start + 1 : NULL;
    }
    *choice = start;
    return start ? strcspn(start, "|") : 0;
}

static bool parse_choice(const struct souk_option *option, const char *text, int *value)
{
    const char *choice;
    size_t len;
    for (int i = 0; (len = souk_option_choice(option, i, &choice)) > 0; i++)
        if (strlen(text) == len && memcmp(text, choice, len) == 0) {
            *value = i;
            return true;
        }
    return false;
}

static bool has_range(const struct souk_option *option)
{
    return option->min != 0 || option->max != 0;
}

static bool in_range(const struct souk_option *option, double value)
{
    return !has_range(option) || (value >= option->min && value <= option->max);
}

bool souk_option_duration(const char *text, int64_t *ms)
{
    return parse_duration(text, ms);
}

bool souk_option_value_parse(const struct souk_option *option, const char *text,
                             union souk_option_value *value)
{
    switch (option->type) {
    case SOUK_OPTION_FLAG:
        return parse_flag(text, &value->flag);
    case SOUK_OPTION_INT:
        return parse_count(text, &value->integer) && in_range(option, (double)value->integer);
    case SOUK_OPTION_REAL:
        return parse_real(text, &value->real) && in_range(option, value->real);
    case SOUK_OPTION_TEXT:
        value->text = text;
        return true;
    case SOUK_OPTION_CHOICE:
        return parse_choice(option, text, &value->choice);
    case SOUK_OPTION_BYTES:
        return parse_bytes(text, &value->integer) && value->integer >= 0 &&
               in_range(option, (double)value->integer);
    case SOUK_OPTION_DURATION:
        return parse_duration(text, &value->integer) &&
               (value->integer == -1 || in_range(option, (double)value->integer));
    }
    return false;
}

/* In the largest unit that divides it. */
static void format_scaled(const struct unit *units, int64_t value, char *text, size_t size)
{
    for (; units->name; units++)
        if (value != 0 && value % units->factor == 0) {
            snprintf(text, size, "%lld%s", (long long)(value / units->factor), units->name);
            return;
        }
    snprintf(text, size, "%lld", (long long)value);
}

static void format_real(double value, char *text, size_t size)
{
    snprintf(text, size, "%.15g", value);
    if (strtod(text, NULL) != value)
        snprintf(text, size, "%.17g", value);
}

static void format_bound(const struct souk_option *option, double bound, char *text, size_t size)
{
    if (option->type == SOUK_OPTION_DURATION)
        format_scaled(duration_units, (int64_t)bound, text, size);
    else if (option->type == SOUK_OPTION_BYTES)
        format_scaled(byte_units, (int64_t)bound, text, size);
    else
        format_real(bound, text, size);
}

void souk_option_range_format(const struct souk_option *option, char *text, size_t size)
{
    char min[SOUK_OPTION_VALUE_TEXT], max[SOUK_OPTION_VALUE_TEXT];
    text[0] = '\0';
    if (!has_range(option))
        return;
    format_bound(option, option->min, min, sizeof min);
    format_bound(option, option->max, max, sizeof max);
    if (option->max >= UNBOUNDED)
        snprintf(text, size, "at least %s", min);
    else
        snprintf(text, size, "from %s to %s", min, max);
}

void souk_option_value_describe(const struct souk_option *option, char *text, size_t size)
{
    static const char *const kinds[] = {
        [SOUK_OPTION_FLAG] = "true or false",
        [SOUK_OPTION_INT] = "a whole number",
        [SOUK_OPTION_REAL] = "a finite number",
        [SOUK_OPTION_TEXT] = "text",
        [SOUK_OPTION_CHOICE] = "one of",
        [SOUK_OPTION_BYTES] = "a size such as 512M or 2G",
        [SOUK_OPTION_DURATION] = "a duration such as 250ms, 30s, 12h, 7d or none",
    };
    char range[2 * SOUK_OPTION_VALUE_TEXT + 16];
    souk_option_range_format(option, range, sizeof range);
    const char *detail = option->type == SOUK_OPTION_CHOICE ? option->choices : range;
    const char *comma = detail == range && option->type >= SOUK_OPTION_BYTES && *range ? "," : "";
    snprintf(text, size, "%s%s%s%s", kinds[option->type], comma, *detail ? " " : "", detail);
}

const char *souk_option_value_format(const struct souk_option *option,
                                     const union souk_option_value *value, char *buffer)
{
    const size_t size = SOUK_OPTION_VALUE_TEXT;
    const char *choice;
    size_t len;
    buffer[0] = '\0';
    switch (option->type) {
    case SOUK_OPTION_FLAG:
        return value->flag ? "true" : "false";
    case SOUK_OPTION_INT:
        snprintf(buffer, size, "%lld", (long long)value->integer);
        break;
    case SOUK_OPTION_REAL:
        format_real(value->real, buffer, size);
        break;
    case SOUK_OPTION_TEXT:
        return value->text ? value->text : "";
    case SOUK_OPTION_CHOICE:
        len = souk_option_choice(option, value->choice, &choice);
        snprintf(buffer, size, "%.*s", (int)len, len ? choice : "");
        break;
    case SOUK_OPTION_BYTES:
        format_scaled(byte_units, value->integer, buffer, size);
        break;
    case SOUK_OPTION_DURATION:
        if (value->integer < 0)
            return "none";
        format_scaled(duration_units, value->integer, buffer, size);
        break;
    }
    return buffer;
}

void souk_option_value_store(const struct souk_option *option, const union souk_option_value *value)
{
    switch (option->type) {
    case SOUK_OPTION_FLAG:
        *(bool *)option->target = value->flag;
        break;
    case SOUK_OPTION_INT:
    case SOUK_OPTION_BYTES:
    case SOUK_OPTION_DURATION:
        *(int64_t *)option->target = value->integer;
        break;
    case SOUK_OPTION_REAL:
        *(double *)option->target = value->real;
        break;
    case SOUK_OPTION_TEXT:
        *(const char **)option->target = value->text;
        break;
    case SOUK_OPTION_CHOICE:
        *(int *)option->target = value->choice;
        break;
    }
}

void souk_option_value_load(const struct souk_option *option, union souk_option_value *value)
{
    switch (option->type) {
    case SOUK_OPTION_FLAG:
        value->flag = *(const bool *)option->target;
        break;
    case SOUK_OPTION_INT:
    case SOUK_OPTION_BYTES:
    case SOUK_OPTION_DURATION:
        value->integer = *(const int64_t *)option->target;
        break;
    case SOUK_OPTION_REAL:
        value->real = *(const double *)option->target;
        break;
    case SOUK_OPTION_TEXT:
        value->text = *(const char *const *)option->target;
        break;
    case SOUK_OPTION_CHOICE:
        value->choice = *(const int *)option->target;
        break;
    }
}
