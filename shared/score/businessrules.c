#include "shared/score/businessrules.h"

#include "shared/base/memory.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parsing {
    struct souk_business_rules *out;
    size_t capacity;
    const struct souk_categories *categories;
    const char *name; /* of the file */
    size_t rule;      /* at hand, from 1; 0: the unavailable items */
    struct souk_error *err;
};

static souk_status refuse(const struct parsing *p, const char *reason)
{
    if (p->rule == 0)
        return souk_fail(p->err, SOUK_EFORMAT, "%s: %s", p->name, reason);
    return souk_fail(p->err, SOUK_EFORMAT, "%s: rule %zu: %s", p->name, p->rule, reason);
}

/* ---- one rule ---- */

static souk_status add(struct parsing *p, const struct souk_business_rule *like, const char *item,
                       int32_t category)
{
    struct souk_business_rules *out = p->out;
    souk_status status = souk_grow(&out->rules, &p->capacity, (size_t)out->count + 1,
                                   SOUK_BUSINESS_RULES_MAX, sizeof *out->rules);
    struct souk_business_rule rule = *like;
    rule.category = category;
    if (!status && item) {
        rule.item = souk_strndup(item, strlen(item));
        status = rule.item ? SOUK_OK : SOUK_ENOMEM;
    }
    if (status)
        return souk_fail(p->err, status, "%s: %s", p->name,
                         status == SOUK_ELIMIT ? "more than a million items and categories"
                                               : "no memory for the rules");
    out->item_count += item != NULL;
    out->rules[out->count++] = rule;
    return SOUK_OK;
}

static souk_status add_item(struct parsing *p, const struct souk_business_rule *like,
                            const json_t *json)
{
    const char *id = json_string_value(json);
    if (!id || !souk_id_is_valid(id, json_string_length(json)))
        return refuse(p, "an item is not an id");
    return add(p, like, id, -1);
}

static souk_status add_category(struct parsing *p, const struct souk_business_rule *like,
                                const json_t *json)
{
    const char *id = json_string_value(json);
    const int64_t category =
        id ? souk_idtable_find(&p->categories->ids, id, json_string_length(json)) : -1;
    if (category < 0)
        return souk_fail(p->err, SOUK_EFORMAT, "%s: rule %zu: category '%s' is not in the tree",
                         p->name, p->rule, id ? id : "");
    return add(p, like, NULL, (int32_t)category);
}

/* Each member of a list, or nothing where there is none. */
static souk_status add_list(
    struct parsing *p, const struct souk_business_rule *like, const json_t *list,
    souk_status (*add_one)(struct parsing *, const struct souk_business_rule *, const json_t *))
{
    souk_status status = SOUK_OK;
    size_t i;
    json_t *entry;
    if (list && !json_is_array(list))
        return refuse(p, "items and categories are lists");
    json_array_foreach(list, i, entry)
    {
        status = add_one(p, like, entry);
        if (status)
            break;
    }
    return status;
}

static souk_status take_action(const struct parsing *p, const json_t *json,
                               struct souk_business_rule *rule)
{
    static const char *const names[] = {"boost", "bury", "exclude", "pin"};
    const char *action = json_string_value(json_object_get(json, "action"));
    const json_t *factor = json_object_get(json, "factor");
    const json_t *position = json_object_get(json, "position");
    int a = 0;
    while (a < (int)(sizeof names / sizeof names[0]) && (!action || strcmp(names[a], action) != 0))
        a++;
    *rule = (struct souk_business_rule){.action = (enum souk_business_action)a,
                                        .factor = (float)json_number_value(factor),
                                        .position = (int)json_integer_value(position)};
    if (a > SOUK_PIN)
        return refuse(p, "its action is not boost, bury, exclude or pin");
    if (a == SOUK_BOOST && (!json_is_number(factor) || !(rule->factor >= 0) || isinf(rule->factor)))
        return refuse(p, "a boost needs a factor of 0 and more");
    if (a == SOUK_PIN && (!json_is_integer(position) || json_integer_value(position) < 1 ||
                          json_integer_value(position) > SOUK_RERANK_ITEMS_MAX))
        return refuse(p, "a pin needs a position from 1 to 10000");
    return SOUK_OK;
}

static souk_status take_rule(struct parsing *p, const json_t *json)
{
    struct souk_business_rule rule;
    const json_t *items = json_object_get(json, "items");
    const json_t *categories = json_object_get(json, "categories");
    const souk_status status = take_action(p, json, &rule);
    if (status)
        return status;
    if (rule.action == SOUK_PIN)
        return items || categories ? refuse(p, "a pin is of one 'item'")
                                   : add_item(p, &rule, json_object_get(json, "item"));
    if (!items && !categories)
        return refuse(p, "it names no items and no categories");
    const souk_status added = add_list(p, &rule, items, add_item);
    return added ? added : add_list(p, &rule, categories, add_category);
}

static souk_status take_all(struct parsing *p, const json_t *json)
{
    const struct souk_business_rule unavailable = {.action = SOUK_EXCLUDE};
    const json_t *rules = json_object_get(json, "rules");
    json_t *entry;
    size_t i;
    if (!json_is_object(json) || (rules && !json_is_array(rules)))
        return refuse(p, "it is not an object with a list 'rules'");
    souk_status status = add_list(p, &unavailable, json_object_get(json, "unavailable"), add_item);
    json_array_foreach(rules, i, entry)
    {
        p->rule = i + 1;
        if (!status)
            status = take_rule(p, entry);
    }
    return status;
}

/* ---- all of them ---- */

/* Items before categories, each by what it is of; what is left makes equals equal. */
static int compare(const void *a, const void *b)
{
    const struct souk_business_rule *x = a, *y = b;
    const int order = x->item && y->item ? strcmp(x->item, y->item) : !x->item - !y->item;
    if (order != 0)
        return order;
    if (x->category != y->category)
        return x->category < y->category ? -1 : 1;
    if (x->action != y->action)
        return x->action < y->action ? -1 : 1;
    if (x->factor != y->factor)
        return x->factor < y->factor ? -1 : 1;
    return x->position < y->position ? -1 : x->position > y->position;
}

souk_status souk_business_rules_parse(const char *text, size_t len, const char *name,
                                      const struct souk_categories *categories,
                                      struct souk_business_rules *out, struct souk_error *err)
{
    struct parsing p = {.out = out, .categories = categories, .name = name, .err = err};
    json_error_t where;
    *out = (struct souk_business_rules){0};
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
    if (!json)
        return souk_fail(err, SOUK_EFORMAT, "%s:%d: %s", name, where.line, where.text);
    const souk_status status = take_all(&p, json);
    json_decref(json);
    if (status)
        souk_business_rules_fini(out);
    else if (out->count > 1)
        qsort(out->rules, (size_t)out->count, sizeof *out->rules, compare);
    return status;
}

souk_status souk_business_rules_read(const char *path, const struct souk_categories *categories,
                                     struct souk_business_rules *out, struct souk_error *err)
{
    enum { CHUNK = 1 << 16 };
    char *text = NULL;
    size_t len = 0, capacity = 0, got = 1;
    souk_status status = SOUK_OK;
    FILE *file = fopen(path, "rb");
    *out = (struct souk_business_rules){0};
    if (!file)
        return souk_fail_errno(err, "%s", path);
    while (!status && got > 0) {
        status = souk_grow(&text, &capacity, len + CHUNK, SOUK_BUSINESS_BYTES_MAX, 1);
        got = status ? 0 : fread(text + len, 1, CHUNK, file);
        len += got;
    }
    if (status)
        status = souk_fail(err, status, "%s: too long", path);
    else if (ferror(file))
        status = souk_fail_errno(err, "%s", path);
    fclose(file);
    if (!status)
        status = souk_business_rules_parse(text, len, path, categories, out, err);
    free(text);
    return status;
}

void souk_business_rules_fini(struct souk_business_rules *r)
{
    for (int64_t i = 0; i < r->count; i++)
        free(r->rules[i].item);
    free(r->rules);
    *r = (struct souk_business_rules){0};
}

/* ---- asking ---- */

static void apply(const struct souk_business_rule *rule, struct souk_rerank_item *item)
{
    switch (rule->action) {
    case SOUK_BOOST:
        item->boost *= rule->factor;
        break;
    case SOUK_BURY:
        item->is_buried = true;
        break;
    case SOUK_EXCLUDE:
        item->is_excluded = true;
        break;
    case SOUK_PIN:
        if (item->pin == 0 || rule->position < item->pin)
            item->pin = rule->position;
        break;
    }
}

/* Whether a rule stands before those of an item, or of a category. */
static bool is_before(const struct souk_business_rule *rule, const char *id, int32_t category)
{
    return id ? strcmp(rule->item, id) < 0 : rule->category < category;
}

static bool is_of(const struct souk_business_rule *rule, const char *id, int32_t category)
{
    return id ? strcmp(rule->item, id) == 0 : rule->category == category;
}

/* Rules of one item (id), or of one category (NULL), within [low, end). */
static void apply_range(const struct souk_business_rules *r, int64_t low, int64_t end,
                        const char *id, int32_t category, struct souk_rerank_item *item)
{
    const int64_t stop = end;
    while (low < end) {
        const int64_t middle = low + (end - low) / 2;
        if (is_before(&r->rules[middle], id, category))
            low = middle + 1;
        else
            end = middle;
    }
    for (; low < stop && is_of(&r->rules[low], id, category); low++)
        apply(&r->rules[low], item);
}

void souk_business_rules_apply(const struct souk_business_rules *r,
                               const struct souk_categories *categories, const char *id,
                               struct souk_rerank_item *item)
{
    item->boost = 1;
    item->pin = 0;
    item->is_buried = item->is_excluded = false;
    apply_range(r, 0, r->item_count, id, -1, item);
    for (int32_t c = item->category; c >= 0 && c < categories->ids.count; c = categories->parent[c])
        apply_range(r, r->item_count, r->count, NULL, c, item);
}
