#include "train/evaluate/ordering.h"

#include "shared/score/features.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const plain[] = {"model", "popular", "newest", "random", "repeat", "category"};

static bool find_plain(const char *name, bool is_staged, struct souk_ordering *out)
{
    for (int o = SOUK_ORDER_MODEL; o <= SOUK_ORDER_CATEGORY; o++) {
        if (strcmp(name, plain[o]) != 0 || (o >= SOUK_ORDER_REPEAT && !is_staged))
            continue;
        out->order = (enum souk_order)o;
        return true;
    }
    return false;
}

static bool find_source(const char *name, const struct souk_model_stages *stages,
                        struct souk_ordering *out)
{
    for (int s = 0; s < stages->source_count; s++) {
        const char *source = stages->sources[s].name;
        const size_t len = strlen(source);
        if (strncmp(name, source, len) != 0)
            continue;
        if (name[len] != 0 && strcmp(name + len, ".lifted") != 0)
            continue;
        out->order = SOUK_ORDER_SOURCE;
        out->source = s;
        out->lifted = name[len] != 0;
        return true;
    }
    return false;
}

static souk_status refuse(const char *name, const struct souk_model *model, struct souk_error *err)
{
    const struct souk_model_stages *stages = &model->stages;
    char names[1024] = "model, popular, newest, random";
    size_t len = strlen(names);
    if (stages->source_count > 0)
        len += (size_t)snprintf(names + len, sizeof names - len, ", repeat, category");
    for (int s = 0; s < stages->source_count && len < sizeof names; s++)
        len += (size_t)snprintf(names + len, sizeof names - len, ", %s, %s.lifted",
                                stages->sources[s].name, stages->sources[s].name);
    return souk_fail(err, SOUK_EUSAGE, "no order '%.64s': %s has %s", name, model->path, names);
}

souk_status souk_ordering_find(const char *name, const struct souk_model *model,
                               struct souk_ordering *out, struct souk_error *err)
{
    *out = (struct souk_ordering){.order = SOUK_ORDER_MODEL};
    if (!find_plain(name, model->stages.source_count > 0, out) &&
        !find_source(name, &model->stages, out))
        return refuse(name, model, err);
    snprintf(out->name, sizeof out->name, "%s", name);
    return SOUK_OK;
}

/* By anything but the model. */
static float score_plainly(const struct souk_ordering *o, const struct souk_stage_ranker *ranker,
                           const float *feature)
{
    const struct souk_model_stages *stages = &ranker->model->stages;
    if (o->order == SOUK_ORDER_SOURCE) {
        const float score = feature[souk_feature_of_source(stages, o->source, o->lifted)];
        return score > 0 ? score : NAN;
    }
    const float often = souk_feature_repeat(stages, feature);
    const float popular = feature[ranker->rules.popular_column];
    return often > 0 ? 1 + often : popular / (1 + popular);
}

void souk_ordering_score_rows(const struct souk_ordering *o, const struct souk_stage_ranker *ranker,
                              const float *feature, int64_t count,
                              struct souk_stage_scratch *scratch, float *score)
{
    if (o->order == SOUK_ORDER_MODEL) {
        souk_stage_ranker_score_rows(ranker, feature, count, scratch, score);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        score[i] = score_plainly(o, ranker, feature + i * ranker->features);
}
