#include "shared/wire/filterfields.h"

#include <math.h>
#include <string.h>

enum { ID_BYTES_MAX = 128 };

/* The keys of both; those from FILTERS_ONLY on are of filters only. */
static const char *const keys[] = {"categories", "price_min", "price_max", "available", "exclude"};
enum { KEYS = sizeof keys / sizeof keys[0], FILTERS_ONLY = 3 };

static bool is_key(const msgpack_object *o, int count)
{
    for (int i = 0; i < count; i++)
        if (o->type == MSGPACK_OBJECT_STR && strlen(keys[i]) == o->via.str.size &&
            memcmp(keys[i], o->via.str.ptr, o->via.str.size) == 0)
            return true;
    return false;
}

static bool read_price(const msgpack_object *map, const char *key, double *price, bool *has)
{
    if (!souk_message_map_get(map, key))
        return true;
    *has = true;
    return souk_message_map_number(map, key, price);
}

/* @param m with the map for its root */
static const char *read_map(const struct souk_message *m, struct souk_filter_fields *f)
{
    if (!souk_message_texts(m, "categories", SOUK_WIRE_CATEGORIES_MAX, ID_BYTES_MAX, &f->categories,
                            &f->category_count))
        return "'categories' must be a list of at most 1000 ids";
    if (!read_price(f->map, "price_min", &f->price_min, &f->has_price) ||
        !read_price(f->map, "price_max", &f->price_max, &f->has_price))
        return "'price_min' and 'price_max' must be numbers";
    if (f->price_min > f->price_max)
        return "'price_min' is above 'price_max'";
    if (!souk_message_bool(m, "available", &f->available))
        return "'available' must be true or false";
    if (!souk_message_texts(m, "exclude", SOUK_WIRE_EXCLUDE_MAX, ID_BYTES_MAX, &f->exclude,
                            &f->exclude_count))
        return "'exclude' must be a list of at most 10000 ids";
    return NULL;
}

const char *souk_filter_fields_read(const struct souk_message *m, const char *key,
                                    struct souk_filter_fields *f)
{
    const bool filters = strcmp(key, "filters") == 0;
    *f = (struct souk_filter_fields){
        .map = souk_message_get(m, key), .price_min = -INFINITY, .price_max = INFINITY};
    if (!f->map)
        return NULL;
    if (f->map->type != MSGPACK_OBJECT_MAP)
        return "must be a map";
    for (uint32_t i = 0; i < f->map->via.map.size; i++)
        if (!is_key(&f->map->via.map.ptr[i].key, filters ? KEYS : FILTERS_ONLY))
            return filters ? "knows 'categories', 'price_min', 'price_max', 'available', 'exclude'"
                           : "knows 'categories', 'price_min', 'price_max'";
    return read_map(&(struct souk_message){.unpacked = {.data = *f->map}}, f);
}

void souk_filter_fields_put(struct souk_writer *w, const char *key,
                            const struct souk_filter_fields *f)
{
    souk_writer_key(w, key);
    souk_writer_object(w, f->map);
}
