#include "shared/data/h5file.h"

#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/data/h5seal.h"

#include <hdf5.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_BYTES = 1 << 19, KIND_MAX_BYTES = 64 };

struct souk_h5 {
    hid_t file;
    char *path;
    char kind[KIND_MAX_BYTES + 1];
    bool writing;
};

static hid_t file_type(enum souk_h5_type type)
{
    switch (type) {
    case SOUK_H5_U8:
        return H5T_STD_U8LE;
    case SOUK_H5_I32:
        return H5T_STD_I32LE;
    case SOUK_H5_I64:
        return H5T_STD_I64LE;
    case SOUK_H5_F32:
        return H5T_IEEE_F32LE;
    case SOUK_H5_F64:
        return H5T_IEEE_F64LE;
    }
    return H5I_INVALID_HID;
}

static hid_t memory_type(enum souk_h5_type type)
{
    switch (type) {
    case SOUK_H5_U8:
        return H5T_NATIVE_UINT8;
    case SOUK_H5_I32:
        return H5T_NATIVE_INT32;
    case SOUK_H5_I64:
        return H5T_NATIVE_INT64;
    case SOUK_H5_F32:
        return H5T_NATIVE_FLOAT;
    case SOUK_H5_F64:
        return H5T_NATIVE_DOUBLE;
    }
    return H5I_INVALID_HID;
}

static void close_type(hid_t id)
{
    if (id >= 0)
        H5Tclose(id);
}

static void close_space(hid_t id)
{
    if (id >= 0)
        H5Sclose(id);
}

static void close_plist(hid_t id)
{
    if (id >= 0)
        H5Pclose(id);
}

static void close_dataset(hid_t id)
{
    if (id >= 0)
        H5Dclose(id);
}

static souk_status new_handle(const char *path, const char *kind, struct souk_h5 **out,
                              struct souk_error *err)
{
    struct souk_h5 *h5 = souk_zalloc_array(1, sizeof *h5);
    /* A file that a full disk kept from closing stays open in the library, whose exit handler would
     * crash on it. Everything else is closed by us. */
    H5dont_atexit();
    /* Our messages name the file and the reason: HDF5's own stack is not for users. */
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    *out = NULL;
    if (h5)
        h5->path = souk_strndup(path, strlen(path));
    if (!h5 || !h5->path) {
        free(h5);
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory", path);
    }
    strncpy(h5->kind, kind, KIND_MAX_BYTES);
    h5->file = H5I_INVALID_HID;
    *out = h5;
    return SOUK_OK;
}

souk_status souk_h5_create(const char *path, const char *kind, struct souk_h5 **out,
                           struct souk_error *err)
{
    hid_t creation = H5I_INVALID_HID;
    souk_status status = new_handle(path, kind, out, err);
    if (status)
        return status;
    creation = H5Pcreate(H5P_FILE_CREATE);
    if (creation >= 0 && H5Pset_userblock(creation, SOUK_H5_SEAL_BYTES) >= 0)
        (*out)->file = H5Fcreate(path, H5F_ACC_TRUNC, creation, H5P_DEFAULT);
    close_plist(creation);
    (*out)->writing = (*out)->file >= 0;
    if ((*out)->file < 0) {
        souk_h5_close(*out);
        *out = NULL;
        return souk_fail(err, SOUK_EIO, "%s: cannot create the file (disk full, or no permission?)",
                         path);
    }
    return SOUK_OK;
}

/* A file that a full disk keeps from closing stays open in the library, and would hold its blocks
 * after it is removed: give them back, for a process that goes on. */
static bool close_file(struct souk_h5 *h5)
{
    const bool closed = h5->file < 0 || H5Fclose(h5->file) >= 0;
    if (!closed && h5->writing && truncate(h5->path, 0) != 0)
        souk_log(SOUK_LOG_WARN, "leftover", "path=%s", h5->path);
    h5->file = H5I_INVALID_HID;
    return closed;
}

souk_status souk_h5_seal(struct souk_h5 *h5, int64_t *size_bytes, uint64_t *digest,
                         struct souk_error *err)
{
    souk_status status = SOUK_OK;
    if (H5Fflush(h5->file, H5F_SCOPE_GLOBAL) < 0)
        status = souk_fail(err, SOUK_EIO, "%s: cannot write (disk full?)", h5->path);
    if (!close_file(h5) && !status)
        status = souk_fail(err, SOUK_EIO, "%s: cannot close (disk full?)", h5->path);
    if (!status)
        status = souk_h5seal_write(h5->path, h5->kind, size_bytes, digest, err);
    souk_h5_close(h5);
    return status;
}

souk_status souk_h5_open(const char *path, const char *kind, const int64_t *size_bytes,
                         const uint64_t *digest, struct souk_h5 **out, struct souk_error *err)
{
    int64_t size = 0;
    uint64_t seal = 0;
    souk_status status = new_handle(path, kind, out, err);
    if (status)
        return status;
    status = souk_h5seal_verify(path, kind, &size, &seal, err);
    if (!status && ((digest && seal != *digest) || (size_bytes && size != *size_bytes)))
        status = souk_fail(
            err, SOUK_EINTEGRITY,
            "%s: whole, but not the file that the manifest names (another version's?)", path);
    if (!status) {
        (*out)->file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
        if ((*out)->file < 0)
            status = souk_fail(err, SOUK_EFORMAT, "%s: HDF5 cannot open it", path);
    }
    if (status) {
        souk_h5_close(*out);
        *out = NULL;
    }
    return status;
}

void souk_h5_close(struct souk_h5 *h5)
{
    if (!h5)
        return;
    close_file(h5);
    free(h5->path);
    free(h5);
}

/* Chunks of whole rows, about CHUNK_BYTES each; without any row, a plain contiguous dataset. */
static hid_t creation_properties(int64_t rows, int64_t columns, size_t element)
{
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    const int64_t row_bytes = (columns ? columns : 1) * (int64_t)element;
    int64_t per_chunk = CHUNK_BYTES / (row_bytes > 0 ? row_bytes : 1);
    hsize_t chunk[2];

    if (per_chunk < 1)
        per_chunk = 1;
    if (per_chunk > rows)
        per_chunk = rows;
    chunk[0] = (hsize_t)per_chunk;
    chunk[1] = (hsize_t)columns;
    if (creation < 0 || H5Pset_obj_track_times(creation, false) < 0)
        goto fail;
    if (rows > 0 &&
        (H5Pset_chunk(creation, columns ? 2 : 1, chunk) < 0 ||
         (element > 1 && H5Pset_shuffle(creation) < 0) || H5Pset_fletcher32(creation) < 0))
        goto fail;
    return creation;
fail:
    close_plist(creation);
    return H5I_INVALID_HID;
}

static hid_t link_properties(void)
{
    hid_t links = H5Pcreate(H5P_LINK_CREATE);
    if (links >= 0 && H5Pset_create_intermediate_group(links, 1) < 0) {
        H5Pclose(links);
        return H5I_INVALID_HID;
    }
    return links;
}

/* The dataspace of strided rows in memory, with the elements of the dataset selected. */
static hid_t memory_space(int64_t rows, int64_t columns, int64_t stride)
{
    const int rank = columns ? 2 : 1;
    const hsize_t size[2] = {(hsize_t)rows, (hsize_t)stride};
    const hsize_t start[2] = {0, 0}, count[2] = {(hsize_t)rows, (hsize_t)columns};
    hid_t space = H5Screate_simple(rank, size, NULL);
    if (space >= 0 && rank == 2 && rows > 0 && stride > columns &&
        H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) < 0) {
        H5Sclose(space);
        return H5I_INVALID_HID;
    }
    return space;
}

static souk_status write_dataset(struct souk_h5 *h5, const char *name, hid_t stored, hid_t native,
                                 const void *data, int64_t rows, int64_t columns, int64_t stride,
                                 struct souk_error *err)
{
    const hsize_t size[2] = {(hsize_t)rows, (hsize_t)columns};
    souk_status status = SOUK_OK;
    hid_t dataset = H5I_INVALID_HID;
    const hid_t space = H5Screate_simple(columns ? 2 : 1, size, NULL);
    const hid_t memory = memory_space(rows, columns, stride);
    const hid_t links = link_properties();
    const hid_t creation = creation_properties(rows, columns, H5Tget_size(stored));

    if (space >= 0 && memory >= 0 && links >= 0 && creation >= 0)
        dataset = H5Dcreate2(h5->file, name, stored, space, links, creation, H5P_DEFAULT);
    if (dataset < 0 ||
        (rows > 0 && H5Dwrite(dataset, native, memory, H5S_ALL, H5P_DEFAULT, data) < 0))
        status = souk_fail(err, SOUK_EIO, "%s: cannot write %s (disk full?)", h5->path, name);
    close_dataset(dataset);
    close_plist(creation);
    close_plist(links);
    close_space(memory);
    close_space(space);
    return status;
}

souk_status souk_h5_write(struct souk_h5 *h5, const char *name, enum souk_h5_type type,
                          const void *data, int64_t rows, int64_t columns, int64_t stride,
                          struct souk_error *err)
{
    return write_dataset(h5, name, file_type(type), memory_type(type), data, rows, columns, stride,
                         err);
}

bool souk_h5_has(struct souk_h5 *h5, const char *name)
{
    char group[128];
    const char *slash = strrchr(name, '/');
    if (slash && slash > name) {
        const size_t len = (size_t)(slash - name);
        if (len >= sizeof group)
            return false;
        memcpy(group, name, len);
        group[len] = '\0';
        if (!souk_h5_has(h5, group))
            return false;
    }
    return H5Lexists(h5->file, name, H5P_DEFAULT) > 0;
}

/* Open, and check that the dataset is as simple as those we write. */
static souk_status open_dataset(struct souk_h5 *h5, const char *name, hid_t *dataset, int64_t *rows,
                                int64_t *columns, struct souk_error *err)
{
    hsize_t size[2] = {0, 0};
    souk_status status = SOUK_OK;
    hid_t space = H5I_INVALID_HID;

    *dataset = souk_h5_has(h5, name) ? H5Dopen2(h5->file, name, H5P_DEFAULT) : H5I_INVALID_HID;
    if (*dataset < 0)
        return souk_fail(err, SOUK_EFORMAT, "%s: has no dataset %s", h5->path, name);
    space = H5Dget_space(*dataset);
    const int rank = space >= 0 ? H5Sget_simple_extent_ndims(space) : -1;
    if (rank < 1 || rank > 2 || H5Sget_simple_extent_dims(space, size, NULL) < 0 ||
        size[0] > INT64_MAX || size[1] > INT64_MAX)
        status = souk_fail(err, SOUK_EFORMAT, "%s: %s has no shape of one or two dimensions",
                           h5->path, name);
    *rows = (int64_t)size[0];
    *columns = rank == 2 ? (int64_t)size[1] : 0;
    close_space(space);
    if (status) {
        H5Dclose(*dataset);
        *dataset = H5I_INVALID_HID;
    }
    return status;
}

souk_status souk_h5_shape(struct souk_h5 *h5, const char *name, int64_t *rows, int64_t *columns,
                          struct souk_error *err)
{
    hid_t dataset = H5I_INVALID_HID;
    souk_status status = open_dataset(h5, name, &dataset, rows, columns, err);
    close_dataset(dataset);
    return status;
}

/* The stored type must be the one we write, and the file must hold as many bytes as the shape says:
 * a header that lies about its size must not make us allocate. */
static souk_status check_storage(struct souk_h5 *h5, const char *name, hid_t dataset, hid_t stored,
                                 int64_t rows, int64_t columns, struct souk_error *err)
{
    size_t elements = 0, bytes = 0;
    const hid_t type = H5Dget_type(dataset);
    const bool same = type >= 0 && H5Tequal(type, stored) > 0;
    close_type(type);
    if (!same)
        return souk_fail(err, SOUK_EFORMAT, "%s: %s has another type than the format says",
                         h5->path, name);
    if (!souk_mul_size((size_t)rows, (size_t)(columns ? columns : 1), &elements) ||
        !souk_mul_size(elements, H5Tget_size(stored), &bytes) ||
        (uint64_t)H5Dget_storage_size(dataset) < bytes)
        return souk_fail(err, SOUK_EFORMAT, "%s: %s holds less than its shape says", h5->path,
                         name);
    return SOUK_OK;
}

static souk_status read_dataset(struct souk_h5 *h5, const char *name, hid_t dataset, hid_t native,
                                void *data, int64_t rows, int64_t columns, int64_t stride,
                                struct souk_error *err)
{
    souk_status status = SOUK_OK;
    const hid_t memory = memory_space(rows, columns, stride);
    if (memory < 0 ||
        (rows > 0 && H5Dread(dataset, native, memory, H5S_ALL, H5P_DEFAULT, data) < 0))
        status = souk_fail(err, SOUK_EINTEGRITY, "%s: cannot read %s (checksum of a chunk?)",
                           h5->path, name);
    close_space(memory);
    return status;
}

souk_status souk_h5_read(struct souk_h5 *h5, const char *name, enum souk_h5_type type, void *data,
                         int64_t rows, int64_t columns, int64_t stride, struct souk_error *err)
{
    int64_t found_rows = 0, found_columns = 0;
    hid_t dataset = H5I_INVALID_HID;
    souk_status status = open_dataset(h5, name, &dataset, &found_rows, &found_columns, err);
    if (!status && (found_rows != rows || found_columns != columns))
        status = souk_fail(err, SOUK_EFORMAT,
                           "%s: %s is %" PRId64 " x %" PRId64 ", wanted %" PRId64 " x %" PRId64,
                           h5->path, name, found_rows, found_columns, rows, columns);
    if (!status)
        status = check_storage(h5, name, dataset, file_type(type), rows, columns, err);
    if (!status)
        status =
            read_dataset(h5, name, dataset, memory_type(type), data, rows, columns, stride, err);
    close_dataset(dataset);
    return status;
}

souk_status souk_h5_read_new(struct souk_h5 *h5, const char *name, enum souk_h5_type type,
                             int64_t max_rows, void **data, int64_t *rows, struct souk_error *err)
{
    int64_t columns = 0;
    hid_t dataset = H5I_INVALID_HID;
    souk_status status;

    *data = NULL;
    status = open_dataset(h5, name, &dataset, rows, &columns, err);
    if (!status && columns != 0)
        status =
            souk_fail(err, SOUK_EFORMAT, "%s: %s has two dimensions, wanted one", h5->path, name);
    if (!status && *rows > max_rows)
        status = souk_fail(err, SOUK_ELIMIT, "%s: %s has %" PRId64 " rows, at most %" PRId64 " fit",
                           h5->path, name, *rows, max_rows);
    if (!status)
        status = check_storage(h5, name, dataset, file_type(type), *rows, 0, err);
    if (!status) {
        *data = souk_alloc_aligned((size_t)*rows, H5Tget_size(memory_type(type)));
        if (!*data)
            status = souk_fail(err, SOUK_ENOMEM, "%s: no memory for %s", h5->path, name);
    }
    if (!status)
        status = read_dataset(h5, name, dataset, memory_type(type), *data, *rows, 0, 1, err);
    if (status) {
        free(*data);
        *data = NULL;
    }
    close_dataset(dataset);
    return status;
}

static hid_t id_type(int width)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 &&
        (H5Tset_size(type, (size_t)width) < 0 || H5Tset_strpad(type, H5T_STR_NULLPAD) < 0 ||
         H5Tset_cset(type, H5T_CSET_UTF8) < 0)) {
        H5Tclose(type);
        return H5I_INVALID_HID;
    }
    return type;
}

souk_status souk_h5_write_ids(struct souk_h5 *h5, const char *name, const struct souk_idtable *ids,
                              int width, struct souk_error *err)
{
    const size_t row = (size_t)width;
    souk_status status;
    const hid_t type = id_type(width);
    char *packed = souk_zalloc_array((size_t)ids->count, row);

    if (type < 0 || !packed) {
        status = souk_fail(err, SOUK_ENOMEM, "%s: no memory for %s", h5->path, name);
        goto out;
    }
    for (int64_t i = 0; i < ids->count; i++) {
        const char *id = souk_idtable_get(ids, i);
        const size_t len = strlen(id);
        if (len > row) {
            status = souk_fail(err, SOUK_EINVAL, "%s: id '%s' is longer than %d bytes", h5->path,
                               id, width);
            goto out;
        }
        memcpy(packed + (size_t)i * row, id, len);
    }
    status = write_dataset(h5, name, type, type, packed, ids->count, 0, 1, err);
out:
    close_type(type);
    free(packed);
    return status;
}

/* Spread [count x width] over the table's rows of width + 1. */
static void unpack_ids(const char *packed, int width, struct souk_idtable *ids)
{
    for (int64_t i = 0; i < ids->count; i++)
        memcpy(ids->bytes + (size_t)i * (size_t)ids->stride, packed + (size_t)i * (size_t)width,
               (size_t)width);
}

static souk_status stored_id_width(struct souk_h5 *h5, const char *name, hid_t dataset, int *width,
                                   struct souk_error *err)
{
    const hid_t type = H5Dget_type(dataset);
    const size_t size = type >= 0 && H5Tget_class(type) == H5T_STRING ? H5Tget_size(type) : 0;
    close_type(type);
    *width = (int)size;
    if (size < 1 || size > SOUK_ID_MAX_BYTES)
        return souk_fail(err, SOUK_EFORMAT, "%s: %s does not hold ids of 1 to %d bytes", h5->path,
                         name, SOUK_ID_MAX_BYTES);
    return SOUK_OK;
}

souk_status souk_h5_read_ids(struct souk_h5 *h5, const char *name, struct souk_idtable *ids,
                             struct souk_error *err)
{
    int64_t rows = 0, columns = 0, bad = 0;
    int width = 0;
    char *packed = NULL;
    hid_t dataset = H5I_INVALID_HID, type = H5I_INVALID_HID;
    souk_status status;

    *ids = (struct souk_idtable){0};
    status = open_dataset(h5, name, &dataset, &rows, &columns, err);
    if (!status)
        status = stored_id_width(h5, name, dataset, &width, err);
    if (status)
        goto out;
    type = id_type(width);
    status = check_storage(h5, name, dataset, type, rows, columns, err);
    if (status)
        goto out;
    packed = souk_alloc_array((size_t)rows, (size_t)width);
    if (!packed || souk_idtable_init(ids, rows, width + 1) != SOUK_OK) {
        status = souk_fail(err, SOUK_ENOMEM, "%s: no memory for %s", h5->path, name);
        goto out;
    }
    status = read_dataset(h5, name, dataset, type, packed, rows, columns, 1, err);
    if (status)
        goto out;
    unpack_ids(packed, width, ids);
    if (!souk_idtable_is_sorted(ids, &bad))
        status =
            souk_fail(err, SOUK_EFORMAT, "%s: %s row %" PRId64 " is not an id, or out of order",
                      h5->path, name, bad);
out:
    close_type(type);
    close_dataset(dataset);
    free(packed);
    if (status)
        souk_idtable_fini(ids);
    return status;
}

/* What a missing part reads as. */
static herr_t set_fill(hid_t creation, enum souk_h5_type type)
{
    const float not_a_number = NAN;
    const int minus_one = -1;
    if (type == SOUK_H5_F32 || type == SOUK_H5_F64)
        return H5Pset_fill_value(creation, H5T_NATIVE_FLOAT, &not_a_number);
    return H5Pset_fill_value(creation, H5T_NATIVE_INT, &minus_one);
}

static herr_t map_part(hid_t creation, hid_t whole, const char *file, const char *source,
                       int64_t first, int64_t rows, int64_t columns)
{
    const int rank = columns ? 2 : 1;
    const hsize_t start[2] = {(hsize_t)first, 0}, count[2] = {(hsize_t)rows, (hsize_t)columns};
    const hid_t part = H5Screate_simple(rank, count, NULL);
    herr_t failed = part < 0 ? -1 : 0;
    if (!failed)
        failed = H5Sselect_hyperslab(whole, H5S_SELECT_SET, start, NULL, count, NULL);
    if (!failed)
        failed = H5Pset_virtual(creation, whole, file, source, part);
    close_space(part);
    return failed;
}

souk_status souk_h5_write_virtual(struct souk_h5 *h5, const char *name, const char *source,
                                  const char *const *files, int parts, const int64_t *rows,
                                  int64_t columns, enum souk_h5_type type, int id_width,
                                  struct souk_error *err)
{
    int64_t first = 0, all = 0;
    souk_status status = SOUK_OK;
    hid_t dataset = H5I_INVALID_HID;

    for (int p = 0; p < parts; p++)
        all += rows[p];
    if (all == 0)
        return SOUK_OK; /* nothing to join */
    const hsize_t size[2] = {(hsize_t)all, (hsize_t)columns};
    const hid_t stored = id_width > 0 ? id_type(id_width) : H5Tcopy(file_type(type));
    const hid_t space = H5Screate_simple(columns ? 2 : 1, size, NULL);
    const hid_t links = link_properties();
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    herr_t failed = stored < 0 || space < 0 || links < 0 || creation < 0 ? -1 : 0;

    if (!failed)
        failed = H5Pset_obj_track_times(creation, false);
    if (!failed && id_width == 0)
        failed = set_fill(creation, type);
    for (int p = 0; p < parts && !failed; p++) {
        if (rows[p] > 0)
            failed = map_part(creation, space, files[p], source, first, rows[p], columns);
        first += rows[p];
    }
    if (!failed && H5Sselect_all(space) >= 0)
        dataset = H5Dcreate2(h5->file, name, stored, space, links, creation, H5P_DEFAULT);
    if (dataset < 0)
        status =
            souk_fail(err, SOUK_EIO, "%s: cannot write the virtual dataset %s", h5->path, name);
    close_dataset(dataset);
    close_plist(creation);
    close_plist(links);
    close_space(space);
    close_type(stored);
    return status;
}
