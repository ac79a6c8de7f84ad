#include "shared/score/treefields.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_BYTES = 64 };

#define FIELD(name, type, size, required)                                                          \
    {                                                                                              \
#name, offsetof(struct souk_tree, name), SOUK_TREEFIELD_##type, SOUK_TREEFIELD_##size,     \
            required                                                                               \
    }

const struct souk_treefield souk_treefield[SOUK_TREEFIELDS] = {
    FIELD(split_feature, I32, NODES, true),       FIELD(split_gain, BRIEF, NODES, false),
    FIELD(threshold, REAL, NODES, true),          FIELD(decision_type, U8, NODES, true),
    FIELD(left_child, I32, NODES, true),          FIELD(right_child, I32, NODES, true),
    FIELD(leaf_value, REAL, LEAVES, true),        FIELD(leaf_weight, REAL, LEAVES, false),
    FIELD(leaf_count, I64, LEAVES, false),        FIELD(internal_value, BRIEF, NODES, false),
    FIELD(internal_weight, BRIEF, NODES, false),  FIELD(internal_count, I64, NODES, false),
    FIELD(cat_boundaries, I32, BOUNDARIES, true), FIELD(cat_threshold, U32, WORDS, true),
};

/* The field's array, whose element type the table names. */
static void *array_of(const struct souk_treefield *field, const struct souk_tree *t)
{
    void *array;
    memcpy(&array, (const char *)t + field->offset, sizeof array);
    return array;
}

size_t souk_treefield_count(const struct souk_treefield *field, const struct souk_tree *t)
{
    switch (field->size) {
    case SOUK_TREEFIELD_NODES:
        return (size_t)t->leaves - 1;
    case SOUK_TREEFIELD_LEAVES:
        return (size_t)t->leaves;
    case SOUK_TREEFIELD_BOUNDARIES:
        return t->cat_splits > 0 ? (size_t)t->cat_splits + 1 : 0;
    case SOUK_TREEFIELD_WORDS:
        break;
    }
    return (size_t)t->cat_boundaries[t->cat_splits];
}

static void print_element(const struct souk_treefield *field, const void *array, size_t i, FILE *to)
{
    switch (field->type) {
    case SOUK_TREEFIELD_U8:
        fprintf(to, "%d", ((const uint8_t *)array)[i]);
        break;
    case SOUK_TREEFIELD_I32:
        fprintf(to, "%d", ((const int32_t *)array)[i]);
        break;
    case SOUK_TREEFIELD_U32:
        fprintf(to, "%u", ((const uint32_t *)array)[i]);
        break;
    case SOUK_TREEFIELD_I64:
        fprintf(to, "%lld", (long long)((const int64_t *)array)[i]);
        break;
    case SOUK_TREEFIELD_REAL:
        fprintf(to, "%.17g", ((const double *)array)[i]);
        break;
    case SOUK_TREEFIELD_BRIEF:
        fprintf(to, "%g", ((const double *)array)[i]);
        break;
    }
}

void souk_treefield_print(const struct souk_treefield *field, const struct souk_tree *t, FILE *to)
{
    const void *array = array_of(field, t);
    const size_t count = souk_treefield_count(field, t);
    fprintf(to, "%s=", field->name);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            putc(' ', to);
        print_element(field, array, i, to);
    }
    putc('\n', to);
}

/* The number as a string of its own; false for what strtod() would take and the format has not:
 * blanks, hexadecimals, `nan`, `inf`. */
static bool copy_number(const char *text, size_t len, const char *allowed, char *number)
{
    if (len == 0 || len >= NUMBER_BYTES)
        return false;
    memcpy(number, text, len);
    number[len] = '\0';
    return strspn(number, allowed) == len;
}

bool souk_treefield_integer(const char *text, size_t len, int64_t low, int64_t high, int64_t *out)
{
    char number[NUMBER_BYTES], *end;
    const size_t sign = len > 0 && text[0] == '-';
    /* 18 digits fit 64 bits, so that nothing overflows. */
    if (len > 18 + sign || !copy_number(text, len, "-0123456789", number))
        return false;
    *out = strtoll(number, &end, 10);
    return *end == '\0' && *out >= low && *out <= high;
}

bool souk_treefield_real(const char *text, size_t len, double *out)
{
    char number[NUMBER_BYTES], *end;
    if (!copy_number(text, len, "+-.0123456789eE", number))
        return false;
    *out = strtod(number, &end);
    return *end == '\0' && isfinite(*out);
}

static bool parse_element(const struct souk_treefield *field, void *array, size_t i,
                          const char *text, size_t len)
{
    int64_t value = 0;
    switch (field->type) {
    case SOUK_TREEFIELD_U8:
        if (!souk_treefield_integer(text, len, 0, UINT8_MAX, &value))
            return false;
        ((uint8_t *)array)[i] = (uint8_t)value;
        return true;
    case SOUK_TREEFIELD_I32:
        if (!souk_treefield_integer(text, len, INT32_MIN, INT32_MAX, &value))
            return false;
        ((int32_t *)array)[i] = (int32_t)value;
        return true;
    case SOUK_TREEFIELD_U32:
        if (!souk_treefield_integer(text, len, 0, UINT32_MAX, &value))
            return false;
        ((uint32_t *)array)[i] = (uint32_t)value;
        return true;
    case SOUK_TREEFIELD_I64:
        return souk_treefield_integer(text, len, INT64_MIN, INT64_MAX, &((int64_t *)array)[i]);
    case SOUK_TREEFIELD_REAL:
    case SOUK_TREEFIELD_BRIEF:
        break;
    }
    return souk_treefield_real(text, len, &((double *)array)[i]);
}

souk_status souk_treefield_parse(const struct souk_treefield *field, struct souk_tree *t,
                                 const char *text, size_t len, struct souk_error *err)
{
    void *array = array_of(field, t);
    const size_t count = souk_treefield_count(field, t);
    const char *at = text, *end = text + len;
    size_t found = 0;
    for (;;) {
        while (at < end && *at == ' ')
            at++;
        if (at == end)
            break;
        const char *stop = memchr(at, ' ', (size_t)(end - at));
        if (!stop)
            stop = end;
        const int shown = stop - at > 32 ? 32 : (int)(stop - at);
        if (found < count && !parse_element(field, array, found, at, (size_t)(stop - at)))
            return souk_fail(err, SOUK_EFORMAT, "%s: '%.*s' is not a number that can stand there",
                             field->name, shown, at);
        found++;
        at = stop;
    }
    if (found != count)
        return souk_fail(err, SOUK_EFORMAT, "%s has %zu numbers, %zu are needed", field->name,
                         found, count);
    return SOUK_OK;
}
