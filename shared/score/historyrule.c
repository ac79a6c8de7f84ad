#include "shared/score/historyrule.h"

#include "shared/base/memory.h"
#include "shared/base/optionvalue.h"

#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static souk_status read_power(const json_t *parameters, const char *key, double *power,
                              struct souk_error *err)
{
    const json_t *value = json_object_get(parameters, key);
    if (!value)
        return SOUK_OK;
    if (!json_is_number(value) || !(json_number_value(value) >= 0))
        return souk_fail(err, SOUK_EFORMAT, "the parameter '%s' is not a number from 0 on", key);
    *power = json_number_value(value);
    return SOUK_OK;
}

static souk_status read_weights(const json_t *parameters, char **text, struct souk_error *err)
{
    const json_t *value = json_object_get(parameters, "event-weights");
    if (!json_is_string(value) || json_string_length(value) == 0)
        return SOUK_OK;
    *text = souk_strndup(json_string_value(value), json_string_length(value));
    return *text ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "out of memory for the event weights");
}

static souk_status read_half_life(const json_t *parameters, int64_t *half_life_ms,
                                  struct souk_error *err)
{
    const char *text = json_string_value(json_object_get(parameters, "history-half-life"));
    if (!text || (souk_option_duration(text, half_life_ms) && *half_life_ms != 0))
        return SOUK_OK;
    return souk_fail(err, SOUK_EFORMAT, "the parameter 'history-half-life' is not a duration");
}

souk_status souk_history_rule_of_model(const struct souk_model *model,
                                       struct souk_history_rule *out, struct souk_error *err)
{
    return souk_history_rule_init(model->kind, model->parameters_json, out, err);
}

souk_status souk_history_rule_init(const char *kind, const char *parameters_json,
                                   struct souk_history_rule *out, struct souk_error *err)
{
    const bool is_dense = strcmp(kind, "ease") == 0 || strcmp(kind, "svd") == 0;
    souk_status status = SOUK_OK;
    *out = (struct souk_history_rule){.power = is_dense ? 0 : 1, .half_life_ms = -1};
    json_t *parameters = json_loads(parameters_json ? parameters_json : "{}", 0, NULL);
    if (!json_is_object(parameters))
        status = souk_fail(err, SOUK_EFORMAT, "the model's parameters are not a JSON object");
    if (status == SOUK_OK && is_dense)
        status = read_power(parameters, "weight-power", &out->power, err);
    if (status == SOUK_OK)
        status = read_power(parameters, "history-power", &out->power, err);
    if (status == SOUK_OK)
        status = read_half_life(parameters, &out->half_life_ms, err);
    if (status == SOUK_OK)
        status = read_weights(parameters, &out->event_weights, err);
    json_decref(parameters);
    if (status != SOUK_OK)
        souk_history_rule_fini(out);
    return status;
}

void souk_history_rule_fini(struct souk_history_rule *rule)
{
    free(rule->event_weights);
    *rule = (struct souk_history_rule){0};
}

float souk_history_rule_weigh(const struct souk_history_rule *rule, float weight)
{
    if (!(weight > 0))
        return 0;
    if (rule->power == 1)
        return weight;
    return rule->power > 0 ? (float)pow((double)weight, rule->power) : 1;
}

float souk_history_rule_join(const struct souk_history_rule *rule, float held, float later)
{
    const double power = rule->power;
    if (power == 0 || !(later > 0))
        return held;
    const double given = power == 1 ? (double)held : pow((double)held, 1 / power);
    return souk_history_rule_weigh(rule, (float)(given + (double)later));
}

float souk_history_rule_fade(const struct souk_history_rule *rule, float weight, int64_t age_ms)
{
    if (rule->half_life_ms <= 0 || age_ms <= 0 || !(weight > 0))
        return weight;
    const double left = exp2(-(double)age_ms / (double)rule->half_life_ms);
    return (float)fmax((double)weight * left, (double)FLT_MIN);
}
