/* 16 rows in the lanes of one register: a load, a broadcast and one instruction for every 4 of
 * their factors. */
#include "shared/score/screenkernel.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))

VNNI static __m512 dots(const unsigned char *codes, int stride, const struct souk_screen_vector *v)
{
    __m512i even = _mm512_set1_epi32(-v->offset), odd = _mm512_setzero_si512();
    for (int k = 0; k < stride; k += 8) {
        int32_t p[2];
        memcpy(p, v->code + k, sizeof p);
        even =
            _mm512_dpbusd_epi32(even, _mm512_load_si512(codes + 16 * k), _mm512_set1_epi32(p[0]));
        odd = _mm512_dpbusd_epi32(odd, _mm512_load_si512(codes + 16 * (k + 4)),
                                  _mm512_set1_epi32(p[1]));
    }
    return _mm512_cvtepi32_ps(_mm512_add_epi32(even, odd));
}

VNNI void souk_screen_find_avx512vnni(const unsigned char *blocks, int64_t block_count, int stride,
                                      const struct souk_screen_vector *v, const float *norm,
                                      float threshold, uint16_t *mask)
{
    const size_t block_bytes = souk_screen_block_bytes(stride);
    const __m512 scale = _mm512_set1_ps(v->scale), length = _mm512_set1_ps(v->length);
    const __m512 error = _mm512_set1_ps(v->error);
    for (int64_t b = 0; b < block_count; b++) {
        const unsigned char *block = blocks + (size_t)b * block_bytes;
        const struct souk_screen_tail *tail = (const void *)(block + 16 * stride);
        __m512 least = _mm512_set1_ps(threshold);
        __m512 bound = _mm512_mul_ps(_mm512_mul_ps(_mm512_load_ps(tail->scale), scale),
                                     dots(block, stride, v));
        bound = _mm512_fmadd_ps(_mm512_load_ps(tail->error), length, bound);
        bound = _mm512_fmadd_ps(_mm512_load_ps(tail->length), error, bound);
        if (norm)
            least = _mm512_mul_ps(least, _mm512_loadu_ps(norm + 16 * b));
        mask[b] = _mm512_cmp_ps_mask(bound, least, _CMP_NLT_UQ);
    }
}
#endif
