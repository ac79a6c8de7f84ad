#include "train/evaluate/scorehistogram.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

souk_status souk_score_histogram_init(struct souk_score_histogram *h, struct souk_error *err)
{
    *h = (struct souk_score_histogram){
        .shown = souk_zalloc_array(SOUK_SCORE_CELLS, sizeof *h->shown),
        .wanted = souk_zalloc_array(SOUK_SCORE_CELLS, sizeof *h->wanted)};
    if (h->shown && h->wanted)
        return SOUK_OK;
    souk_score_histogram_fini(h);
    return souk_fail(err, SOUK_ENOMEM, "out of memory for a histogram of scores");
}

void souk_score_histogram_fini(struct souk_score_histogram *h)
{
    free(h->shown);
    free(h->wanted);
    *h = (struct souk_score_histogram){0};
}

/* Floats ascend as these integers do: the bits of negative ones are turned around. */
static uint32_t ordered_bits(float score)
{
    uint32_t bits;
    memcpy(&bits, &score, sizeof bits);
    return bits & 0x80000000U ? ~bits : bits | 0x80000000U;
}

double souk_score_of_cell(int cell)
{
    const uint32_t ordered = (uint32_t)cell << 16 | 0x8000U;
    const uint32_t bits = ordered & 0x80000000U ? ordered & 0x7fffffffU : ~ordered;
    float score;
    memcpy(&score, &bits, sizeof score);
    return (double)score;
}

void souk_score_histogram_add(struct souk_score_histogram *h, float score, int wanted)
{
    const uint32_t cell = ordered_bits(score) >> 16;
    h->shown[cell]++;
    h->wanted[cell] += wanted;
}

souk_status souk_score_histogram_sum_all(const struct souk_comm *comm,
                                         struct souk_score_histogram *h, struct souk_error *err)
{
    const souk_status status = souk_sum_i64_all(comm, h->shown, SOUK_SCORE_CELLS, err);
    return status == SOUK_OK ? souk_sum_i64_all(comm, h->wanted, SOUK_SCORE_CELLS, err) : status;
}

int souk_score_histogram_group(const struct souk_score_histogram *h, int64_t least, int *group)
{
    int64_t sum = 0;
    int groups = 0;
    for (int cell = 0; cell < SOUK_SCORE_CELLS; cell++) {
        sum += h->shown[cell];
        if (sum < least)
            continue;
        group[groups++] = cell;
        sum = 0;
    }
    if (groups > 0)
        group[groups - 1] = SOUK_SCORE_CELLS - 1;
    else if (sum > 0)
        group[groups++] = SOUK_SCORE_CELLS - 1;
    return groups;
}
