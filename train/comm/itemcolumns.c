#include "train/comm/itemcolumns.h"

#include "shared/base/memory.h"
#include "shared/model/modelfile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NUMBER_BYTES = 64 }; /* longest text that is read as a number */

/* A column, and where it comes from. */
struct choice {
    char name[SOUK_NAME_MAX_BYTES + 1];
    int32_t property; /* -1: none */
    int attribute;    /* -1: none */
};

struct choices {
    int count;
    struct choice of[SOUK_ITEM_COLUMNS_MAX];
};

/* ---- which columns ---- */

static int32_t find_property(const struct souk_dataset *d, const char *name)
{
    for (int32_t i = 0; i < d->property_count; i++)
        if (strcmp(d->property_names[i], name) == 0)
            return i;
    return -1;
}

static int find_attribute(const struct souk_dataset_part *p, const char *name)
{
    for (int i = 0; i < p->item_attribute_count; i++)
        if (strcmp(p->item_attributes[i].name, name) == 0)
            return i;
    return -1;
}

static bool has_choice(const struct choices *c, const char *name)
{
    for (int i = 0; i < c->count; i++)
        if (strcmp(c->of[i].name, name) == 0)
            return true;
    return false;
}

static void add(struct choices *c, const char *name, int32_t property, int attribute)
{
    struct choice *to = &c->of[c->count++];
    snprintf(to->name, sizeof to->name, "%s", name);
    to->property = property;
    to->attribute = attribute;
}

static bool is_telling(const char *name)
{
    static const char *const names[] = {"available", "price", "title", "name",
                                        "brand",     "image", "url"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Properties first: they are newer than a catalogue of the same name. */
static void choose_default(const struct souk_dataset *d, const struct souk_dataset_part *p,
                           struct choices *c)
{
    const int32_t price = strcmp(d->format, "retailrocket") == 0 ? find_property(d, "790") : -1;
    for (int32_t i = 0; i < d->property_count && c->count < SOUK_ITEM_COLUMNS_MAX; i++)
        if (is_telling(d->property_names[i]))
            add(c, d->property_names[i], i, find_attribute(p, d->property_names[i]));
    if (price >= 0 && !has_choice(c, "price") && c->count < SOUK_ITEM_COLUMNS_MAX)
        add(c, "price", price, find_attribute(p, "price"));
    for (int i = 0; i < p->item_attribute_count && c->count < SOUK_ITEM_COLUMNS_MAX; i++)
        if (!has_choice(c, p->item_attributes[i].name))
            add(c, p->item_attributes[i].name, -1, i);
}

/* @param text [len], COLUMN or COLUMN=SOURCE */
static souk_status choose_one(const struct souk_dataset *d, const struct souk_dataset_part *p,
                              const char *text, size_t len, struct choices *c,
                              struct souk_error *err)
{
    char name[2 * SOUK_NAME_MAX_BYTES + 2];
    if (len == 0 || len >= sizeof name)
        return souk_fail(err, SOUK_EUSAGE, "--item-columns: '%.*s' is not a column", (int)len,
                         text);
    memcpy(name, text, len);
    name[len] = '\0';
    char *const equals = strchr(name, '=');
    const char *const source = equals ? equals + 1 : name;
    if (equals)
        *equals = '\0';
    const int32_t property = find_property(d, source);
    const int attribute = find_attribute(p, source);
    if (property < 0 && attribute < 0)
        return souk_fail(err, SOUK_EUSAGE,
                         "--item-columns: '%s' is neither a property nor an attribute of %s",
                         source, d->path);
    if (!name[0] || strlen(name) > SOUK_NAME_MAX_BYTES || has_choice(c, name) ||
        c->count == SOUK_ITEM_COLUMNS_MAX)
        return souk_fail(err, SOUK_EUSAGE,
                         "--item-columns: '%s' comes twice, is too long, or is more than %d", name,
                         SOUK_ITEM_COLUMNS_MAX);
    add(c, name, property, attribute);
    return SOUK_OK;
}

static souk_status choose(const struct souk_dataset *d, const struct souk_dataset_part *p,
                          const char *wanted, struct choices *c, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    if (!wanted || strcmp(wanted, "none") == 0)
        return SOUK_OK;
    if (strcmp(wanted, SOUK_ITEM_COLUMNS_DEFAULT) == 0) {
        choose_default(d, p, c);
        return SOUK_OK;
    }
    for (const char *at = wanted; at && !status;) {
        const size_t len = strcspn(at, ",");
        status = choose_one(d, p, at, len, c, err);
        at = at[len] ? at + len + 1 : NULL;
    }
    return status;
}

/* ---- their values ---- */

struct value {
    bool is_number;
    double number;
    const char *text; /* NULL: missing */
    size_t len;
};

/* What the change log holds of each item: the last entry is the latest. */
static struct value of_property(const struct souk_properties *log, int32_t property, int64_t item)
{
    struct value v = {.text = NULL};
    if (property < 0 || !log->item_offsets)
        return v;
    for (int64_t e = log->item_offsets[item]; e < log->item_offsets[item + 1]; e++) {
        if (log->property[e] == property) {
            v.text = log->value_bytes + log->value_offsets[e];
            v.len = (size_t)(log->value_offsets[e + 1] - log->value_offsets[e]);
        }
    }
    if (v.len == 0)
        v.text = NULL;
    return v;
}

static struct value of_attribute(const struct souk_attribute *a, int64_t item)
{
    struct value v = {.is_number = a->type == SOUK_ATTRIBUTE_NUMBER};
    if (v.is_number)
        v.number = a->numbers[item];
    else
        v.text = souk_attribute_text(a, item, &v.len);
    return v;
}

static struct value value_of(const struct souk_dataset_part *p, const struct choice *c,
                             int64_t item)
{
    const struct value v = of_property(&p->properties, c->property, item);
    return !v.text && c->attribute >= 0 ? of_attribute(&p->item_attributes[c->attribute], item) : v;
}

static bool word_is(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

/* The first word of a text; NaN: it is no number. */
static double number_of(const struct value *v)
{
    char copy[NUMBER_BYTES], *end = NULL;
    if (v->is_number || !v->text)
        return v->is_number && isfinite(v->number) ? v->number : NAN;
    size_t len = 0;
    while (len < v->len && v->text[len] != ' ')
        len++;
    if (word_is(v->text, len, "true") || word_is(v->text, len, "yes"))
        return 1;
    if (word_is(v->text, len, "false") || word_is(v->text, len, "no"))
        return 0;
    const size_t skip = len > 1 && v->text[0] == 'n'; /* RetailRocket's numbers */
    if (len == 0 || len - skip >= sizeof copy)
        return NAN;
    memcpy(copy, v->text + skip, len - skip);
    copy[len - skip] = '\0';
    if (copy[strspn(copy, "+-.0123456789eE")]) /* no hexadecimal, and no names */
        return NAN;
    const double number = strtod(copy, &end);
    return *end == '\0' && isfinite(number) ? number : NAN;
}

static bool is_number(const struct souk_dataset_part *p, const struct choice *c)
{
    return strcasecmp(c->name, "price") == 0 || strcasecmp(c->name, "available") == 0 ||
           (c->property < 0 && p->item_attributes[c->attribute].type == SOUK_ATTRIBUTE_NUMBER);
}

/* Take bytes from what the item may still have. @return false: it has not as many */
static bool take(int32_t *left, size_t bytes)
{
    if (bytes > (size_t)*left)
        return false;
    *left -= (int32_t)bytes;
    return true;
}

static souk_status fill_numbers(const struct souk_dataset_part *p, const struct choice *c,
                                int32_t *left, struct souk_attribute *out)
{
    const size_t cost = strlen(c->name) + sizeof(double);
    out->numbers = souk_alloc_array((size_t)p->items.count, sizeof *out->numbers);
    if (!out->numbers)
        return SOUK_ENOMEM;
    for (int64_t i = 0; i < p->items.count; i++) {
        const struct value v = value_of(p, c, i);
        const double number = number_of(&v);
        out->numbers[i] = !isnan(number) && take(&left[i], cost) ? number : NAN;
    }
    return SOUK_OK;
}

/* A number that the catalogue has where the change log has a text. */
static void write_number(struct value *v, char text[NUMBER_BYTES])
{
    if (!v->is_number || !isfinite(v->number))
        return;
    v->len = (size_t)snprintf(text, NUMBER_BYTES, "%.17g", v->number);
    v->text = text;
}

static souk_status fill_texts(const struct souk_dataset_part *p, const struct choice *c,
                              int32_t *left, struct souk_attribute *out)
{
    const size_t items = (size_t)p->items.count;
    size_t room = 0, used = 0;
    souk_status status = SOUK_OK;
    out->text_offsets = souk_zalloc_array(items + 1, sizeof *out->text_offsets);
    if (!out->text_offsets)
        return SOUK_ENOMEM;
    for (int64_t i = 0; i < p->items.count && !status; i++) {
        char text[NUMBER_BYTES];
        struct value v = value_of(p, c, i);
        write_number(&v, text);
        if (v.text && souk_text_is_utf8(v.text, v.len) && take(&left[i], strlen(c->name) + v.len)) {
            status = souk_grow(&out->text_bytes, &room, used + v.len, SIZE_MAX / 2, 1);
            if (!status)
                memcpy(out->text_bytes + used, v.text, v.len);
            used += v.len;
        }
        out->text_offsets[i + 1] = (int64_t)used;
    }
    return status;
}

souk_status souk_item_columns(const struct souk_dataset *dataset,
                              const struct souk_dataset_part *part, const char *wanted,
                              struct souk_attributes *out, struct souk_error *err)
{
    struct choices choices = {.count = 0};
    int32_t *left = NULL;
    *out = (struct souk_attributes){0};
    souk_status status = choose(dataset, part, wanted, &choices, err);
    if (status || choices.count == 0)
        return status;
    left = souk_alloc_array((size_t)part->items.count, sizeof *left);
    out->of = souk_zalloc_array((size_t)choices.count, sizeof *out->of);
    if (!left || !out->of)
        status = SOUK_ENOMEM;
    for (int64_t i = 0; i < part->items.count && !status; i++)
        left[i] = SOUK_ITEM_BYTES_MAX;
    for (int c = 0; c < choices.count && !status; c++) {
        struct souk_attribute *to = &out->of[out->count++];
        const bool number = is_number(part, &choices.of[c]);
        memcpy(to->name, choices.of[c].name, sizeof to->name);
        to->type = number ? SOUK_ATTRIBUTE_NUMBER : SOUK_ATTRIBUTE_TEXT;
        status = (number ? fill_numbers : fill_texts)(part, &choices.of[c], left, to);
    }
    free(left);
    return status ? souk_fail(err, status, "no memory for what is known of items of part %d",
                              part->part)
                  : SOUK_OK;
}
