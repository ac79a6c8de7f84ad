#include "train/evaluate/sets.h"

#include <stddef.h>

#define KNOWN 0, INT64_MAX
#define ANY -1, INT64_MAX
#define UNKNOWN -1, -1

const struct souk_set souk_sets[SOUK_SETS] = {
    [SOUK_SET_HEADLINE] = {NULL, "headline", KNOWN, KNOWN},
    [SOUK_SET_ALL] = {NULL, "all", ANY, ANY},
    {"users", "warm", KNOWN, ANY},
    {"users", "cold", UNKNOWN, ANY},
    {"items", "warm", ANY, KNOWN},
    {"items", "cold", ANY, UNKNOWN},
    {"history", "under 5", 0, 4, KNOWN},
    {"history", "5-9", 5, 9, KNOWN},
    {"history", "10-19", 10, 19, KNOWN},
    {"history", "20-49", 20, 49, KNOWN},
    {"history", "50-99", 50, 99, KNOWN},
    {"history", "100 and more", 100, INT64_MAX, KNOWN},
    {"popularity", "under 10", KNOWN, 0, 9},
    {"popularity", "10-99", KNOWN, 10, 99},
    {"popularity", "100-999", KNOWN, 100, 999},
    {"popularity", "1000 and more", KNOWN, 1000, INT64_MAX},
};
