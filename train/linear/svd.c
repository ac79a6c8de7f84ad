#include "train/linear/svd.h"

#include "shared/base/memory.h"
#include "shared/model/modelfile.h"

#include <cblas.h>
#include <lapacke.h>
#include <stdlib.h>
#include <string.h>

/* What stands between the Krylov space and the factors. */
struct triplets {
    const struct souk_itemoperator *a;
    int64_t count;
    double *v;     /* [count x leading], by item */
    double *y;     /* [users x count], row-major: X v */
    double *small; /* [count x count]: R, then the right vectors W' */
};

int64_t souk_svd_memory(const struct souk_itemoperator *a,
                        const struct souk_krylov_parameters *parameters, int factors)
{
    const double doubles =
        (double)parameters->wanted *
        (2 * (double)a->items->leading + 3 * (double)a->users + 3 * (double)parameters->wanted);
    const double floats =
        (double)souk_factor_stride(factors) * (3 * (double)a->items->leading + (double)a->users);
    const double bytes = (double)souk_krylov_memory(a, parameters) + 8 * doubles + 4 * floats;
    return bytes < 9e18 ? (int64_t)bytes : INT64_MAX;
}

static souk_status triplets_init(struct triplets *t, const struct souk_krylov *k,
                                 struct souk_error *err)
{
    *t = (struct triplets){.a = k->a, .count = k->parameters.wanted};
    size_t by_item, by_user;
    if (souk_mul_size((size_t)t->count, (size_t)t->a->items->leading, &by_item) &&
        souk_mul_size((size_t)t->count, (size_t)t->a->users, &by_user)) {
        t->v = souk_zalloc_array(by_item, sizeof *t->v);
        t->y = souk_zalloc_array(by_user, sizeof *t->y);
    }
    t->small = souk_zalloc_array((size_t)(t->count * t->count), sizeof *t->small);
    return t->v && t->y && t->small
               ? SOUK_OK
               : souk_fail(err, SOUK_ENOMEM, "no memory for %lld factors", (long long)t->count);
}

static void triplets_fini(struct triplets *t)
{
    free(t->v);
    free(t->y);
    free(t->small);
}

/* R of the QR of Y. Ranks have different numbers of users: rows of zeros make them equal, and
 * change nothing of R. */
static souk_status factor_users_all(struct triplets *t, struct souk_error *err)
{
    const struct souk_grid *grid = t->a->items->grid;
    int64_t most = t->a->users;
    struct souk_tall users;
    double *padded = NULL;
    size_t count;
    souk_status status = souk_max_i64_all(t->a->comm, &most, 1, err);
    if (!status)
        status = souk_tall_init(&users, grid, most * grid->rows, err);
    if (!status)
        status = souk_tall_check(users.rows, t->count, grid->rows, err);
    if (status)
        return status; /* of sizes that are the same everywhere */
    if (souk_mul_size((size_t)t->count, (size_t)users.leading, &count))
        padded = souk_zalloc_array(count, sizeof *padded);
    if (!padded)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %lld factors of %lld users",
                           (long long)t->count, (long long)most);
    status = souk_status_agree_all(t->a->comm, status, err);
    for (int64_t u = 0; u < t->a->users && !status; u++)
        for (int64_t c = 0; c < t->count; c++)
            padded[c * users.leading + u] = t->y[u * t->count + c];
    if (!status)
        status = souk_tall_qr_all(&users, padded, t->count, t->small, false, err);
    free(padded);
    return status;
}

/* R = U S W'; the values and W' to every rank. */
static souk_status decompose_all(struct triplets *t, double *values, struct souk_error *err)
{
    const int64_t n = t->count, bytes = n * n * (int64_t)sizeof *t->small;
    double *left = souk_zalloc_array((size_t)(n * n), sizeof *left);
    double *right = souk_zalloc_array((size_t)(n * n), sizeof *right);
    souk_status status =
        left && right ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for a small SVD");
    if (!status && t->a->comm->rank == 0) {
        const int info = LAPACKE_dgesdd(LAPACK_COL_MAJOR, 'A', (int)n, (int)n, t->small, (int)n,
                                        values, left, (int)n, right, (int)n);
        if (info != 0)
            status = souk_fail(err, SOUK_ENUMERIC, "dgesdd fails with %d", info);
    }
    status = souk_status_agree_all(t->a->comm, status, err);
    if (!status)
        status = souk_broadcast_all(t->a->comm, values, n * (int64_t)sizeof *values, 0, err);
    if (!status)
        status = souk_broadcast_all(t->a->comm, right, bytes, 0, err);
    if (!status)
        memcpy(t->small, right, (size_t)bytes);
    free(left);
    free(right);
    return status;
}

/* v W and y W, in place. W' as column-major is W as row-major. */
static souk_status rotate(struct triplets *t, struct souk_error *err)
{
    const int64_t n = t->count, leading = t->a->items->leading, users = t->a->users;
    double *v = souk_zalloc_array((size_t)(n * leading), sizeof *v);
    double *y = souk_zalloc_array((size_t)(n * users), sizeof *y);
    if (!v || !y) {
        free(v);
        free(y);
        return souk_fail(err, SOUK_ENOMEM, "no memory for %lld factors", (long long)n);
    }
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, (int)leading, (int)n, (int)n, 1, t->v,
                (int)leading, t->small, (int)n, 0, v, (int)leading);
    if (users > 0)
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)users, (int)n, (int)n, 1, t->y,
                    (int)n, t->small, (int)n, 0, y, (int)n);
    free(t->v);
    free(t->y);
    t->v = v;
    t->y = y;
    return SOUK_OK;
}

static souk_status fix_signs_all(struct triplets *t, struct souk_error *err)
{
    const struct souk_tall *items = t->a->items;
    double *most = t->small; /* done with: [count] largest, [count] largest of the negatives */
    double *extremes = souk_zalloc_array(2 * (size_t)t->count, sizeof *extremes);
    souk_status status = extremes ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for signs");
    status = souk_status_agree_all(t->a->comm, status, err);
    for (int64_t c = 0; c < t->count && !status; c++) {
        for (int64_t i = 0; i < items->local; i++) {
            const double x = t->v[c * items->leading + i];
            extremes[c] = x > extremes[c] ? x : extremes[c];
            extremes[t->count + c] = -x > extremes[t->count + c] ? -x : extremes[t->count + c];
        }
    }
    if (!status)
        status = souk_max_f64_all(t->a->comm, extremes, 2 * t->count, err);
    for (int64_t c = 0; c < t->count && !status; c++) {
        most[c] = extremes[c] >= extremes[t->count + c] ? 1 : -1;
        for (int64_t i = 0; i < items->local; i++)
            t->v[c * items->leading + i] *= most[c];
        for (int64_t u = 0; u < t->a->users; u++)
            t->y[u * t->count + c] *= most[c];
    }
    free(extremes);
    return status;
}

static float *new_rows(int64_t rows, int stride)
{
    size_t count;
    return souk_mul_size((size_t)rows, (size_t)stride, &count)
               ? souk_alloc_aligned(count, sizeof(float))
               : NULL;
}

static souk_status make_rows(const struct souk_ratings *r, struct souk_svd *s,
                             struct souk_error *err)
{
    s->user_factors = souk_zalloc_array((size_t)s->parts, sizeof *s->user_factors);
    s->item_factors = souk_zalloc_array((size_t)s->parts, sizeof *s->item_factors);
    bool failed = !s->user_factors || !s->item_factors;
    for (int k = 0; k < r->local_count && !failed; k++) {
        const int part = r->local[k].part;
        s->user_factors[part] = new_rows(r->local[k].users.count, s->stride);
        s->item_factors[part] = new_rows(r->local[k].items.count, s->stride);
        failed = !s->user_factors[part] || !s->item_factors[part];
    }
    return failed ? souk_fail(err, SOUK_ENOMEM, "no memory for the factors of this rank's parts")
                  : SOUK_OK;
}

static void place_users(const struct triplets *t, struct souk_svd *s)
{
    const struct souk_ratings *r = t->a->ratings;
    const double *from = t->y;
    for (int k = 0; k < r->local_count; k++) {
        float *to = s->user_factors[r->local[k].part];
        for (int64_t u = 0; u < r->local[k].users.count; u++, to += s->stride)
            for (int64_t c = 0; c < t->count; c++)
                to[c] = (float)*from++;
    }
}

/* Visit the item rows that go from one rank's range to another's parts, ascending. */
struct route {
    const struct souk_ratings *ratings;
    int64_t row, end;
    int part;
};

static bool route_next(struct route *r, const struct souk_comm *comm, int to)
{
    while (r->row < r->end) {
        while (r->row >= r->ratings->item_first[r->part + 1])
            r->part++;
        if (souk_part_rank(comm, r->part) == to)
            return true;
        r->row++;
    }
    return false;
}

static struct route route_from(const struct triplets *t, int rank)
{
    const struct souk_tall *items = t->a->items;
    const int64_t first = rank * items->per_rank, end = first + items->per_rank;
    return (struct route){
        .ratings = t->a->ratings, .row = first, .end = end < items->rows ? end : items->rows};
}

static void pack_items(const struct triplets *t, int stride, float *buffer, int64_t *counts)
{
    const struct souk_comm *comm = t->a->comm;
    const struct souk_tall *items = t->a->items;
    for (int to = 0; to < comm->size; to++) {
        counts[to] = 0;
        for (struct route r = route_from(t, comm->rank); route_next(&r, comm, to); r.row++) {
            for (int64_t c = 0; c < t->count; c++)
                buffer[c] = (float)t->v[c * items->leading + r.row - items->first];
            buffer += stride;
            counts[to]++;
        }
    }
}

static void unpack_items(const struct triplets *t, const float *buffer, struct souk_svd *s)
{
    const struct souk_comm *comm = t->a->comm;
    for (int from = 0; from < comm->size; from++) {
        for (struct route r = route_from(t, from); route_next(&r, comm, comm->rank); r.row++) {
            const int64_t row = r.row - r.ratings->item_first[r.part];
            memcpy(s->item_factors[r.part] + row * s->stride, buffer,
                   (size_t)s->stride * sizeof *buffer);
            buffer += s->stride;
        }
    }
}

static souk_status place_items_all(const struct triplets *t, struct souk_svd *s,
                                   struct souk_error *err)
{
    const struct souk_comm *comm = t->a->comm;
    int64_t *counts = souk_zalloc_array(2 * (size_t)comm->size, sizeof *counts);
    float *buffer = new_rows(t->a->items->local, s->stride);
    void *received = NULL;
    souk_status status =
        counts && buffer ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory to send factors");
    status = souk_status_agree_all(comm, status, err);
    if (!status) {
        pack_items(t, s->stride, buffer, counts);
        status = souk_exchange_all(comm, buffer, counts, (size_t)s->stride * sizeof *buffer,
                                   &received, counts + comm->size, err);
    }
    if (!status)
        unpack_items(t, received, s);
    free(counts);
    free(buffer);
    free(received);
    return status;
}

static souk_status solve_all(struct triplets *t, const struct souk_krylov *k, struct souk_svd *out,
                             struct souk_error *err)
{
    souk_status status;
    souk_krylov_vectors(k, t->v);
    status = souk_itemoperator_apply_all(t->a, t->v, t->count, t->y, err);
    if (!status)
        status = factor_users_all(t, err);
    if (!status)
        status = decompose_all(t, out->values, err);
    if (!status)
        status = souk_status_agree_all(t->a->comm, rotate(t, err), err);
    if (!status)
        status = fix_signs_all(t, err);
    if (!status)
        status = place_items_all(t, out, err);
    if (!status)
        place_users(t, out);
    return status;
}

souk_status souk_svd_all(const struct souk_krylov *krylov, int factors, struct souk_svd *out,
                         struct souk_error *err)
{
    const struct souk_itemoperator *a = krylov->a;
    struct triplets t;
    souk_status status = triplets_init(&t, krylov, err);
    *out = (struct souk_svd){.parts = a->ratings->parts,
                             .count = krylov->parameters.wanted,
                             .stride = souk_factor_stride(factors)};
    out->values = souk_zalloc_array((size_t)out->count, sizeof *out->values);
    if (!status && !out->values)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for the singular values");
    if (!status)
        status = make_rows(a->ratings, out, err);
    status = souk_status_agree_all(a->comm, status, err);
    if (!status)
        status = solve_all(&t, krylov, out, err);
    triplets_fini(&t);
    if (status)
        souk_svd_fini(out);
    return status;
}

void souk_svd_fini(struct souk_svd *s)
{
    for (int p = 0; p < s->parts; p++) {
        if (s->user_factors)
            free(s->user_factors[p]);
        if (s->item_factors)
            free(s->item_factors[p]);
    }
    free(s->user_factors);
    free(s->item_factors);
    free(s->values);
    *s = (struct souk_svd){0};
}
