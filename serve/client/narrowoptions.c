#include "serve/client/narrowoptions.h"

#include "shared/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* @param price NaN where there is no text */
static souk_status parse_price(const char *option, const char *text, double *price,
                               struct souk_error *err)
{
    char *end = NULL;
    *price = NAN;
    if (!text)
        return SOUK_OK;
    *price = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(*price))
        return souk_fail(err, SOUK_EUSAGE, "--%s '%s' is not a number", option, text);
    return SOUK_OK;
}

/* @param k place in n->text and n->ids; @param text NULL: no list */
static souk_status cut(struct souk_narrowed *n, int k, const char *text, int *count,
                       struct souk_error *err)
{
    char *rest = NULL;
    if (!text)
        return SOUK_OK;
    n->text[k] = souk_strndup(text, strlen(text));
    n->ids[k] = souk_alloc_array(strlen(text) / 2 + 1, sizeof *n->ids[k]);
    if (!n->text[k] || !n->ids[k])
        return souk_fail(err, SOUK_ENOMEM, "no memory for the ids");
    for (char *id = strtok_r(n->text[k], ",", &rest); id; id = strtok_r(NULL, ",", &rest))
        n->ids[k][(*count)++] = id;
    return SOUK_OK;
}

souk_status souk_narrow_query(const struct souk_narrow_options *o, struct souk_narrowed *n,
                              struct souk_query *query, struct souk_error *err)
{
    *n = (struct souk_narrowed){.filters = {.available = o->available},
                                .preferences = {.price_min = NAN, .price_max = NAN}};
    souk_status status = cut(n, 0, o->categories, &n->filters.category_count, err);
    if (!status)
        status = cut(n, 1, o->exclude, &n->filters.exclude_count, err);
    if (!status)
        status = cut(n, 2, o->preferred, &n->preferences.category_count, err);
    if (!status)
        status = parse_price("price-min", o->price_min, &n->filters.price_min, err);
    if (!status)
        status = parse_price("price-max", o->price_max, &n->filters.price_max, err);
    if (status)
        return status;
    n->filters.categories = n->ids[0];
    n->filters.exclude = n->ids[1];
    n->preferences.categories = n->ids[2];
    if (o->categories || o->exclude || o->available || o->price_min || o->price_max)
        query->filters = &n->filters;
    if (o->preferred)
        query->preferences = &n->preferences;
    query->include_metadata = o->metadata;
    return SOUK_OK;
}

void souk_narrowed_fini(struct souk_narrowed *n)
{
    for (int k = 0; k < 3; k++) {
        free(n->text[k]);
        free(n->ids[k]);
    }
    *n = (struct souk_narrowed){.text = {NULL}};
}
