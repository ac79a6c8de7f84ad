/* Trees from a file: whatever is read can be walked, scored by blocks and explained, and is
 * written, read and written again as the same bytes. */
#include "shared/base/memory.h"
#include "shared/score/forestscorer.h"
#include "shared/score/foresttext.h"
#include "shared/score/treeshap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS = 9 };

/* By blocks the scores are the bits of the walk. */
static void score(const struct souk_forest *f, const double *rows)
{
    struct souk_forestscorer *s = NULL;
    double out[ROWS];
    if (souk_forestscorer_new(f, &s, NULL) != SOUK_OK)
        abort();
    void *scratch = souk_alloc_aligned(souk_forestscorer_scratch_bytes(s), 1);
    if (!scratch)
        abort();
    souk_forestscorer_score(s, rows, ROWS, f->features, scratch, out);
    for (int n = 0; n < ROWS; n++) {
        const double walked = souk_forest_predict(f, rows + n * f->features);
        if (memcmp(&out[n], &walked, sizeof walked) != 0 && walked == walked)
            abort();
    }
    free(scratch);
    souk_forestscorer_free(s);
}

static void explain(const struct souk_forest *f, const double *row)
{
    struct souk_treeshap s;
    double *phi = malloc(((size_t)f->features + 1) * sizeof *phi);
    struct souk_shap_step *path = NULL;
    if (!phi)
        abort();
    if (souk_treeshap_init(&s, f, NULL) == SOUK_OK) {
        path = malloc(s.scratch_steps * sizeof *path);
        if (path)
            souk_treeshap_explain(&s, row, path, phi);
    }
    souk_treeshap_fini(&s);
    free(path);
    free(phi);
}

static void use(const struct souk_forest *f)
{
    static const double values[ROWS] = {0, NAN, -1, 37, 1e300, -INFINITY, .1, 1e-36, 63};
    double *rows = calloc((size_t)f->features * ROWS, sizeof *rows);
    if (!rows)
        return;
    for (int n = 0; n < ROWS; n++)
        for (int i = 0; i < f->features; i++)
            rows[n * f->features + i] = values[(n + i) % ROWS];
    score(f, rows);
    explain(f, rows + f->features);
    free(rows);
}

static void write_twice(const struct souk_forest *f)
{
    struct souk_forest again;
    char *first = NULL, *second = NULL;
    size_t first_len, second_len;
    if (souk_forest_format(f, &first, &first_len, NULL) != SOUK_OK ||
        souk_forest_parse(&again, first, first_len, "written", NULL) != SOUK_OK ||
        souk_forest_format(&again, &second, &second_len, NULL) != SOUK_OK)
        abort();
    if (first_len != second_len || memcmp(first, second, first_len) != 0)
        abort();
    free(first);
    free(second);
    souk_forest_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct souk_forest f;
    struct souk_error err = {0};
    char *exact = malloc(size ? size : 1); /* of the very size: one byte beyond is seen */
    if (!exact)
        return 0;
    if (size > 0)
        memcpy(exact, data, size);
    const souk_status status = souk_forest_parse(&f, exact, size, "fuzz", &err);
    if (status == SOUK_OK) {
        use(&f);
        write_twice(&f);
    } else if (err.msg[0] == '\0' || f.trees != 0 || f.tree) {
        abort();
    }
    souk_forest_fini(&f);
    free(exact);
    return 0;
}
