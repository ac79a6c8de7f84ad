/* foldin_check MODEL: fold every training user's history in, and print the largest difference to
 * the factors that training gave, relative to the largest factor. */
#include "shared/base/memory.h"
#include "shared/score/foldin.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All item factors, by model row. */
static souk_status load_items(const struct souk_model *m, struct souk_foldin *f, float *factors,
                              struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int p = 0; p < m->parts && status == SOUK_OK; p++) {
        struct souk_model_part part;
        status = souk_model_read_part(m, p, SOUK_MODEL_ITEMS, &part, err);
        if (status == SOUK_OK) {
            memcpy(factors + m->item_first[p] * part.stride, part.item_factors,
                   (size_t)(part.items.count * part.stride) * sizeof *factors);
            status = souk_foldin_add_items(f, &part);
        }
        souk_model_part_fini(&part);
    }
    return status;
}

struct worst {
    double difference, largest;
};

static souk_status check_part(const struct souk_foldin *f, const struct souk_model_part *p,
                              const float *factors, struct worst *worst)
{
    souk_status status = SOUK_OK;
    const float **row = souk_alloc_array((size_t)p->history_offsets[p->users.count], sizeof *row);
    float *x = souk_alloc_array((size_t)p->stride, sizeof *x);
    double *scratch = souk_alloc_array((size_t)souk_foldin_scratch(f), sizeof *scratch);
    if (!row || !x || !scratch)
        status = SOUK_ENOMEM;
    for (int64_t u = 0; u < p->users.count && status == SOUK_OK; u++) {
        const int64_t first = p->history_offsets[u], count = p->history_offsets[u + 1] - first;
        for (int64_t i = 0; i < count; i++)
            row[i] = factors + p->history[first + i] * p->stride;
        status = souk_foldin_solve(f, row, p->history_weight + first, NULL, count, scratch, x);
        for (int c = 0; c < p->stride; c++) {
            const double trained = (double)p->user_factors[u * p->stride + c];
            worst->difference = fmax(worst->difference, fabs((double)x[c] - trained));
            worst->largest = fmax(worst->largest, fabs(trained));
        }
    }
    free(row);
    free(x);
    free(scratch);
    return status;
}

int main(int argc, char **argv)
{
    struct souk_error err = {0};
    struct souk_model *m = NULL;
    struct souk_foldin f = {0};
    struct worst worst = {0};
    float *factors = NULL;
    souk_status status = argc == 2 ? souk_model_open(argv[1], &m, &err) : SOUK_EUSAGE;
    if (status == SOUK_OK)
        status = souk_foldin_init(m, &f, &err);
    if (status == SOUK_OK) {
        factors = souk_alloc_array((size_t)(souk_model_items(m) * f.stride), sizeof *factors);
        status = factors ? load_items(m, &f, factors, &err) : SOUK_ENOMEM;
    }
    for (int p = 0; status == SOUK_OK && p < m->parts; p++) {
        struct souk_model_part part;
        status = souk_model_read_part(m, p, SOUK_MODEL_USERS, &part, &err);
        if (status == SOUK_OK)
            status = check_part(&f, &part, factors, &worst);
        souk_model_part_fini(&part);
    }
    if (status == SOUK_OK)
        printf("%.3g\n", worst.difference / worst.largest);
    else
        fprintf(stderr, "foldin_check: %s\n", err.msg);
    free(factors);
    souk_foldin_fini(&f);
    souk_model_free(m);
    return status != SOUK_OK;
}
