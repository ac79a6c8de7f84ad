#include "shared/score/stagescore.h"

#include "shared/base/memory.h"
#include "shared/score/foresttext.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The trees read columns by number: another build may order them otherwise. */
static bool names_agree(const struct souk_stage_ranker *r)
{
    for (int f = 0; f < r->features; f++) {
        char name[2 * SOUK_NAME_MAX_BYTES];
        souk_feature_name(&r->model->stages, f, name, sizeof name);
        if (strcmp(name, r->forest.feature_name[f]) != 0)
            return false;
    }
    return true;
}

static souk_status parse_confidence(struct souk_stage_ranker *r, struct souk_error *err)
{
    const char *text = r->model->stages.confidence_text;
    const souk_status status =
        souk_confidence_parse(&r->confidence, text, strlen(text), "/confidence", err);
    return status == SOUK_OK ? status : souk_error_prefix(err, status, "%s", r->model->path);
}

souk_status souk_stage_ranker_init(struct souk_stage_ranker *out, const struct souk_model *model,
                                   struct souk_error *err)
{
    const char *text = model->stages.forest_text;
    *out =
        (struct souk_stage_ranker){.model = model, .features = souk_feature_count(&model->stages)};
    souk_status status = souk_stage_rules_of(model, &out->rules, err);
    if (status == SOUK_OK && text)
        status = souk_forest_parse(&out->forest, text, strlen(text), model->path, err);
    if (status == SOUK_OK && text && out->forest.features != out->features)
        status = souk_fail(err, SOUK_EFORMAT,
                           "%s: the ranker reads %d features, this build makes %d: train again",
                           model->path, out->forest.features, out->features);
    else if (status == SOUK_OK && text && !names_agree(out))
        status = souk_fail(err, SOUK_EFORMAT,
                           "%s: the ranker reads other features than this build makes: train again",
                           model->path);
    if (status == SOUK_OK && model->stages.confidence_text)
        status = parse_confidence(out, err);
    if (status == SOUK_OK && text)
        status = souk_forestscorer_new(&out->forest, &out->scorer, err);
    if (status != SOUK_OK)
        souk_stage_ranker_fini(out);
    return status;
}

void souk_stage_ranker_fini(struct souk_stage_ranker *r)
{
    souk_forestscorer_free(r->scorer);
    souk_forest_fini(&r->forest);
    souk_confidence_fini(&r->confidence);
    *r = (struct souk_stage_ranker){0};
}

double souk_stage_ranker_forest(const struct souk_stage_ranker *r, const float *feature)
{
    double row[SOUK_STAGE_FEATURES_MAX];
    for (int f = 0; f < r->features; f++)
        row[f] = feature[f];
    return r->scorer ? souk_forest_predict(&r->forest, row) : 0;
}

double souk_stage_base(float base)
{
    return log((base > 0 ? (double)base : 0) + 0x1p-13);
}

static const struct souk_blend *blend_of(const struct souk_stage_ranker *r, const float *feature)
{
    const float items = feature[souk_feature_of_items(&r->model->stages)];
    return &r->rules.blend[souk_stage_segment(&r->rules, items)];
}

double souk_stage_ranker_base(const struct souk_stage_ranker *r, const float *feature)
{
    const struct souk_blend *b = blend_of(r, feature);
    return souk_stage_base(
        feature[souk_feature_of_source(&r->model->stages, b->source, b->lifted)]);
}

static float sum_of(const struct souk_stage_ranker *r, double forest, const float *feature)
{
    const double base = souk_stage_ranker_base(r, feature);
    return r->scorer ? (float)(forest + (double)blend_of(r, feature)->weight * base) : (float)base;
}

float souk_stage_ranker_score(const struct souk_stage_ranker *r, const float *feature)
{
    return sum_of(r, souk_stage_ranker_forest(r, feature), feature);
}

souk_status souk_stage_scratch_init(struct souk_stage_scratch *t, const struct souk_stage_ranker *r)
{
    const size_t rows = SOUK_STAGE_SCORE_ROWS;
    const size_t bytes = r->scorer ? souk_forestscorer_scratch_bytes(r->scorer) : 1;
    *t = (struct souk_stage_scratch){.score = souk_zalloc_array(rows, sizeof *t->score),
                                     .block = souk_alloc_aligned(bytes, 1)};
    if (t->score && t->block)
        return SOUK_OK;
    souk_stage_scratch_fini(t);
    return SOUK_ENOMEM;
}

void souk_stage_scratch_fini(struct souk_stage_scratch *t)
{
    free(t->score);
    free(t->block);
    *t = (struct souk_stage_scratch){0};
}

void souk_stage_ranker_score_rows(const struct souk_stage_ranker *r, const float *feature,
                                  int64_t count, struct souk_stage_scratch *t, float *score)
{
    for (int64_t done = 0; done < count; done += SOUK_STAGE_SCORE_ROWS) {
        const float *first = feature + done * r->features;
        const int64_t left = count - done;
        const int64_t rows = left < SOUK_STAGE_SCORE_ROWS ? left : SOUK_STAGE_SCORE_ROWS;
        if (r->scorer)
            souk_forestscorer_score_floats(r->scorer, first, rows, r->features, t->block, t->score);
        for (int64_t i = 0; i < rows; i++)
            score[done + i] = sum_of(r, t->score[i], first + i * r->features);
    }
}
