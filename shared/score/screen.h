/** @file
 *  Which rows of a matrix may reach a score: told from a copy of the rows in 8 bits, which is a
 *  quarter of the bytes to read, and never wrongly no.
 *
 *      x = s q + dx      a row: scale times codes of -127 to 127, and what they miss
 *      u = t p + du      the vector that it is scored by, likewise
 *      u x <= s t (q p) + |u| |dx| + |du| |s q|                             (Cauchy and Schwarz)
 *
 *  Rows whose bound is below the threshold are out; the others, a few in a thousand, are scored in
 *  full by the caller. |dx| also holds what rounding may add to the score that souk_dot() finds.
 *
 *  16 rows stand together, 4 factors of each side by side, as the processor's 8-bit dot product
 *  (VNNI) takes them; behind them their s, |dx| and |s q|.
 */
#ifndef SOUK_SCORE_SCREEN_H
#define SOUK_SCORE_SCREEN_H

#include "shared/base/status.h"
#include "shared/model/modelfile.h"

#include <stdbool.h>
#include <stdint.h>

enum { SOUK_SCREEN_ROWS = 16 };

/** Immutable. Zeroed: none. */
struct souk_screen {
    int stride;
    unsigned char *blocks; /**< one for every 16 rows; NULL: this screen tells nothing */
};

struct souk_screen_vector {
    int8_t code[SOUK_FACTORS_MAX];
    float scale, length, error; /**< t, |u|, |du| */
    int32_t offset;             /**< of every dot product: codes of rows are stored plus 128 */
};

/** Whether this processor is faster with screens than without. */
bool souk_screen_is_wanted(void);

/** @param rows [count x stride], stride a multiple of 16
 *  @param out  empty with souk_screen_fini(). A matrix with values beyond 1e15 gets none
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_screen_init(struct souk_screen *out, const float *rows, int64_t count,
                             int stride) SOUK_MUST_CHECK;
void souk_screen_fini(struct souk_screen *s);

/** Bytes that souk_screen_init() takes. */
int64_t souk_screen_bytes(int64_t count, int stride);

/** @param vector [stride]
 *  @return false: it has values beyond 1e15; score all rows in full */
bool souk_screen_vector_init(struct souk_screen_vector *out, const float *vector, int stride);

/** Find the rows of [first, first + count) that may score at least the threshold.
 *  @param first a multiple of 16
 *  @param norm  scores are divided by these: [first + count rounded up to 16], positive; or NULL
 *  @param mask  [count / 16, rounded up]; bit r of mask[b] stands for row first + 16 b + r */
void souk_screen_find(const struct souk_screen *s, const struct souk_screen_vector *v,
                      int64_t first, int64_t count, const float *norm, float threshold,
                      uint16_t *mask);

/** For tests and benchmarks: "avx512vnni" or "plain" from now on, wanted either way; NULL: what was
 *  chosen before main(). Not thread-safe. @return false: not on this processor */
bool souk_screen_select(const char *name);

#endif
