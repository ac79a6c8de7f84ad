/* From events to one weight per (user, item); the category tree; tables of ids. */
#include "shared/data/category.h"
#include "shared/data/idtable.h"
#include "shared/data/interactions.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct souk_error err;

/* One user: item 4 viewed twice and bought, item 2 bought in two orders; a second user without. */
static int64_t offsets[] = {0, 5, 5};
static int64_t item[] = {4, 2, 4, 2, 4};
static int64_t time_ms[] = {10, 20, 30, 40, 50};
static uint8_t type[] = {0, 1, 0, 1, 1};
static int32_t session[] = {0, 0, 0, 0, 0};
static float value[] = {1, 2.5f, 1, 3, 0};
static int64_t order[] = {-1, 7, -1, 8, 8};

static struct souk_dataset_part sample(void)
{
    return (struct souk_dataset_part){.users = {.count = 2},
                                      .event_count = 5,
                                      .event_offsets = offsets,
                                      .item = item,
                                      .time_ms = time_ms,
                                      .type = type,
                                      .session = session,
                                      .value = value,
                                      .order = order};
}

static struct souk_interactions aggregate(enum souk_weighting weighting, double view, double buy)
{
    const struct souk_dataset_part part = sample();
    const struct souk_interaction_rule rule = {.weighting = weighting, .type_weight = {view, buy}};
    struct souk_interactions m;
    cr_assert_eq(souk_interactions_of_part(&part, &rule, &m, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(m.rows, 2);
    cr_assert_eq(m.offsets[1], m.count);
    cr_assert_eq(m.offsets[2], m.count);
    return m;
}

Test(interactions, weights_of_event_types_are_summed)
{
    struct souk_interactions m = aggregate(SOUK_WEIGHT_EVENTS, 1, 8);
    cr_assert_eq(m.count, 2);
    cr_assert(m.item[0] == 2 && m.weight[0] == 16 && m.events[0] == 2 && m.last_ms[0] == 40);
    cr_assert(m.item[1] == 4 && m.weight[1] == 10 && m.events[1] == 3 && m.last_ms[1] == 50);
    souk_interactions_fini(&m);
}

Test(interactions, an_event_type_of_weight_zero_does_not_count)
{
    struct souk_interactions m = aggregate(SOUK_WEIGHT_EVENTS, 0, 8);
    cr_assert(m.item[1] == 4 && m.weight[1] == 8 && m.events[1] == 1);
    souk_interactions_fini(&m);
    m = aggregate(SOUK_WEIGHT_EVENTS, 1, 0);
    cr_assert(m.count == 1 && m.item[0] == 4 && m.weight[0] == 2);
    souk_interactions_fini(&m);
}

Test(interactions, values_are_summed_and_orders_counted_once)
{
    struct souk_interactions m = aggregate(SOUK_WEIGHT_VALUES, 1, 1);
    cr_assert(m.weight[0] == 5.5f && m.weight[1] == 2);
    souk_interactions_fini(&m);
    m = aggregate(SOUK_WEIGHT_ORDERS, 1, 1);
    cr_assert(m.weight[0] == 2 && m.weight[1] == 2, "%g %g", (double)m.weight[0],
              (double)m.weight[1]);
    souk_interactions_fini(&m);
}

Test(interactions, a_rating_is_the_last_value_or_the_mean)
{
    struct souk_interactions m = aggregate(SOUK_WEIGHT_LAST, 1, 1);
    cr_assert(m.weight[0] == 3 && m.weight[1] == 0, "a rating of 0 is one");
    souk_interactions_fini(&m);
    m = aggregate(SOUK_WEIGHT_MEAN, 1, 1);
    cr_assert(m.weight[0] == 2.75f && m.weight[1] == (float)(2.0 / 3));
    souk_interactions_fini(&m);
}

Test(interactions, ratings_need_values)
{
    struct souk_dataset_part part = sample();
    const struct souk_interaction_rule rule = {.weighting = SOUK_WEIGHT_LAST};
    struct souk_interactions m;
    part.value = NULL;
    cr_assert_eq(souk_interactions_of_part(&part, &rule, &m, &err), SOUK_EUSAGE);
    cr_assert_not_null(strstr(err.msg, "--value-column"));
}

Test(interactions, rules_are_read_from_text)
{
    struct souk_dataset d = {.type_count = 2};
    struct souk_interaction_rule rule = {.type_weight = {1, 1}};
    strcpy(d.types[0].name, "view");
    strcpy(d.types[1].name, "buy");
    cr_assert_eq(souk_interaction_rule_parse(&rule, &d, "buy=8,view=0.5", &err), SOUK_OK);
    cr_assert(rule.type_weight[0] == .5 && rule.type_weight[1] == 8);
    cr_assert_eq(souk_interaction_rule_parse(&rule, &d, "sell=1", &err), SOUK_EUSAGE);
    cr_assert_not_null(strstr(err.msg, "'sell'"));
    cr_assert_eq(souk_interaction_rule_parse(&rule, &d, "view=-1", &err), SOUK_EUSAGE);
    cr_assert_eq(souk_interaction_rule_parse(&rule, &d, "view=nan", &err), SOUK_EUSAGE);
    cr_assert_eq(souk_interaction_rule_parse(&rule, &d, "view", &err), SOUK_EUSAGE);
}

static struct souk_idtable table(const char *const *ids, int64_t count)
{
    struct souk_idtable t;
    cr_assert_eq(souk_idtable_init(&t, count, 8), SOUK_OK);
    for (int64_t i = 0; i < count; i++)
        strcpy(t.bytes + i * 8, ids[i]);
    return t;
}

Test(interactions, ids_are_found_by_their_bytes)
{
    static const char *const ids[] = {"1", "10", "2", "\xc3\xa9"};
    struct souk_idtable t = table(ids, 4);
    int64_t bad = 0;
    cr_assert(souk_idtable_is_sorted(&t, &bad));
    for (int64_t i = 0; i < 4; i++)
        cr_assert_eq(souk_idtable_find(&t, ids[i], strlen(ids[i])), i);
    cr_assert_eq(souk_idtable_find(&t, "100", 3), -1);
    cr_assert_eq(souk_idtable_find(&t, "", 0), -1);
    cr_assert_eq(souk_idtable_find(&t, "muchtoolong", 11), -1);
    memcpy(t.bytes + 8, "1", 2);
    cr_assert_not(souk_idtable_is_sorted(&t, &bad));
    souk_idtable_fini(&t);
}

Test(interactions, an_id_is_utf8_of_1_to_128_bytes)
{
    char longest[130];
    memset(longest, 'x', sizeof longest);
    cr_assert(souk_id_is_valid(longest, 128));
    cr_assert_not(souk_id_is_valid(longest, 129));
    cr_assert_not(souk_id_is_valid("", 0));
    cr_assert(souk_id_is_valid("a b\xe2\x82\xac", 6));
    cr_assert_not(souk_id_is_valid("a\nb", 3));
    cr_assert_not(souk_id_is_valid("a\0b", 3));
    cr_assert_not(souk_id_is_valid("\xff", 1));
    cr_assert_not(souk_id_is_valid("\xc0\x80", 2), "an overlong form");
    cr_assert_not(souk_id_is_valid("\xed\xa0\x80", 3), "a surrogate");
    cr_assert_not(souk_id_is_valid("\xe2\x82", 2), "cut");
}

static int32_t *parents(int32_t a, int32_t b, int32_t c)
{
    int32_t *p = malloc(3 * sizeof *p);
    p[0] = a;
    p[1] = b;
    p[2] = c;
    return p;
}

Test(interactions, a_category_is_under_itself_and_its_ancestors)
{
    static const char *const ids[] = {"a", "b", "c"};
    struct souk_idtable t = table(ids, 3);
    struct souk_categories c;
    cr_assert_eq(souk_categories_init(&c, &t, parents(-1, 0, 1), &err), SOUK_OK, "%s", err.msg);
    cr_assert(c.depth[0] == 1 && c.depth[2] == 3);
    cr_assert(souk_categories_is_under(&c, 2, 0));
    cr_assert(souk_categories_is_under(&c, 2, 2));
    cr_assert_not(souk_categories_is_under(&c, 0, 2));
    cr_assert_not(souk_categories_is_under(&c, -1, 0));
    souk_categories_fini(&c);
}

Test(interactions, a_cycle_of_categories_is_refused)
{
    static const char *const ids[] = {"a", "b", "c"};
    struct souk_idtable t = table(ids, 3);
    struct souk_categories c;
    int32_t *p = parents(1, 2, 0);
    cr_assert_eq(souk_categories_init(&c, &t, p, &err), SOUK_EFORMAT);
    cr_assert_not_null(strstr(err.msg, "ancestor"));
    free(p);
    p = parents(-1, 7, 0);
    cr_assert_eq(souk_categories_init(&c, &t, p, &err), SOUK_EFORMAT);
    free(p);
    souk_idtable_fini(&t);
}
