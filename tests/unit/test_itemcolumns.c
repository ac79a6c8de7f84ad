/* Which columns a model gets of its items, and what stands in them. */
#include "train/comm/itemcolumns.h"
#include "shared/model/modelfile.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ITEMS = 4 };

/* Items 0 to 3: the log, sorted by item, property, time. */
static char hashed[] = "790", title[] = "Title", available[] = "available", size[] = "size";
static char *names[] = {hashed, title, available, size};
static struct {
    int item, property;
    const char *value;
} entries[] = {
    {0, 0, "n10.000"}, {0, 0, "n12345.000 n1.000"},
    {0, 1, "old"},     {0, 1, "new"},
    {0, 2, "1"},       {1, 0, "0x10"},
    {1, 1, ""},        {1, 2, "no"},
    {2, 0, "-7.5"},    {2, 1, "\xff"},
    {2, 2, "unclear"}, {2, 3, "n4.000"},
};
enum { ENTRIES = sizeof entries / sizeof entries[0] };

static int64_t item_offsets[ITEMS + 1], value_offsets[ENTRIES + 1];
static int32_t property[ENTRIES];
static int64_t time_ms[ENTRIES];
static char value_bytes[1024];
static double weights[ITEMS] = {1.5, NAN, 3, INFINITY}, prices[ITEMS] = {1, 2, 3, 4};
static int64_t brand_offsets[ITEMS + 1] = {0, 1, 1, 2, 3};
static char brands[] = "abc";
static struct souk_attribute attributes[] = {
    {.name = "weight", .type = SOUK_ATTRIBUTE_NUMBER, .numbers = weights},
    {.name = "brand",
     .type = SOUK_ATTRIBUTE_TEXT,
     .text_offsets = brand_offsets,
     .text_bytes = brands},
    {.name = "size", .type = SOUK_ATTRIBUTE_NUMBER, .numbers = prices},
};
static char path[] = "shop.ds";
static struct souk_dataset dataset = {
    .format = "retailrocket", .property_count = 4, .property_names = names, .path = path};
static struct souk_dataset_part part;
static struct souk_attributes columns;
static struct souk_error err;

static void prepare(void)
{
    size_t used = 0;
    for (int e = 0; e < ENTRIES; e++) {
        property[e] = entries[e].property;
        memcpy(value_bytes + used, entries[e].value, strlen(entries[e].value));
        used += strlen(entries[e].value);
        value_offsets[e + 1] = (int64_t)used;
        for (int i = entries[e].item + 1; i <= ITEMS; i++)
            item_offsets[i] = e + 1;
    }
    part = (struct souk_dataset_part){.items = {.count = ITEMS},
                                      .item_attribute_count = 3,
                                      .item_attributes = attributes,
                                      .properties = {.count = ENTRIES,
                                                     .item_offsets = item_offsets,
                                                     .property = property,
                                                     .time_ms = time_ms,
                                                     .value_offsets = value_offsets,
                                                     .value_bytes = value_bytes}};
}

static void clean_up(void)
{
    souk_attributes_fini(&columns);
}

TestSuite(itemcolumns, .init = prepare, .fini = clean_up);

static void take(const char *wanted)
{
    souk_attributes_fini(&columns);
    cr_assert_eq(souk_item_columns(&dataset, &part, wanted, &columns, &err), SOUK_OK, "%s",
                 err.msg);
}

static void expect_texts(int column, const char *const *want)
{
    for (int64_t i = 0; i < ITEMS; i++) {
        size_t len;
        const char *text = souk_attribute_text(&columns.of[column], i, &len);
        cr_expect(len == strlen(want[i]) && (len == 0 || memcmp(text, want[i], len) == 0),
                  "column %d of item %d: '%.*s'", column, (int)i, (int)len, text ? text : "");
    }
}

static void expect_numbers(int column, const double *want)
{
    cr_assert_eq(columns.of[column].type, SOUK_ATTRIBUTE_NUMBER);
    for (int64_t i = 0; i < ITEMS; i++)
        cr_expect(isnan(want[i]) ? isnan(columns.of[column].numbers[i])
                                 : columns.of[column].numbers[i] == want[i],
                  "column %d of item %d: %g", column, (int)i, columns.of[column].numbers[i]);
}

Test(itemcolumns, are_by_default_what_is_telling)
{
    static const char *const want[] = {"Title", "available", "price", "weight", "brand", "size"};
    take("auto");
    cr_assert_eq(columns.count, 6);
    for (int c = 0; c < 6; c++)
        cr_expect_str_eq(columns.of[c].name, want[c]);
    expect_texts(0, (const char *const[]){"new", "", "", ""}); /* the latest; no UTF-8 is nothing */
    expect_numbers(1, (const double[]){1, 0, NAN, NAN});
    expect_numbers(2, (const double[]){12345, NAN, -7.5, NAN});
    expect_numbers(3, (const double[]){1.5, NAN, 3, NAN});
    expect_texts(4, (const char *const[]){"a", "", "b", "c"});
    snprintf(dataset.format, sizeof dataset.format, "csv");
    take("auto");
    cr_expect_eq(columns.count, 5, "790 is the price in one format only");
}

Test(itemcolumns, are_what_was_asked_for_and_nothing_else)
{
    take("none");
    cr_expect_eq(columns.count, 0);
    take(NULL);
    cr_expect_eq(columns.count, 0);
    take("size,Price=790,label=brand");
    cr_assert_eq(columns.count, 3);
    expect_texts(0, (const char *const[]){"1", "2", "n4.000", "4"}); /* the log goes first */
    expect_numbers(1, (const double[]){12345, NAN, -7.5, NAN});
    cr_expect_str_eq(columns.of[2].name, "label");
}

Test(itemcolumns, refuse_what_the_data_have_not)
{
    static const char *const bad[] = {"nothing", "price=nothing", "brand,brand", "x=brand,x=size",
                                      "",        "brand,",        "=brand"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_eq(souk_item_columns(&dataset, &part, bad[i], &columns, &err), SOUK_EUSAGE, "%s",
                     bad[i]);
}

Test(itemcolumns, keep_an_item_within_its_bytes)
{
    static char text[2 * SOUK_ITEM_BYTES_MAX];
    enum { LESS = SOUK_ITEM_BYTES_MAX - 3, MORE = LESS + 1 };
    static int64_t offsets[ITEMS + 1] = {0, LESS, LESS, LESS + MORE, LESS + MORE};
    memset(text, 'x', sizeof text);
    attributes[1] = (struct souk_attribute){
        .name = "abc", .type = SOUK_ATTRIBUTE_TEXT, .text_offsets = offsets, .text_bytes = text};
    take("abc,weight");
    cr_expect_eq(columns.of[0].text_offsets[1], SOUK_ITEM_BYTES_MAX - 3, "just as many");
    cr_expect_eq(columns.of[0].text_offsets[3], SOUK_ITEM_BYTES_MAX - 3, "one more is too many");
    expect_numbers(1, (const double[]){NAN, NAN, 3, NAN}); /* where there is room still */
}
