#include "shared/score/categoryfeatures.h"

#include <math.h>
#include <stdio.h>

/* One table names a feature and computes it. */
struct feature {
    const char *name;
    float (*of)(const struct souk_profile_value *v, float mean_value);
};

static float of_items(const struct souk_profile_value *v, float mean_value)
{
    (void)mean_value; /* a parameter of the interface */
    return v->items;
}

static float of_recent(const struct souk_profile_value *v, float mean_value)
{
    (void)mean_value;
    return v->recent;
}

static float of_price(const struct souk_profile_value *v, float mean_value)
{
    const float usual = v->spent / v->spent_count;
    return usual > 0 && mean_value > 0 ? mean_value / usual : NAN;
}

static const struct feature features[SOUK_CATEGORY_FEATURES_OF_A_LEVEL] = {
    {"items", of_items},
    {"recent", of_recent},
    {"price", of_price},
};

int souk_category_feature_count(const struct souk_model_stages *s)
{
    return s->levels.count * SOUK_CATEGORY_FEATURES_OF_A_LEVEL;
}

void souk_category_feature_name(const struct souk_model_stages *s, int f, char *name, size_t size)
{
    snprintf(name, size, "category.%s.%s", s->levels.of[f / SOUK_CATEGORY_FEATURES_OF_A_LEVEL].name,
             features[f % SOUK_CATEGORY_FEATURES_OF_A_LEVEL].name);
}

void souk_category_feature_row(const struct souk_model_stages *s,
                               const struct souk_profile *profile, int64_t item, float mean_value,
                               float *out)
{
    static const struct souk_profile_value nothing = {0};
    for (int l = 0; l < s->levels.count; l++) {
        const int32_t value = souk_level_of(&s->levels, l, item);
        const struct souk_profile_value *v = souk_profile_of_value(profile, l, value);
        for (int f = 0; f < SOUK_CATEGORY_FEATURES_OF_A_LEVEL; f++)
            *out++ = value < 0 ? NAN : features[f].of(v ? v : &nothing, mean_value);
    }
}
