/* Rules of the business: what they say of an item is what a walk over all of them says. */
#include "shared/score/businessrules.h"
#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { CATEGORIES = 5, STRIDE = 3, ITEMS = 12 };

/* a and b are roots; c and d under a, e under c. */
static char ids[CATEGORIES][STRIDE] = {"a", "b", "c", "d", "e"};
static int32_t parents[CATEGORIES] = {-1, -1, 0, 0, 2};
static const struct souk_categories tree = {
    .ids = {.count = CATEGORIES, .stride = STRIDE, .bytes = ids[0]}, .parent = parents};
static struct souk_business_rules rules;
static struct souk_error err;

static void parse(const char *text)
{
    cr_assert_eq(souk_business_rules_parse(text, strlen(text), "rules.json", &tree, &rules, &err),
                 SOUK_OK, "%s", err.msg);
}

static struct souk_rerank_item ask(const char *id, int32_t category)
{
    struct souk_rerank_item item = {.category = category};
    souk_business_rules_apply(&rules, &tree, id, &item);
    return item;
}

Test(businessrules, the_example_of_the_header)
{
    parse(
        "{\"rules\": [{\"action\": \"boost\", \"factor\": 1.5, \"categories\": [\"c\"], \"items\": "
        "[\"i1\", \"i2\"]},"
        " {\"action\": \"bury\", \"items\": [\"i3\"]},"
        " {\"action\": \"exclude\", \"categories\": [\"b\"]},"
        " {\"action\": \"pin\", \"item\": \"i4\", \"position\": 1}],"
        " \"unavailable\": [\"i5\"]}");
    cr_expect_eq(ask("i1", -1).boost, 1.5F);
    cr_expect_eq(ask("i1", 4).boost, 2.25F, "e is under c");
    cr_expect_eq(ask("i9", 0).boost, 1, "a is above c");
    cr_expect(ask("i3", -1).is_buried);
    cr_expect(ask("i9", 1).is_excluded);
    cr_expect_eq(ask("i4", -1).pin, 1);
    cr_expect(ask("i5", -1).is_excluded);
    cr_expect_not(ask("i", -1).is_excluded || ask("i", -1).is_buried);
    souk_business_rules_fini(&rules);
}

Test(businessrules, no_rules_say_nothing)
{
    parse("{}");
    const struct souk_rerank_item item = ask("i1", 4);
    cr_expect(item.boost == 1 && item.pin == 0 && !item.is_buried && !item.is_excluded);
    souk_business_rules_fini(&rules);
}

/* ---- many at random ---- */

enum { DRAWN = 60 };
static struct souk_business_rule drawn[DRAWN];

/* @return length of the text */
static int draw_rules(uint64_t seed, char *text, size_t size)
{
    static const char *const actions[] = {"boost", "bury", "exclude", "pin"};
    int at = snprintf(text, size, "{\"rules\": [");
    for (uint64_t i = 0; i < DRAWN; i++) {
        struct souk_business_rule *r = &drawn[i];
        const int what = (int)(souk_random_bits(seed, i, 0) % 12);
        *r = (struct souk_business_rule){
            .action = what < 6 ? SOUK_BOOST : (enum souk_business_action)(what % 4),
            .factor = (float)(1 << (souk_random_bits(seed, i, 1) % 3)) / 2,
            .position = 1 + (int)(souk_random_bits(seed, i, 2) % 9),
            .category = (int32_t)(souk_random_bits(seed, i, 3) % (CATEGORIES + ITEMS)) - ITEMS};
        if (r->action == SOUK_PIN && r->category >= 0)
            r->category = -1;
        at += snprintf(text + at, size - (size_t)at, "%s{\"action\": \"%s\", \"factor\": %g",
                       i ? "," : "", actions[r->action], (double)r->factor);
        if (r->action == SOUK_PIN)
            at += snprintf(text + at, size - (size_t)at, ", \"position\": %d, \"item\": \"i%d\"}",
                           r->position, -r->category);
        else if (r->category < 0)
            at += snprintf(text + at, size - (size_t)at, ", \"items\": [\"i%d\"]}", -r->category);
        else
            at += snprintf(text + at, size - (size_t)at, ", \"categories\": [\"%s\"]}",
                           ids[r->category]);
    }
    return at + snprintf(text + at, size - (size_t)at, "]}");
}

static void expect_walk(int item, int32_t category)
{
    char id[8];
    struct souk_rerank_item want = {.boost = 1};
    snprintf(id, sizeof id, "i%d", item);
    for (int i = 0; i < DRAWN; i++) {
        const struct souk_business_rule *r = &drawn[i];
        if (r->category < 0 ? -r->category != item
                            : !souk_categories_is_under(&tree, category, r->category))
            continue;
        want.boost *= r->action == SOUK_BOOST ? r->factor : 1;
        want.is_buried = want.is_buried || r->action == SOUK_BURY;
        want.is_excluded = want.is_excluded || r->action == SOUK_EXCLUDE;
        if (r->action == SOUK_PIN && (want.pin == 0 || r->position < want.pin))
            want.pin = r->position;
    }
    const struct souk_rerank_item got = ask(id, category);
    cr_expect_eq(got.boost, want.boost, "%s: %g, not %g", id, (double)got.boost,
                 (double)want.boost);
    cr_expect_eq(got.pin, want.pin);
    cr_expect_eq(got.is_buried, want.is_buried);
    cr_expect_eq(got.is_excluded, want.is_excluded);
}

Test(businessrules, many_rules_are_those_of_a_walk)
{
    static char text[16384];
    for (uint64_t seed = 0; seed < 40; seed++) {
        const int len = draw_rules(seed, text, sizeof text);
        cr_assert_lt(len, (int)sizeof text);
        parse(text);
        cr_expect_eq(rules.count, DRAWN);
        for (int item = 0; item <= ITEMS + 1; item++)
            for (int32_t category = -1; category < CATEGORIES; category++)
                expect_walk(item, category);
        souk_business_rules_fini(&rules);
    }
}

/* ---- refusals ---- */

Test(businessrules, a_wrong_file_is_refused_with_its_place)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"", "rules.json:1:"},
        {"[]", "not an object with a list 'rules'"},
        {"{\"rules\": 1}", "not an object with a list 'rules'"},
        {"{\"rules\": [{\"action\": \"hide\", \"items\": []}]}", "rule 1: its action is not"},
        {"{\"rules\": [{\"action\": \"bury\"}]}", "names no items"},
        {"{\"rules\": [{\"action\": \"bury\", \"items\": \"i1\"}]}", "are lists"},
        {"{\"rules\": [{\"action\": \"bury\", \"items\": [1]}]}", "an item is not an id"},
        {"{\"rules\": [{\"action\": \"bury\", \"items\": [\"\"]}]}", "an item is not an id"},
        {"{\"rules\": [{\"action\": \"boost\", \"items\": [\"i\"]}]}", "needs a factor"},
        {"{\"rules\": [{\"action\": \"boost\", \"factor\": -1, \"items\": [\"i\"]}]}",
         "needs a factor"},
        {"{\"rules\": [{\"action\": \"bury\", \"items\": [\"i\"]}, {\"action\": \"pin\", \"item\": "
         "\"i\", \"position\": 0}]}",
         "rule 2: a pin needs a position"},
        {"{\"rules\": [{\"action\": \"pin\", \"items\": [\"i\"], \"position\": 1}]}", "one 'item'"},
        {"{\"rules\": [{\"action\": \"bury\", \"categories\": [\"zz\"]}]}",
         "category 'zz' is not in the tree"},
        {"{\"unavailable\": [\"i\", 2]}", "an item is not an id"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(souk_business_rules_parse(cases[i].text, strlen(cases[i].text), "rules.json",
                                               &tree, &rules, &err),
                     SOUK_EFORMAT, "%s", cases[i].text);
        cr_expect(strstr(err.msg, cases[i].reason), "%s", err.msg);
        cr_expect_null(rules.rules);
    }
    cr_expect_eq(souk_business_rules_read("/nowhere/rules.json", &tree, &rules, &err),
                 SOUK_ENOTFOUND);
}
