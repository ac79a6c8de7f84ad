/** @file
 *  The body of the row solver, included once per instruction set by a file that defines
 *  KERNEL_TABLE, KERNEL_NAME, TILE_ROWS and TILE_VECTORS (how many accumulators fit its registers).
 *
 *  The matrix is kept as its upper triangle, row-major; what lies below the diagonal is scratch.
 *
 *      for pairs in panels of PANEL:   pack y_j and a_j y_j, then
 *          for each tile on or above the diagonal:  A[tile] += sum_j (a_j y_j)[rows] x y_j[columns]
 *      for blocks of BLOCK rows of A:   U = factor of the block's rows, then the same tile kernel
 * with A[below] -= U' U                              (A = U' U: a right-looking Cholesky)
 *
 *  An element sums its pairs in their order, whatever the panel or the tile.
 */
#include "shared/math/rowsolve_table.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { LANES = 16 };
typedef float vec __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));

static inline vec load(const float *p)
{
    return *(const vec *)p;
}

static inline void store(float *p, vec v)
{
    *(vec *)p = v;
}

/* A[rows i.., columns c..] += sign * sum_k left[k][i..] x right[k][c..], one tile in registers.
 * @param left, right [count x stride] */
static inline __attribute__((always_inline)) void update_tile(float *matrix, int stride,
                                                              const float *left, const float *right,
                                                              int count, int i, int c, int rows,
                                                              int vectors)
{
    vec acc[TILE_ROWS][TILE_VECTORS];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++)
            acc[r][v] = load(matrix + (size_t)(i + r) * (size_t)stride + c + v * LANES);
    for (int k = 0; k < count; k++) {
        const float *l = left + (size_t)k * (size_t)stride + i;
        const float *y = right + (size_t)k * (size_t)stride + c;
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < vectors; v++)
                acc[r][v] += l[r] * load(y + v * LANES);
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++)
            store(matrix + (size_t)(i + r) * (size_t)stride + c + v * LANES, acc[r][v]);
}

/* All tiles on or above the diagonal from row `from` on. stride is a multiple of TILE_ROWS. */
static void update_upper(float *matrix, int stride, const float *left, const float *right,
                         int count, int from)
{
    for (int i = from; i < stride; i += TILE_ROWS) {
        int c = i / LANES * LANES;
        for (; c + TILE_VECTORS * LANES <= stride; c += TILE_VECTORS * LANES)
            update_tile(matrix, stride, left, right, count, i, c, TILE_ROWS, TILE_VECTORS);
        for (; c < stride; c += LANES)
            update_tile(matrix, stride, left, right, count, i, c, TILE_ROWS, 1);
    }
}

/* A = gram_weight * G + ridge * I on the upper triangle; 1 on the diagonal behind d. */
static void start_matrix(const struct souk_rowproblem *p, float *matrix)
{
    const int stride = p->stride;
    for (int i = 0; i < p->d; i++) {
        const float *gram = p->gram + (size_t)i * (size_t)stride;
        float *row = matrix + (size_t)i * (size_t)stride;
        for (int c = i / LANES * LANES; c < stride; c += LANES)
            store(row + c, p->gram_weight * load(gram + c));
        row[i] += p->ridge;
    }
    for (int i = p->d; i < stride; i++) {
        memset(matrix + (size_t)i * (size_t)stride, 0, (size_t)stride * sizeof *matrix);
        matrix[(size_t)i * (size_t)stride + (size_t)i] = 1;
    }
}

/* Pack pairs [first, first + count): y into right, a * y into left; b's share into rhs. */
static void pack_panel(const struct souk_rowproblem *p, int64_t first, int count, float *left,
                       float *right, float *rhs)
{
    const int stride = p->stride;
    for (int k = 0; k < count; k++) {
        const float *y = p->factors + (size_t)p->column[first + k] * (size_t)stride;
        const float a = p->a[first + k], b = p->b[first + k];
        for (int c = 0; c < stride; c += LANES) {
            const vec v = load(y + c);
            store(right + (size_t)k * (size_t)stride + c, v);
            store(left + (size_t)k * (size_t)stride + c, a * v);
            store(rhs + c, load(rhs + c) + b * v);
        }
    }
}

static void add_pairs(const struct souk_rowproblem *p, struct souk_rowscratch *s, float *rhs)
{
    float *left = s->panel, *right = s->panel + (size_t)SOUK_ROWSOLVE_PANEL * (size_t)p->stride;
    for (int64_t first = 0; first < p->count; first += SOUK_ROWSOLVE_PANEL) {
        const int64_t remaining = p->count - first;
        const int count = (int)(remaining < SOUK_ROWSOLVE_PANEL ? remaining : SOUK_ROWSOLVE_PANEL);
        pack_panel(p, first, count, left, right, rhs);
        update_upper(s->matrix, p->stride, left, right, count, 0);
    }
}

/* row[c..] += scale * other[c..] from the vector that holds column `from`. */
static inline void add_scaled(float *row, float scale, const float *other, int from, int stride)
{
    for (int c = from / LANES * LANES; c < stride; c += LANES)
        store(row + c, load(row + c) + scale * load(other + c));
}

/* Factor rows [k0, k0 + BLOCK) among themselves. @return false at a pivot that is not positive */
static bool factor_block(float *matrix, int stride, int k0)
{
    for (int k = k0; k < k0 + SOUK_ROWSOLVE_BLOCK; k++) {
        float *row = matrix + (size_t)k * (size_t)stride;
        const float pivot = row[k];
        if (!(pivot > 0) || !isfinite(pivot))
            return false;
        const float inverse = 1 / sqrtf(pivot);
        for (int c = k / LANES * LANES; c < stride; c += LANES)
            store(row + c, inverse * load(row + c));
        for (int i = k + 1; i < k0 + SOUK_ROWSOLVE_BLOCK; i++)
            add_scaled(matrix + (size_t)i * (size_t)stride, -row[i], row, i, stride);
    }
    return true;
}

/* A = U' U in place. @param panel room for one block's rows, negated */
static bool factorize(float *matrix, int stride, float *panel)
{
    for (int k0 = 0; k0 < stride; k0 += SOUK_ROWSOLVE_BLOCK) {
        float *rows = matrix + (size_t)k0 * (size_t)stride;
        const int next = k0 + SOUK_ROWSOLVE_BLOCK;
        if (!factor_block(matrix, stride, k0))
            return false;
        for (int k = 0; k < SOUK_ROWSOLVE_BLOCK; k++)
            for (int c = next; c < stride; c += LANES)
                store(panel + (size_t)k * (size_t)stride + c,
                      -load(rows + (size_t)k * (size_t)stride + c));
        update_upper(matrix, stride, panel, rows, SOUK_ROWSOLVE_BLOCK, next);
    }
    return true;
}

/* The lanes of v, added in a fixed tree. */
static inline float add_lanes(vec v)
{
    float lane[LANES];
    memcpy(lane, &v, sizeof lane);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++)
            lane[l] += lane[l + half];
    return lane[0];
}

/* U' z = b, then U x = z; b becomes x. Entries of U below the diagonal are not zero: the first
 * vector of each row is masked by hand. */
static void substitute(const float *matrix, int stride, float *x)
{
    for (int k = 0; k < stride; k++) {
        const float *row = matrix + (size_t)k * (size_t)stride;
        const int edge = k / LANES * LANES + LANES;
        x[k] /= row[k];
        for (int c = k + 1; c < edge; c++)
            x[c] -= x[k] * row[c];
        add_scaled(x, -x[k], row, edge, stride);
    }
    for (int k = stride - 1; k >= 0; k--) {
        const float *row = matrix + (size_t)k * (size_t)stride;
        const int edge = k / LANES * LANES + LANES;
        vec sum = {0};
        float tail = 0;
        for (int c = edge; c < stride; c += LANES)
            sum += load(row + c) * load(x + c);
        for (int c = k + 1; c < edge; c++)
            tail += row[c] * x[c];
        x[k] = (x[k] - (tail + add_lanes(sum))) / row[k];
    }
}

static souk_status solve_cholesky(const struct souk_rowproblem *p, struct souk_rowscratch *s,
                                  float *x)
{
    memset(x, 0, (size_t)p->stride * sizeof *x);
    if (p->count == 0)
        return SOUK_OK;
    start_matrix(p, s->matrix);
    add_pairs(p, s, x);
    if (!factorize(s->matrix, p->stride, s->panel))
        return SOUK_ENUMERIC;
    substitute(s->matrix, p->stride, x);
    return SOUK_OK;
}

static inline float dot(const float *a, const float *b, int stride)
{
    vec sum = {0};
    for (int c = 0; c < stride; c += LANES)
        sum += load(a + c) * load(b + c);
    return add_lanes(sum);
}

/* out = gram_weight * G v, four vectors of columns at a time. */
static void multiply_gram(const struct souk_rowproblem *p, const float *v, float *out)
{
    const int stride = p->stride;
    for (int c = 0; c < stride; c += 4 * LANES) {
        const int vectors = (stride - c) / LANES < 4 ? (stride - c) / LANES : 4;
        vec acc[4] = {{0}};
        if (vectors == 4) {
            for (int j = 0; j < p->d; j++)
                for (int k = 0; k < 4; k++)
                    acc[k] += v[j] * load(p->gram + (size_t)j * (size_t)stride + c + k * LANES);
        } else {
            for (int j = 0; j < p->d; j++)
                for (int k = 0; k < vectors; k++)
                    acc[k] += v[j] * load(p->gram + (size_t)j * (size_t)stride + c + k * LANES);
        }
        for (int k = 0; k < vectors; k++)
            store(out + c + k * LANES, p->gram_weight * acc[k]);
    }
}

/* out = A v */
static void multiply(const struct souk_rowproblem *p, const float *v, float *out)
{
    multiply_gram(p, v, out);
    add_scaled(out, p->ridge, v, 0, p->stride);
    for (int64_t j = 0; j < p->count; j++) {
        const float *y = p->factors + (size_t)p->column[j] * (size_t)p->stride;
        add_scaled(out, p->a[j] * dot(y, v, p->stride), y, 0, p->stride);
    }
}

/* b - A x with one pass over the pairs. */
static void residual(const struct souk_rowproblem *p, const float *x, float *r)
{
    const int stride = p->stride;
    multiply_gram(p, x, r);
    for (int c = 0; c < stride; c += LANES)
        store(r + c, -load(r + c) - p->ridge * load(x + c));
    for (int64_t j = 0; j < p->count; j++) {
        const float *y = p->factors + (size_t)p->column[j] * (size_t)stride;
        add_scaled(r, p->b[j] - p->a[j] * dot(y, x, stride), y, 0, stride);
    }
}

static void solve_cg(const struct souk_rowproblem *p, int steps, struct souk_rowscratch *s,
                     float *x)
{
    const int stride = p->stride;
    float *r = s->vectors, *direction = r + stride, *product = direction + stride;
    float rr;
    if (p->count == 0) {
        memset(x, 0, (size_t)stride * sizeof *x);
        return;
    }
    residual(p, x, r);
    memcpy(direction, r, (size_t)stride * sizeof *r);
    rr = dot(r, r, stride);
    for (int step = 0; step < steps && rr > 1e-20f; step++) {
        multiply(p, direction, product);
        const float alpha = rr / dot(direction, product, stride);
        add_scaled(x, alpha, direction, 0, stride);
        add_scaled(r, -alpha, product, 0, stride);
        const float next = dot(r, r, stride), beta = next / rr;
        for (int c = 0; c < stride; c += LANES)
            store(direction + c, load(r + c) + beta * load(direction + c));
        rr = next;
    }
}

const struct souk_rowsolve_kernels KERNEL_TABLE = {KERNEL_NAME, solve_cholesky, solve_cg};
