#include "train/content/itemtoken.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct souk_token_list of_text(const char *field, const char *text)
{
    struct souk_token_list list = {0};
    cr_assert_eq(souk_token_add_text(&list, field, text, strlen(text)), SOUK_OK);
    return list;
}

static struct souk_token_list of_number(double value)
{
    struct souk_token_list list = {0};
    cr_assert_eq(souk_token_add_number(&list, "price", value), SOUK_OK);
    return list;
}

static struct souk_token_list of_property(const char *value)
{
    struct souk_token_list list = {0};
    cr_assert_eq(souk_token_add_property(&list, "price", value, strlen(value)), SOUK_OK);
    return list;
}

static bool has(const struct souk_token_list *list, uint64_t token)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->token[i] == token)
            return true;
    return false;
}

Test(itemtoken, gives_the_value_and_its_words)
{
    struct souk_token_list all = of_text("title", "Red, b\xc3\xbcro-2 RED");
    struct souk_token_list red = of_text("title", "red"), other = of_text("brand", "red");
    cr_assert_eq(all.count, 5); /* the value; red, büro, 2, red */
    cr_assert_eq(red.count, 2);
    cr_assert_eq(all.token[1], all.token[4]);
    cr_assert(has(&all, red.token[1]));
    cr_assert_not(has(&all, red.token[0])); /* a value is not a word */
    cr_assert_not(has(&red, other.token[1]), "fields share words");
    free(all.token);
    free(red.token);
    free(other.token);
}

Test(itemtoken, adds_nothing_for_what_is_missing)
{
    struct souk_token_list text = of_text("title", ""), number = of_number(NAN);
    struct souk_token_list property = of_property("  ");
    cr_assert_eq(text.count + number.count + property.count, 0);
    free(text.token);
    free(number.token);
    free(property.token);
}

Test(itemtoken, puts_near_numbers_into_one_bin)
{
    const double values[] = {8, 9, 12, -8, 0, -0.};
    struct souk_token_list n[6];
    for (int i = 0; i < 6; i++) {
        n[i] = of_number(values[i]);
        cr_assert_eq(n[i].count, 2);
    }
    cr_assert_neq(n[0].token[0], n[1].token[0]);
    cr_assert_eq(n[0].token[1], n[1].token[1]);
    cr_assert_neq(n[0].token[1], n[2].token[1]); /* 8 sqrt 2 = 11.3 begins another */
    cr_assert_neq(n[0].token[1], n[3].token[1]);
    cr_assert_eq(n[4].token[0], n[5].token[0], "two zeros");
    for (int i = 0; i < 6; i++)
        free(n[i].token);
}

Test(itemtoken, reads_the_numbers_of_properties)
{
    struct souk_token_list property = of_property("n8.000 170139"), number = of_number(8);
    struct souk_token_list word = of_property("n8x");
    cr_assert_eq(property.count, 3);
    cr_assert_eq(property.token[0], number.token[0]);
    cr_assert_eq(property.token[1], number.token[1]);
    cr_assert_eq(word.count, 1);
    free(property.token);
    free(number.token);
    free(word.token);
}

Test(itemtoken, cuts_endless_words)
{
    char text[1000];
    memset(text, 'x', sizeof text);
    struct souk_token_list list = {0};
    cr_assert_eq(souk_token_add_text(&list, "title", text, sizeof text), SOUK_OK);
    cr_assert_eq(souk_token_add_text(&list, "title", text, SOUK_TOKEN_MAX_BYTES), SOUK_OK);
    cr_assert_eq(list.count, 4);
    cr_assert_eq(list.token[0], list.token[2]);
    cr_assert_eq(list.token[1], list.token[3]);
    free(list.token);
}
