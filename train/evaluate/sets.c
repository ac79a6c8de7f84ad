#include "train/evaluate/sets.h"

#include <stddef.h>
#include <string.h>

#define KNOWN 0, INT64_MAX
#define ANY -1, INT64_MAX
#define ALL true, true
#define NONE INT64_MAX, -2

const struct souk_set souk_sets[SOUK_SETS] = {
    [SOUK_SET_HEADLINE] = {NULL, "headline", ALL, KNOWN, KNOWN},
    [SOUK_SET_ALL] = {NULL, "all", ALL, ANY, ANY},
    {"users", "warm", true, false, ANY, ANY},
    {"users", "cold", false, true, ANY, ANY},
    {"items", "warm", ALL, ANY, 1, INT64_MAX},
    {"items", "cold", ALL, ANY, -1, 0},
    {"history", "under 5", ALL, 0, 4, KNOWN},
    {"history", "5-9", ALL, 5, 9, KNOWN},
    {"history", "10-19", ALL, 10, 19, KNOWN},
    {"history", "20-49", ALL, 20, 49, KNOWN},
    {"history", "50-99", ALL, 50, 99, KNOWN},
    {"history", "100 and more", ALL, 100, INT64_MAX, KNOWN},
    {"popularity", "under 10", ALL, KNOWN, 0, 9},
    {"popularity", "10-99", ALL, KNOWN, 10, 99},
    {"popularity", "100-999", ALL, KNOWN, 100, 999},
    {"popularity", "1000 and more", ALL, KNOWN, 1000, INT64_MAX},
    [SOUK_SET_DECILES] = {"decile", "1", ALL, KNOWN, NONE},
    {"decile", "2", ALL, KNOWN, NONE},
    {"decile", "3", ALL, KNOWN, NONE},
    {"decile", "4", ALL, KNOWN, NONE},
    {"decile", "5", ALL, KNOWN, NONE},
    {"decile", "6", ALL, KNOWN, NONE},
    {"decile", "7", ALL, KNOWN, NONE},
    {"decile", "8", ALL, KNOWN, NONE},
    {"decile", "9", ALL, KNOWN, NONE},
    {"decile", "10", ALL, KNOWN, NONE},
};

void souk_sets_fill(const int64_t *decile_min, struct souk_set *out)
{
    memcpy(out, souk_sets, sizeof souk_sets);
    for (int d = 0; d < SOUK_DECILES; d++) {
        out[SOUK_SET_DECILES + d].events_min = decile_min[d];
        out[SOUK_SET_DECILES + d].events_max = d == 0 ? INT64_MAX : decile_min[d - 1] - 1;
    }
}
