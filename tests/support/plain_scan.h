/** @file
 *  The lists that a fleet must give, by one scan over all items of a model with the reference dot
 *  product and a sort. Of a two-stage model only what its base source says of an item, and what is
 *  popular.
 */
#ifndef SOUK_TESTS_PLAIN_SCAN_H
#define SOUK_TESTS_PLAIN_SCAN_H

#include "shared/model/modelfile.h"

#include <stdbool.h>
#include <stdint.h>

struct plain_hit {
    float score;
    const char *id; /**< of the model */
    int part;
};

struct plain_scan {
    struct souk_model *model;
    struct souk_model_part *parts; /**< [model->parts] */
    struct plain_hit *hits;        /**< [count], best first, of the last question */
    int64_t count;
};

/** @param out empty with plain_scan_fini(), also after a failure */
souk_status plain_scan_open(const char *path, struct plain_scan *out,
                            struct souk_error *err) SOUK_MUST_CHECK;
void plain_scan_fini(struct plain_scan *s);

/** All items that may be recommended to a user; popular ones to one whom the model does not know.
 */
void plain_scan_user(struct plain_scan *s, const char *id);

/** All items that are similar to an item of the model. @return false: it does not know the item */
bool plain_scan_item(struct plain_scan *s, const char *id);

#endif
