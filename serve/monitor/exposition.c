#include "serve/monitor/exposition.h"

#include "shared/base/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void souk_exposition_fini(struct souk_exposition *e)
{
    free(e->text);
    *e = (struct souk_exposition){0};
}

static void put(struct souk_exposition *e, const char *bytes, size_t len)
{
    if (e->failed || len > SOUK_EXPOSITION_BYTES_MAX ||
        souk_grow(&e->text, &e->room, e->length + len, SOUK_EXPOSITION_BYTES_MAX, 1) != SOUK_OK) {
        e->failed = true;
        return;
    }
    memcpy(e->text + e->length, bytes, len);
    e->length += len;
}

static void put_text(struct souk_exposition *e, const char *text)
{
    put(e, text, strlen(text));
}

/* @param quoted a label's value, in which quotes are escaped too */
static void put_escaped(struct souk_exposition *e, const char *text, bool quoted)
{
    for (; *text; text++) {
        if (*text == '\\')
            put_text(e, "\\\\");
        else if (*text == '\n')
            put_text(e, "\\n");
        else if (*text == '"' && quoted)
            put_text(e, "\\\"");
        else
            put(e, *text < ' ' || *text > '~' ? "?" : text, 1);
    }
}

void souk_exposition_family(struct souk_exposition *e, const char *name, enum souk_metric_type type,
                            const char *help)
{
    static const char *const types[] = {[SOUK_METRIC_COUNTER] = "counter",
                                        [SOUK_METRIC_GAUGE] = "gauge",
                                        [SOUK_METRIC_HISTOGRAM] = "histogram"};
    e->family = name;
    put_text(e, "# HELP ");
    put_text(e, name);
    put_text(e, " ");
    put_escaped(e, help, false);
    put_text(e, "\n# TYPE ");
    put_text(e, name);
    put_text(e, " ");
    put_text(e, types[type]);
    put_text(e, "\n");
}

static void put_sample(struct souk_exposition *e, const char *suffix,
                       const struct souk_label *labels, const char *value)
{
    const char *separator = "{";
    put_text(e, e->family);
    put_text(e, suffix);
    for (const struct souk_label *l = labels; l && l->name; l++) {
        put_text(e, separator);
        put_text(e, l->name);
        put_text(e, "=\"");
        put_escaped(e, l->value, true);
        put_text(e, "\"");
        separator = ",";
    }
    if (labels && labels->name)
        put_text(e, "}");
    put_text(e, " ");
    put_text(e, value);
    put_text(e, "\n");
}

void souk_exposition_decimal(int64_t value, int decimals, char *text)
{
    const uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint64_t unit = 1;
    int digits = decimals < 9 ? decimals : 9; /* the compiler wants to see the bound */
    for (int i = 0; i < decimals; i++)
        unit *= 10;
    uint64_t rest = size % unit;
    for (; digits > 0 && rest % 10 == 0; digits--)
        rest /= 10;
    const char *const sign = value < 0 ? "-" : "";
    if (digits > 0)
        snprintf(text, SOUK_DECIMAL_BYTES, "%s%" PRIu64 ".%0*" PRIu64, sign, size / unit, digits,
                 rest);
    else
        snprintf(text, SOUK_DECIMAL_BYTES, "%s%" PRIu64, sign, size / unit);
}

void souk_exposition_integer(struct souk_exposition *e, const char *suffix,
                             const struct souk_label *labels, int64_t value, int decimals)
{
    char text[SOUK_DECIMAL_BYTES];
    souk_exposition_decimal(value, decimals, text);
    put_sample(e, suffix, labels, text);
}

void souk_exposition_real(struct souk_exposition *e, const char *suffix,
                          const struct souk_label *labels, double value)
{
    char text[SOUK_DECIMAL_BYTES];
    if (isnan(value))
        snprintf(text, sizeof text, "NaN");
    else if (isinf(value))
        snprintf(text, sizeof text, value > 0 ? "+Inf" : "-Inf");
    else {
        snprintf(text, sizeof text, "%.15g", value);
        if (strtod(text, NULL) != value)
            snprintf(text, sizeof text, "%.17g", value);
    }
    put_sample(e, suffix, labels, text);
}
