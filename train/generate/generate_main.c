/* souk-generate: a made-up shop in RetailRocket's formats. */
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/options.h"
#include "shared/base/staging.h"
#include "train/generate/shopfiles.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct generate_options {
    struct souk_options *parsed;
    const char *out, *start;
    int preset;
    int64_t seed, visitors, events, items, catalogue, property_rows, categories, days, carts,
        transactions;
};

enum { PRESET_NONE, PRESET_RETAILROCKET };

static souk_status parse(int argc, char **argv, bool *done, struct generate_options *o,
                         struct souk_error *err)
{
    const struct souk_option table[] = {
        {"out", 'o', SOUK_OPTION_TEXT, &o->out, NULL, 0, 0, NULL, "DIR",
         "folder for the files; an older one that souk-generate made is replaced", true},
        {"seed", 's', SOUK_OPTION_INT, &o->seed, "1", 0, 9e15, NULL, "N",
         "the same seed gives the same bytes", false},
        {"preset", 0, SOUK_OPTION_CHOICE, &o->preset, "none", 0, 0, "none|retailrocket", NULL,
         "retailrocket: the size of the published set; other flags change it", false},
        {"visitors", 0, SOUK_OPTION_INT, &o->visitors, "20000", 1, 2e9, NULL, "N",
         "visitors, half of them with one event", false},
        {"events", 0, SOUK_OPTION_INT, &o->events, "0", 0, 1e12, NULL, "N",
         "events; 0: four per visitor", false},
        {"items", 0, SOUK_OPTION_INT, &o->items, "2000", 1, 2e9, NULL, "N", "items in events",
         false},
        {"catalogue", 0, SOUK_OPTION_INT, &o->catalogue, "0", 0, 2e9, NULL, "N",
         "items with properties; 0: an eighth more than in events", false},
        {"property-rows", 0, SOUK_OPTION_INT, &o->property_rows, "-1", -1, 1e12, NULL, "N",
         "rows of the property log; -1: 30 per item of the catalogue", false},
        {"categories", 0, SOUK_OPTION_INT, &o->categories, "100", 1, 1e6, NULL, "N",
         "categories of the tree", false},
        {"carts", 0, SOUK_OPTION_INT, &o->carts, "-1", -1, 1e12, NULL, "N",
         "events addtocart; -1: 2.5 %", false},
        {"transactions", 0, SOUK_OPTION_INT, &o->transactions, "-1", -1, 1e12, NULL, "N",
         "events transaction; -1: 0.8 %", false},
        {"days", 0, SOUK_OPTION_INT, &o->days, "138", 1, 36500, NULL, "N", "length of the log",
         false},
        {"start", 0, SOUK_OPTION_TEXT, &o->start, "2015-05-03", 0, 0, NULL, "TIME",
         "begin of the log", false},
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = "souk-generate",
        .summary = "write the event log, properties and categories of a made-up shop",
        .examples = "  souk-generate --visitors 20000 --items 2000 --out shop\n"
                    "  souk-generate --preset retailrocket --seed 7 --out retailrocket\n",
        .options = table,
    };
    return souk_options_parse(&program, argc, argv, true, done, &o->parsed, err);
}

/* The published set's size, where no flag says otherwise. */
static void apply_preset(struct generate_options *o)
{
    const struct {
        const char *name;
        int64_t *value, published;
    } rows[] = {
        {"visitors", &o->visitors, 1407580},
        {"events", &o->events, 2756101},
        {"items", &o->items, 235061},
        {"catalogue", &o->catalogue, 417053},
        {"property-rows", &o->property_rows, 20275902},
        {"categories", &o->categories, 1669},
        {"carts", &o->carts, 69332},
        {"transactions", &o->transactions, 22457},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (!souk_options_was_set(o->parsed, rows[i].name))
            *rows[i].value = rows[i].published;
}

static souk_status make_plan(struct generate_options *o, struct souk_shop_plan *plan,
                             struct souk_error *err)
{
    int64_t start_ms = 0;
    if (o->preset == PRESET_RETAILROCKET)
        apply_preset(o);
    if (!souk_time_parse(o->start, strlen(o->start), &start_ms))
        return souk_fail(err, SOUK_EUSAGE, "--start '%s' is not a time such as 2015-05-03",
                         o->start);
    const int64_t events = o->events > 0 ? o->events : 4 * o->visitors;
    const int64_t catalogue = o->catalogue > 0 ? o->catalogue : o->items + o->items / 8;
    *plan = (struct souk_shop_plan){
        .seed = (uint64_t)o->seed,
        .visitors = o->visitors,
        .events = events,
        .items = o->items,
        .catalogue = catalogue,
        .property_rows = o->property_rows >= 0 ? o->property_rows : 30 * catalogue,
        .categories = o->categories,
        .days = o->days,
        .start_ms = start_ms,
        .carts = o->carts >= 0 ? o->carts : events * 25 / 1000,
        .transactions = o->transactions >= 0 ? o->transactions : events * 8 / 1000,
    };
    return SOUK_OK;
}

static souk_status write_all(const struct souk_shop *shop, const struct souk_shop_event *events,
                             const char *folder, struct souk_error *err)
{
    struct souk_progress progress;
    souk_status status;
    souk_progress_init(&progress, "events", shop->plan.events, "events", false);
    status = souk_shopfiles_write_events(shop, folder, events, &progress, err);
    if (!status && shop->plan.property_rows > 0) {
        souk_progress_init(&progress, "properties", shop->plan.property_rows, "rows", false);
        status = souk_shopfiles_write_properties(shop, folder, &progress, err);
    }
    if (!status)
        status = souk_shopfiles_write_categories(shop, folder, err);
    return status;
}

static souk_status generate(struct generate_options *o, struct souk_error *err)
{
    struct souk_shop_plan plan;
    struct souk_shop shop = {0};
    struct souk_shop_event *events = NULL;
    struct souk_staging staging = {0};
    souk_status status = make_plan(o, &plan, err);
    if (!status)
        status = souk_shop_init(&shop, &plan, err);
    if (!status)
        status = souk_staging_begin(&staging, o->out, true, "category_tree.csv", true, err);
    if (!status) {
        souk_staging_guard(&staging);
        status = souk_behaviour_make(&shop, &events, err);
    }
    if (!status)
        status = write_all(&shop, events, staging.partial, err);
    if (!status)
        status = souk_staging_commit(&staging, err);
    if (!status)
        souk_log(SOUK_LOG_INFO, "generated",
                 "out=%s events=%" PRId64 " visitors=%" PRId64 " items=%" PRId64
                 " property_rows=%" PRId64,
                 o->out, plan.events, plan.visitors, plan.items, plan.property_rows);
    souk_staging_end(&staging, true);
    souk_shop_fini(&shop);
    free(events);
    return status;
}

int main(int argc, char **argv)
{
    struct generate_options o = {0};
    struct souk_error err = {0};
    bool done = false;
    souk_status status;

    souk_log_setup("souk-generate", 0, SOUK_LOG_INFO);
    status = parse(argc, argv, &done, &o, &err);
    if (!status && !done)
        status = generate(&o, &err);
    if (status)
        souk_complain(&err);
    souk_options_free(o.parsed);
    return souk_exit_code(status);
}
