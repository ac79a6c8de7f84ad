#include "train/comm/trainoptions.h"

#include "shared/base/clock.h"
#include "train/comm/checkpointplan.h"

#include <jansson.h>
#include <string.h>

static souk_status parse_time(const char *option, const char *text, int64_t *ms,
                              struct souk_error *err)
{
    if (!text || souk_time_parse(text, strlen(text), ms))
        return SOUK_OK;
    return souk_fail(err, SOUK_EUSAGE,
                     "--%s '%s' is not a time such as 2011-11-09 or 2011-11-09T08:26:00", option,
                     text);
}

souk_status souk_train_rule(const struct souk_train_options *o, const struct souk_dataset *dataset,
                            struct souk_ratings_rule *rule, struct souk_error *err)
{
    int64_t from_ms = SOUK_TIME_NONE, until_ms = SOUK_TIME_NONE;
    const bool is_all = o->until && strcmp(o->until, "none") == 0;
    souk_status status = parse_time("from", o->from, &from_ms, err);
    if (status == SOUK_OK)
        status = parse_time("until", is_all ? NULL : o->until, &until_ms, err);
    if (status != SOUK_OK)
        return status;
    *rule = (struct souk_ratings_rule){
        .window = souk_training_window(dataset, from_ms, is_all ? SOUK_TIME_MAX : until_ms),
        .event_weights = o->event_weights,
        .item_columns = o->item_columns,
        .min_user_pairs = o->min_user_items,
        .min_item_pairs = o->min_item_users,
        .holdout = o->holdout,
        .leave_out = (int)o->leave_out,
        .hiding = {o->hide_items, o->hide_users, (uint64_t)o->hide_seed},
    };
    if (rule->window.from_ms >= rule->window.until_ms)
        return souk_fail(err, SOUK_EUSAGE, "--from is not before --until");
    return SOUK_OK;
}

/* Where things lie and how the run is called does not make the model. */
static bool is_place(const char *key)
{
    static const char *const places[] = {"dataset", "out", "track", "experiment", "run-name"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strcmp(key, places[i]) == 0)
            return true;
    return false;
}

souk_status souk_train_parameters(const struct souk_options *options, char **json,
                                  struct souk_error *err)
{
    json_t *all = json_loads(souk_options_json(options), 0, NULL), *value;
    const char *key;
    void *next;
    *json = NULL;
    json_object_foreach_safe(all, next, key,
                             value) if (is_place(key) || souk_checkpoint_is_option(key))
        json_object_del(all, key);
    *json = all ? json_dumps(all, JSON_COMPACT) : NULL;
    json_decref(all);
    return *json ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "out of memory for the parameters");
}
