#include "train/content/npyfile.h"

#include "shared/base/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { HEADER_MAX = 65536, PREFIX_BYTES = 12 };

static souk_status refuse(const struct souk_npy *npy, const char *why, struct souk_error *err)
{
    return souk_fail(err, SOUK_EFORMAT, "%s: %s", npy->path, why);
}

static souk_status read_bytes(struct souk_npy *npy, void *to, size_t size, struct souk_error *err)
{
    if (fread(to, 1, size, npy->file) == size)
        return SOUK_OK;
    return ferror(npy->file) ? souk_fail_errno(err, "%s", npy->path)
                             : refuse(npy, "the file ends too early", err);
}

/* The text behind `'key':` in the header's dictionary. */
static const char *find_value(const char *header, const char *key)
{
    const char *at = strstr(header, key);
    at = at ? strchr(at, ':') : NULL;
    return at ? at + 1 + strspn(at + 1, " ") : NULL;
}

static bool read_dimension(const char **at, int64_t *out)
{
    char *end = NULL;
    const long long value = strtoll(*at + strspn(*at, " "), &end, 10);
    const bool is_good = end != *at && value >= 0;
    *at = end + strspn(end, " ");
    *out = value;
    return is_good;
}

static souk_status parse_header(struct souk_npy *npy, const char *header, struct souk_error *err)
{
    const char *type = find_value(header, "'descr'");
    const char *order = find_value(header, "'fortran_order'");
    const char *shape = find_value(header, "'shape'");
    if (!type || !order || !shape || *shape++ != '(')
        return refuse(npy, "its header lacks descr, fortran_order or shape", err);
    npy->is_double = strncmp(type, "'<f8'", 5) == 0;
    if (!npy->is_double && strncmp(type, "'<f4'", 5) != 0)
        return refuse(npy, "its values are not '<f4' or '<f8': save them with astype('float32')",
                      err);
    if (strncmp(order, "False", 5) != 0)
        return refuse(npy, "it is in Fortran order: save it with ascontiguousarray()", err);
    if (!read_dimension(&shape, &npy->rows) || *shape++ != ',' ||
        !read_dimension(&shape, &npy->columns) || *shape != ')')
        return refuse(npy, "it does not have two dimensions", err);
    return npy->columns > 0 ? SOUK_OK : refuse(npy, "it has no columns", err);
}

static souk_status read_header(struct souk_npy *npy, struct souk_error *err)
{
    unsigned char prefix[PREFIX_BYTES] = {0};
    int64_t length;
    souk_status status = read_bytes(npy, prefix, 10, err);
    if (status)
        return status;
    if (memcmp(prefix, "\x93NUMPY", 6) != 0 || prefix[6] < 1 || prefix[6] > 2)
        return refuse(npy, "it is not a .npy file of version 1 or 2", err);
    if (prefix[6] == 2 && (status = read_bytes(npy, prefix + 10, 2, err)) != SOUK_OK)
        return status;
    length = prefix[8] + 256 * prefix[9];
    if (prefix[6] == 2)
        length += INT64_C(65536) * (prefix[10] + 256 * prefix[11]);
    npy->data = (prefix[6] == 2 ? 12 : 10) + length;
    if (length > HEADER_MAX)
        return refuse(npy, "its header is too long", err);
    char *header = souk_zalloc_array((size_t)length + 1, 1);
    if (!header)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory for its header", npy->path);
    status = read_bytes(npy, header, (size_t)length, err);
    if (!status)
        status = parse_header(npy, header, err);
    free(header);
    return status;
}

souk_status souk_npy_open(struct souk_npy *npy, const char *path, struct souk_error *err)
{
    struct stat about;
    size_t values = 0, bytes = 0;
    *npy = (struct souk_npy){.path = path, .file = fopen(path, "rb")};
    if (!npy->file || fstat(fileno(npy->file), &about) != 0)
        return souk_fail_errno(err, "%s", path);
    if (!S_ISREG(about.st_mode))
        return refuse(npy, "not a regular file", err);
    const souk_status status = read_header(npy, err);
    if (status)
        return status;
    if (!souk_mul_size((size_t)npy->rows, (size_t)npy->columns, &values) ||
        !souk_mul_size(values, npy->is_double ? 8 : 4, &bytes) ||
        (uint64_t)about.st_size - (uint64_t)npy->data != bytes)
        return refuse(npy, "its size is not that of its shape", err);
    return SOUK_OK;
}

void souk_npy_close(struct souk_npy *npy)
{
    if (npy->file)
        fclose(npy->file);
    *npy = (struct souk_npy){0};
}

souk_status souk_npy_read_row(struct souk_npy *npy, int64_t row, double *scratch, float *out,
                              struct souk_error *err)
{
    const size_t size = npy->is_double ? 8 : 4, bytes = (size_t)npy->columns * size;
    void *to = npy->is_double ? (void *)scratch : (void *)out;
    souk_status status = SOUK_OK;
    if (fseeko(npy->file, (off_t)(npy->data + row * (int64_t)bytes), SEEK_SET) != 0)
        return souk_fail_errno(err, "%s", npy->path);
    status = read_bytes(npy, to, bytes, err);
    for (int64_t c = 0; c < npy->columns && !status; c++) {
        if (npy->is_double)
            out[c] = (float)scratch[c];
        if (!isfinite(out[c]))
            status = souk_fail(err, SOUK_EFORMAT,
                               "%s: row %" PRId64 ", column %" PRId64
                               " is not a finite number in single precision",
                               npy->path, row, c);
    }
    return status;
}
