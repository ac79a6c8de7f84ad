#include "train/tune/space.h"

#include "shared/base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool copy_text(char out[SOUK_DIMENSION_TEXT], const char *text, size_t len)
{
    if (len == 0 || len >= SOUK_DIMENSION_TEXT)
        return false;
    memcpy(out, text, len);
    out[len] = '\0';
    return true;
}

/* The letters behind a number; false: too many, or not those of the other end. */
static bool take_unit(const char **text, char unit[SOUK_DIMENSION_UNIT], bool is_second)
{
    const size_t len = strspn(*text, "abcdefghijklmnopqrstuvwxyz");
    const char *given = *text;
    *text += len;
    if (is_second)
        return strlen(unit) == len && memcmp(unit, given, len) == 0;
    if (len >= SOUK_DIMENSION_UNIT)
        return false;
    memcpy(unit, given, len);
    unit[len] = '\0';
    return true;
}

/* LO:HI, or with a unit LOd:HId */
static bool parse_range(const char *text, struct souk_dimension *d)
{
    char *end;
    d->low = strtod(text, &end);
    const char *at = end;
    if (end == text || !take_unit(&at, d->unit, false) || *at != ':')
        return false;
    const char *second = at + 1;
    d->high = strtod(second, &end);
    at = end;
    return end != second && take_unit(&at, d->unit, true) && *at == '\0' && isfinite(d->low) &&
           isfinite(d->high) && d->low < d->high && (d->scale != SOUK_SCALE_LOG || d->low > 0) &&
           (!d->whole || (floor(d->low) == d->low && floor(d->high) == d->high));
}

/* A|B|C */
static souk_status parse_choices(const char *text, struct souk_dimension *d, struct souk_error *err)
{
    const char *at = text;
    d->choices = souk_zalloc_array(SOUK_DIMENSION_CHOICES_MAX, sizeof *d->choices);
    if (!d->choices)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the values of '%s'", d->name);
    for (;;) {
        const size_t len = strcspn(at, "|");
        if (d->choice_count == SOUK_DIMENSION_CHOICES_MAX ||
            !copy_text(d->choices[d->choice_count], at, len))
            return souk_fail(err, SOUK_EUSAGE,
                             "--space: '%s=%s' is not a list of 1 to %d values of 1 to %d bytes",
                             d->name, text, SOUK_DIMENSION_CHOICES_MAX, SOUK_DIMENSION_TEXT - 1);
        d->choice_count++;
        at += len;
        if (*at++ == '\0')
            return SOUK_OK;
    }
}

static souk_status parse_value(const char *text, struct souk_dimension *d, struct souk_error *err)
{
    static const struct {
        const char *prefix;
        enum souk_scale scale;
        bool whole;
    } kinds[] = {{"log:", SOUK_SCALE_LOG, false},
                 {"int:", SOUK_SCALE_LINEAR, true},
                 {"logint:", SOUK_SCALE_LOG, true}};
    const char *range = text;
    d->scale = SOUK_SCALE_LINEAR;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const size_t len = strlen(kinds[i].prefix);
        if (strncmp(text, kinds[i].prefix, len) == 0) {
            d->scale = kinds[i].scale;
            d->whole = kinds[i].whole;
            range = text + len;
        }
    }
    if (range == text && !strchr(text, ':')) {
        d->scale = SOUK_SCALE_CHOICE;
        return parse_choices(text, d, err);
    }
    if (parse_range(range, d))
        return SOUK_OK;
    return souk_fail(err, SOUK_EUSAGE,
                     "--space: '%s=%s' is not LO:HI with LO < HI, log:LO:HI with LO > 0, "
                     "int:LO:HI, logint:LO:HI or A|B|C",
                     d->name, text);
}

static souk_status parse_dimension(struct souk_space *s, char *text, struct souk_error *err)
{
    char *equals = strchr(text, '=');
    if (!equals)
        return souk_fail(err, SOUK_EUSAGE, "--space: '%s' is not of the form NAME=VALUES", text);
    if (s->count == SOUK_DIMENSIONS_MAX)
        return souk_fail(err, SOUK_EUSAGE, "--space: more than %d dimensions", SOUK_DIMENSIONS_MAX);
    *equals = '\0';
    struct souk_dimension d = {.scale = SOUK_SCALE_LINEAR};
    const size_t len = strlen(text);
    if (!copy_text(d.name, text, len) ||
        strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") < len)
        return souk_fail(err, SOUK_EUSAGE, "--space: '%s' is not the name of an option", text);
    if (souk_space_find(s, d.name))
        return souk_fail(err, SOUK_EUSAGE, "--space: '%s' stands twice", d.name);
    const souk_status status = parse_value(equals + 1, &d, err);
    s->dimensions[s->count++] = d;
    return status;
}

souk_status souk_space_parse(const char *text, struct souk_space *out, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    char *copy = souk_strndup(text, strlen(text)), *rest = copy;
    *out = (struct souk_space){0};
    if (!copy)
        return souk_fail(err, SOUK_ENOMEM, "no memory for --space");
    for (char *part; status == SOUK_OK && (part = strsep(&rest, ","));) {
        part += strspn(part, " ");
        for (size_t len = strlen(part); len > 0 && part[len - 1] == ' '; len--)
            part[len - 1] = '\0';
        status = parse_dimension(out, part, err);
    }
    free(copy);
    if (status != SOUK_OK)
        souk_space_fini(out);
    return status;
}

void souk_space_fini(struct souk_space *s)
{
    for (int d = 0; d < s->count; d++)
        free(s->dimensions[d].choices);
    *s = (struct souk_space){0};
}

const struct souk_dimension *souk_space_find(const struct souk_space *s, const char *name)
{
    for (int d = 0; d < s->count; d++)
        if (strcmp(s->dimensions[d].name, name) == 0)
            return &s->dimensions[d];
    return NULL;
}

int souk_dimension_choice(const struct souk_dimension *d, double unit)
{
    const int index = (int)(unit * d->choice_count);
    return index < d->choice_count ? index : d->choice_count - 1;
}

void souk_dimension_value(const struct souk_dimension *d, double unit,
                          char text[SOUK_DIMENSION_TEXT])
{
    double value;
    if (d->scale == SOUK_SCALE_CHOICE) {
        memcpy(text, d->choices[souk_dimension_choice(d, unit)], SOUK_DIMENSION_TEXT);
        return;
    }
    if (d->scale == SOUK_SCALE_LOG)
        value = exp(log(d->low) + unit * (log(d->high) - log(d->low)));
    else
        value = d->low + unit * (d->high - d->low);
    value = value < d->low ? d->low : value > d->high ? d->high : value;
    if (d->whole)
        snprintf(text, SOUK_DIMENSION_TEXT, "%.0f%s", value, d->unit);
    else
        snprintf(text, SOUK_DIMENSION_TEXT, "%.6g%s", value, d->unit);
}
