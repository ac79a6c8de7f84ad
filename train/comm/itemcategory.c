#include "train/comm/itemcategory.h"

#include "shared/base/memory.h"

#include <string.h>

static int32_t find_property(const struct souk_dataset *d, const char *name)
{
    for (int32_t i = 0; i < d->property_count; i++)
        if (strcmp(d->property_names[i], name) == 0)
            return i;
    return -1;
}

static int32_t find_category(const struct souk_dataset *d, const char *text, int64_t len)
{
    return (int32_t)souk_idtable_find(&d->categories.ids, text, (size_t)len);
}

/* The log is sorted by item, property, time: the last entry of the property is the latest. */
static void from_properties(const struct souk_dataset *d, const struct souk_dataset_part *part,
                            int32_t *category)
{
    const struct souk_properties *log = &part->properties;
    const int32_t property = find_property(d, "categoryid");
    if (property < 0 || !log->item_offsets)
        return;
    for (int64_t i = 0; i < part->items.count; i++)
        for (int64_t e = log->item_offsets[i]; e < log->item_offsets[i + 1]; e++)
            if (log->property[e] == property)
                category[i] = find_category(d, log->value_bytes + log->value_offsets[e],
                                            log->value_offsets[e + 1] - log->value_offsets[e]);
}

static void from_attributes(const struct souk_dataset *d, const struct souk_dataset_part *part,
                            int32_t *category)
{
    for (int a = 0; a < part->item_attribute_count; a++) {
        const struct souk_attribute *column = &part->item_attributes[a];
        if (column->type != SOUK_ATTRIBUTE_TEXT || strcmp(column->name, "category") != 0)
            continue;
        for (int64_t i = 0; i < part->items.count; i++)
            if (category[i] < 0)
                category[i] = find_category(d, column->text_bytes + column->text_offsets[i],
                                            column->text_offsets[i + 1] - column->text_offsets[i]);
    }
}

souk_status souk_item_category(const struct souk_dataset *dataset,
                               const struct souk_dataset_part *part, int32_t **category,
                               struct souk_error *err)
{
    *category = NULL;
    if (dataset->categories.ids.count == 0)
        return SOUK_OK;
    *category = souk_alloc_array((size_t)part->items.count, sizeof **category);
    if (!*category)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the categories of part %d", part->part);
    for (int64_t i = 0; i < part->items.count; i++)
        (*category)[i] = -1;
    from_properties(dataset, part, *category);
    from_attributes(dataset, part, *category);
    return SOUK_OK;
}
