/* Trees from a file: whatever is read can be walked and explained, and is written, read and written
 * again as the same bytes. */
#include "shared/score/foresttext.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const struct souk_forest *f)
{
    static const double values[] = {0, NAN, -1, 37, 1e300, -INFINITY};
    double *row = calloc((size_t)f->features, sizeof *row);
    if (!row)
        return;
    for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
        for (int i = 0; i < f->features; i++)
            row[i] = values[v];
        for (int t = 0; t < f->trees; t++) {
            const int leaf = souk_tree_leaf(&f->tree[t], row);
            if (leaf < 0 || leaf >= f->tree[t].leaves)
                abort();
        }
    }
    free(row);
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
        walk(&f);
        write_twice(&f);
    } else if (err.msg[0] == '\0' || f.trees != 0 || f.tree) {
        abort();
    }
    souk_forest_fini(&f);
    free(exact);
    return 0;
}
