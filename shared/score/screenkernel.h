/** @file
 *  The two builds of what screen.h finds rows by.
 */
#ifndef SOUK_SCORE_SCREENKERNEL_H
#define SOUK_SCORE_SCREENKERNEL_H

#include "shared/score/screen.h"

#include <stddef.h>

/** Behind the codes of a block. */
struct souk_screen_tail {
    float scale[SOUK_SCREEN_ROWS], error[SOUK_SCREEN_ROWS], length[SOUK_SCREEN_ROWS];
};

static inline size_t souk_screen_block_bytes(int stride)
{
    return (size_t)SOUK_SCREEN_ROWS * (size_t)stride + sizeof(struct souk_screen_tail);
}

/** @param norm of the first block's rows, or NULL */
typedef void (*souk_screen_kernel)(const unsigned char *blocks, int64_t block_count, int stride,
                                   const struct souk_screen_vector *v, const float *norm,
                                   float threshold, uint16_t *mask);

void souk_screen_find_plain(const unsigned char *blocks, int64_t block_count, int stride,
                            const struct souk_screen_vector *v, const float *norm, float threshold,
                            uint16_t *mask);
#if defined(__x86_64__)
void souk_screen_find_avx512vnni(const unsigned char *blocks, int64_t block_count, int stride,
                                 const struct souk_screen_vector *v, const float *norm,
                                 float threshold, uint16_t *mask);
#endif

#endif
