#include "train/generate/shopfiles.h"

#include "shared/base/clock.h"
#include "shared/base/staging.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { STATIC_PROPERTIES = 20, WEEKS_MIN = 1, REPORT_EVERY = 65536 };

static const char *const kind_names[] = {"view", "addtocart", "transaction"};

struct output {
    FILE *file;
    char path[4096];
};

static souk_status open_output(struct output *o, const char *folder, const char *name,
                               struct souk_error *err)
{
    snprintf(o->path, sizeof o->path, "%s/%s", folder, name);
    o->file = fopen(o->path, "w");
    return o->file ? SOUK_OK : souk_fail_errno(err, "%s", o->path);
}

static souk_status close_output(struct output *o, souk_status status, struct souk_error *err)
{
    if (!o->file)
        return status;
    if (!status && ferror(o->file))
        status = souk_fail(err, SOUK_EIO, "%s: cannot write (disk full?)", o->path);
    if (fclose(o->file) != 0 && !status)
        status = souk_fail_errno(err, "%s", o->path);
    o->file = NULL;
    return status ? status : souk_staging_sync_file(o->path, err);
}

souk_status souk_shopfiles_write_events(const struct souk_shop *shop, const char *folder,
                                        const struct souk_shop_event *events,
                                        struct souk_progress *progress, struct souk_error *err)
{
    struct output o = {0};
    int64_t transaction = 0;
    souk_status status = open_output(&o, folder, "events.csv", err);
    if (status)
        return status;
    fputs("timestamp,visitorid,event,itemid,transactionid\n", o.file);
    for (int64_t e = 0; e < shop->plan.events && !ferror(o.file); e++) {
        fprintf(o.file, "%" PRId64 ",%" PRId64 ",%s,%" PRId64 ",", events[e].time_ms,
                souk_shop_visitor_id(shop, events[e].visitor), kind_names[events[e].kind],
                souk_shop_item_id(shop, events[e].item));
        if (events[e].kind == SOUK_EVENT_TRANSACTION)
            fprintf(o.file, "%" PRId64, transaction++);
        fputc('\n', o.file);
        if (e % REPORT_EVERY == 0)
            souk_progress_update(progress, e, NULL);
    }
    souk_progress_finish(progress, shop->plan.events, NULL);
    return close_output(&o, SOUK_OK, err);
}

/* ---- properties ---- */

/* Weekly snapshots, the first at the start. */
static int64_t snapshot_ms(const struct souk_shop *shop, int64_t week)
{
    return shop->plan.start_ms + week * 7 * SOUK_MS_PER_DAY + 3 * 3600000;
}

/* Price of an item in a week: by category, spread by item, moved by up to a tenth. */
static int64_t price(const struct souk_shop *shop, int64_t item, int64_t week)
{
    const int64_t level =
        1000 + souk_shop_pick(shop, shop->category[item], SOUK_DRAW_PRICE, 0, 90000);
    const int64_t own = level / 2 + souk_shop_pick(shop, item, SOUK_DRAW_PRICE, 1, level);
    return own * (950 + souk_shop_pick(shop, item, SOUK_DRAW_PRICE, 2 + week, 100)) / 1000 / 10 *
           10;
}

/* A token of the item's category or of its own. */
static int64_t token(const struct souk_shop *shop, int64_t item, int property, int k)
{
    const bool of_category = k % 2 == 0;
    const int64_t row = of_category ? shop->category[item] : item;
    return souk_shop_pick(shop, row, SOUK_DRAW_VALUE, property * 8 + k + (of_category ? 0 : 4096),
                          of_category ? 1300000 : 200000);
}

static void write_static_value(FILE *file, const struct souk_shop *shop, int64_t item, int property)
{
    const int tokens = 1 + (int)souk_shop_pick(shop, property, SOUK_DRAW_VALUE, -1, 4);
    if (property % 5 == 0)
        fprintf(file, "n%" PRId64 ".000 ",
                souk_shop_pick(shop, item, SOUK_DRAW_VALUE, property, 500));
    for (int k = 0; k < tokens; k++)
        fprintf(file, k ? " %" PRId64 : "%" PRId64, token(shop, item, property, k));
    fputc('\n', file);
}

static int property_name(const struct souk_shop *shop, int property)
{
    return 1 + property * 41 + (int)souk_shop_pick(shop, property, SOUK_DRAW_VALUE, -2, 40);
}

/* Row r of an item: first what it is (category, availability, price, properties), then changes of
 * price and availability, and of properties where there are more rows than weeks. */
static void write_row(FILE *file, const struct souk_shop *shop, int64_t item, int64_t r,
                      int64_t weeks)
{
    const int64_t id = souk_shop_item_id(shop, item);
    const int64_t change = r - 3 - STATIC_PROPERTIES;
    const int64_t kinds = 2 + STATIC_PROPERTIES;
    const int64_t week = change < 0 ? 0 : 1 + change / 2 % (weeks > 1 ? weeks - 1 : 1);
    const int64_t kind =
        change < 0 ? 0 : change / (2 * (weeks > 1 ? weeks - 1 : 1)) * 2 + change % 2;
    fprintf(file, "%" PRId64 ",%" PRId64 ",", snapshot_ms(shop, week), id);
    if (r == 0)
        fprintf(file, "categoryid,%" PRId64 "\n",
                souk_shop_category_id(shop, shop->category[item]));
    else if (r == 1 || (change >= 0 && kind == 1))
        fprintf(file, "available,%d\n",
                souk_shop_pick(shop, item, SOUK_DRAW_VALUE, -3 - week, 8) != 0);
    else if (r == 2 || (change >= 0 && kind == 0))
        fprintf(file, "790,n%" PRId64 ".000\n", price(shop, item, week));
    else {
        const int property =
            change < 0 ? (int)(r - 3) : (int)((kind % kinds - 2 + kinds) % STATIC_PROPERTIES);
        fprintf(file, "%d,", property_name(shop, property));
        write_static_value(file, shop, item, property);
    }
}

static souk_status write_half(const struct souk_shop *shop, const char *folder, const char *name,
                              int64_t first, int64_t end, struct souk_progress *progress,
                              struct souk_error *err)
{
    const int64_t rows = shop->plan.property_rows, items = shop->plan.catalogue;
    const int64_t weeks = shop->plan.days / 7 > WEEKS_MIN ? shop->plan.days / 7 : WEEKS_MIN;
    struct output o = {0};
    souk_status status = open_output(&o, folder, name, err);
    if (status)
        return status;
    fputs("timestamp,itemid,property,value\n", o.file);
    for (int64_t i = first; i < end && !ferror(o.file); i++) {
        const int64_t begin = (int64_t)((__int128)rows * i / items);
        const int64_t stop = (int64_t)((__int128)rows * (i + 1) / items);
        for (int64_t r = 0; r < stop - begin; r++)
            write_row(o.file, shop, i, r, weeks);
        if (i % 1024 == 0)
            souk_progress_update(progress, stop, NULL);
    }
    return close_output(&o, SOUK_OK, err);
}

souk_status souk_shopfiles_write_properties(const struct souk_shop *shop, const char *folder,
                                            struct souk_progress *progress, struct souk_error *err)
{
    const int64_t items = shop->plan.catalogue;
    souk_status status =
        write_half(shop, folder, "item_properties_part1.csv", 0, items / 2, progress, err);
    if (!status)
        status =
            write_half(shop, folder, "item_properties_part2.csv", items / 2, items, progress, err);
    souk_progress_finish(progress, shop->plan.property_rows, NULL);
    return status;
}

souk_status souk_shopfiles_write_categories(const struct souk_shop *shop, const char *folder,
                                            struct souk_error *err)
{
    struct output o = {0};
    souk_status status = open_output(&o, folder, "category_tree.csv", err);
    if (status)
        return status;
    fputs("categoryid,parentid\n", o.file);
    for (int64_t c = 0; c < shop->plan.categories; c++) {
        fprintf(o.file, "%" PRId64 ",", souk_shop_category_id(shop, c));
        if (shop->parent[c] >= 0)
            fprintf(o.file, "%" PRId64, souk_shop_category_id(shop, shop->parent[c]));
        fputc('\n', o.file);
    }
    return close_output(&o, SOUK_OK, err);
}
