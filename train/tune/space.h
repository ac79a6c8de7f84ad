/** @file
 *  The space of a search: named dimensions, each a range or a list of values, over the unit cube.
 *
 *      "alpha0=log:0.01:3,factors=int:32:128,solver=cholesky|cg,epochs=15"
 *
 *      NAME=LO:HI             any number of the range      NAME=int:LO:HI      whole numbers
 *      NAME=log:LO:HI         the same, by its logarithm   NAME=logint:LO:HI   whole, by logarithm
 *      NAME=A|B|C             one of the values            NAME=A              always this value
 *
 *  Both ends of a range may carry a unit, which every value then has: half-life=logint:7d:365d.
 *  A name is an option of the model's command line. A trial is what the options' texts say, so that
 *  a file with these texts trains the same model.
 */
#ifndef SOUK_TUNE_SPACE_H
#define SOUK_TUNE_SPACE_H

#include "shared/base/status.h"

#include <stdbool.h>

enum {
    SOUK_DIMENSIONS_MAX = 20,
    SOUK_DIMENSION_CHOICES_MAX = 64,
    SOUK_DIMENSION_TEXT = 64, /**< bytes of a name or a value with its NUL */
    SOUK_DIMENSION_UNIT = 4,
};

enum souk_scale { SOUK_SCALE_LINEAR, SOUK_SCALE_LOG, SOUK_SCALE_CHOICE };

struct souk_dimension {
    char name[SOUK_DIMENSION_TEXT];
    enum souk_scale scale;
    bool whole;
    double low, high;
    char unit[SOUK_DIMENSION_UNIT]; /**< of a range's values, "" none */
    int choice_count;               /**< CHOICE; 1: a constant */
    char (*choices)[SOUK_DIMENSION_TEXT];
};

struct souk_space {
    int count;
    struct souk_dimension dimensions[SOUK_DIMENSIONS_MAX];
};

/** @param out free with souk_space_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_EUSAGE (names the dimension and what it takes), SOUK_ENOMEM */
souk_status souk_space_parse(const char *text, struct souk_space *out,
                             struct souk_error *err) SOUK_MUST_CHECK;
void souk_space_fini(struct souk_space *s);

/** The dimension of this name; NULL: none. */
const struct souk_dimension *souk_space_find(const struct souk_space *s, const char *name);

/** Whether a search has anything to choose here. */
static inline bool souk_dimension_is_constant(const struct souk_dimension *d)
{
    return d->scale == SOUK_SCALE_CHOICE && d->choice_count == 1;
}

/** The value at a coordinate. @param unit in [0, 1]; 0 and 1 give the ends of a range */
void souk_dimension_value(const struct souk_dimension *d, double unit,
                          char text[SOUK_DIMENSION_TEXT]);

/** The choice at a coordinate, of CHOICE. */
int souk_dimension_choice(const struct souk_dimension *d, double unit);

#endif
