/* make_model OUT USERS ITEMS FACTORS PARTS SEED [FAULT|stages|NEIGHBOURS]: a random model for the
 * serving tests. */
#include "tests/support/small_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum small_model_fault fault_of(const char *name)
{
    if (strcmp(name, "nan") == 0)
        return SMALL_MODEL_NAN;
    if (strcmp(name, "schema") == 0)
        return SMALL_MODEL_SCHEMA;
    return SMALL_MODEL_WHOLE;
}

int main(int argc, char **argv)
{
    struct souk_error err = {0};
    if (argc < 7) {
        fputs(
            "usage: make_model OUT USERS ITEMS FACTORS PARTS SEED [nan|schema|stages|NEIGHBOURS]\n",
            stderr);
        return 2;
    }
    const struct small_model m = {.users = atoll(argv[2]),
                                  .items = atoll(argv[3]),
                                  .factors = atoi(argv[4]),
                                  .parts = atoi(argv[5]),
                                  .neighbours = argc > 7 ? atoll(argv[7]) : 0,
                                  .stages = argc > 7 && strcmp(argv[7], "stages") == 0,
                                  .seed = strtoull(argv[6], NULL, 10),
                                  .fault = argc > 7 ? fault_of(argv[7]) : SMALL_MODEL_WHOLE};
    if (small_model_write(argv[1], &m, &err) != SOUK_OK) {
        fprintf(stderr, "make_model: %s\n", err.msg);
        return 1;
    }
    return 0;
}
