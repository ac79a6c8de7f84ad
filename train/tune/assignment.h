/** @file
 *  What a trial sets: options and their texts, as a command line, as JSON, as a configuration file.
 */
#ifndef SOUK_TUNE_ASSIGNMENT_H
#define SOUK_TUNE_ASSIGNMENT_H

#include "train/tune/space.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

enum { SOUK_ASSIGNMENT_ARGS = SOUK_DIMENSIONS_MAX + 5 };

struct souk_assignment {
    const struct souk_space *space; /**< borrowed */
    char text[SOUK_DIMENSIONS_MAX][SOUK_DIMENSION_TEXT];
};

/** A command line that stays valid as long as this struct is not moved. */
struct souk_assignment_line {
    int argc;
    char *argv[SOUK_ASSIGNMENT_ARGS];
    char text[SOUK_ASSIGNMENT_ARGS][2 * SOUK_DIMENSION_TEXT + 4];
};

/** @param point [dimensions] */
void souk_assignment_make(struct souk_assignment *a, const struct souk_space *space,
                          const double *point);

/** "NAME --dataset=- --out=- --lambda=0.01 ... --seed=N" @param seed -1: none */
void souk_assignment_line(const struct souk_assignment *a, int64_t seed,
                          struct souk_assignment_line *line);

/** {"lambda": "0.01", ...}, a new reference; NULL: no memory. */
json_t *souk_assignment_json(const struct souk_assignment *a);

/** "lambda=0.01 nu=1" @param constants whether to name what never changes */
void souk_assignment_format(const struct souk_assignment *a, bool constants, char *text,
                            size_t size);

#endif
