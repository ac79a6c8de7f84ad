/** @file
 *  The body of the row solver, included once per instruction set by a file that defines
 *  KERNEL_TABLE, KERNEL_NAME, TILE_ROWS and TILE_VECTORS (rowsolve_factor.h).
 *
 *  An element sums its pairs in their order, four at a time, whatever the panel or the tile.
 */
#include "shared/math/rowsolve_factor.h"
#include "shared/math/rowproduct_kernels.h"
#include "shared/math/rowsolve_half.h"
#include "shared/math/rowsolve_table.h"

#include <string.h>

enum { AHEAD = 8 }; /* pairs between a prefetch and its use */

ALWAYS_INLINE const float *row_of_pair(const struct souk_rowproblem *p, int64_t pair)
{
    return p->factors + (size_t)p->column[pair] * (size_t)p->stride;
}

/* Ask for the factors of the pair that is AHEAD, in the next rows' pairs if need be. */
ALWAYS_INLINE void prefetch_pair(const struct souk_rowproblem *p, int64_t pair)
{
    if (pair + AHEAD < p->count + p->upcoming)
        prefetch_row(row_of_pair(p, pair + AHEAD), p->width);
}

/* ---- exact, in the space of the factors: rows with many pairs ---- */

/* The matrix without the pairs: diagonal + ridge. */
static void start_matrix(const struct souk_rowproblem *p, float *matrix)
{
    const int width = p->width;
    for (int i = 0; i < width; i++) {
        float *row = matrix + (size_t)i * (size_t)width;
        for (int c = i / LANES * LANES; c < width; c += LANES)
            store(row + c, (vec){0});
        row[i] = p->diagonal[i] + p->ridge;
    }
}

/* Pack pairs [first, first + count): y into right, a * y into left; b's share into rhs. */
static void pack_panel(const struct souk_rowproblem *p, int64_t first, int count, float *left,
                       float *right, float *rhs)
{
    const int width = p->width;
    for (int k = 0; k < count; k++) {
        const float *y = row_of_pair(p, first + k);
        const float a = p->a[first + k], b = p->b[first + k];
        prefetch_pair(p, first + k);
        for (int c = 0; c < width; c += LANES) {
            const vec v = load(y + c);
            store(right + (size_t)k * (size_t)width + c, v);
            store(left + (size_t)k * (size_t)width + c, a * v);
            store(rhs + c, load(rhs + c) + b * v);
        }
    }
}

static bool solve_primal(const struct souk_rowproblem *p, struct souk_rowscratch *s, float *x)
{
    const int width = p->width;
    float *left = s->panel, *right = s->panel + (size_t)SOUK_ROWSOLVE_PANEL * (size_t)width;
    memset(x, 0, (size_t)width * sizeof *x);
    start_matrix(p, s->matrix);
    for (int64_t first = 0; first < p->count; first += SOUK_ROWSOLVE_PANEL) {
        const int64_t remaining = p->count - first;
        const int count = (int)(remaining < SOUK_ROWSOLVE_PANEL ? remaining : SOUK_ROWSOLVE_PANEL);
        pack_panel(p, first, count, left, right, x);
        update_upper(s->matrix, width, left, right, count, 0);
    }
    if (!factorize(s->matrix, width, s->panel, s->vectors))
        return false;
    substitute_forward(s->matrix, width, s->vectors, x);
    substitute_backward(s->matrix, width, s->vectors, x);
    return true;
}

/* ---- exact, in the space of the pairs: rows with few ---- */

/* Z = a^1/2 Y D^-1/2, one row a pair, zero rows up to `padded`. */
static void scale_pairs(const struct souk_rowproblem *p, const float *root, int padded, float *z)
{
    const int width = p->width, count = (int)p->count;
    for (int j = 0; j < count; j++) {
        const float *y = row_of_pair(p, j), a = sqrtf(p->a[j]);
        float *out = z + (size_t)j * (size_t)width;
        prefetch_pair(p, j);
        for (int c = 0; c < width; c += LANES)
            store(out + c, a * load(root + c) * load(y + c));
    }
    memset(z + (size_t)count * (size_t)width, 0,
           (size_t)(padded - count) * (size_t)width * sizeof *z);
}

/* S[i.., j..] = Z[i..] Z[j..]', a tile of 4 x 4 dot products. */
static void multiply_tile(const float *z, int width, int i, int j, float *matrix, int n)
{
    const float *left = z + (size_t)i * (size_t)width, *right = z + (size_t)j * (size_t)width;
    vec sum[4][4] = {{{0}}};
    for (int c = 0; c < width; c += LANES)
        for (int r = 0; r < 4; r++)
            for (int q = 0; q < 4; q++)
                sum[r][q] += load(left + (size_t)r * (size_t)width + c) *
                             load(right + (size_t)q * (size_t)width + c);
    for (int r = 0; r < 4; r++)
        *(vec4 *)(matrix + (size_t)(i + r) * (size_t)n + j) =
            add_lanes_of_four(sum[r][0], sum[r][1], sum[r][2], sum[r][3]);
}

/* S = I + Z Z', n x n: rows and columns behind `padded` are those of I. */
static void start_dual(const float *z, int width, int padded, float *matrix, int n)
{
    for (int i = 0; i < n; i++)
        for (int c = i < padded ? padded / LANES * LANES : i / LANES * LANES; c < n; c += LANES)
            store(matrix + (size_t)i * (size_t)n + c, (vec){0});
    for (int i = 0; i < padded; i += 4)
        for (int j = i; j < padded; j += 4)
            multiply_tile(z, width, i, j, matrix, n);
    for (int i = 0; i < n; i++)
        matrix[(size_t)i * (size_t)n + (size_t)i] += 1;
}

/* x = D^-1/2 Z' (I + Z Z')^-1 a^-1/2 b, with D = diagonal + ridge. */
static bool solve_dual(const struct souk_rowproblem *p, struct souk_rowscratch *s, float *x)
{
    const int width = p->width, count = (int)p->count;
    const int padded = (count + 3) / 4 * 4, n = (count + LANES - 1) / LANES * LANES;
    float *inverse = s->vectors, *root = inverse + width, *u = root + width;

    for (int c = 0; c < width; c++)
        root[c] = 1 / sqrtf(p->diagonal[c] + p->ridge);
    scale_pairs(p, root, padded, s->pairs);
    start_dual(s->pairs, width, padded, s->matrix, n);
    if (!factorize(s->matrix, n, s->panel, inverse))
        return false;
    memset(u, 0, (size_t)n * sizeof *u);
    for (int j = 0; j < count; j++)
        u[j] = p->b[j] / sqrtf(p->a[j]);
    substitute_forward(s->matrix, n, inverse, u);
    substitute_backward(s->matrix, n, inverse, u);
    memset(x, 0, (size_t)width * sizeof *x);
    for (int j = 0; j < count; j++)
        add_scaled(x, u[j], s->pairs + (size_t)j * (size_t)width, width);
    for (int c = 0; c < width; c += LANES)
        store(x + c, load(x + c) * load(root + c));
    return true;
}

/* Is the space of the pairs the smaller one, and every root in it real? */
static bool suits_dual(const struct souk_rowproblem *p)
{
    for (int c = 0; c < p->width; c++)
        if (!(p->diagonal[c] + p->ridge > 0))
            return false;
    for (int64_t j = 0; j < p->count; j++)
        if (!(p->a[j] > 1e-12f * fabsf(p->b[j])))
            return false;
    return true;
}

static souk_status solve_cholesky(const struct souk_rowproblem *p, struct souk_rowscratch *s,
                                  float *x)
{
    if (p->count == 0) {
        memset(x, 0, (size_t)p->width * sizeof *x);
        return SOUK_OK;
    }
    const bool few = p->count * 4 <= (int64_t)p->width * 3;
    const bool solved = few && suits_dual(p) ? solve_dual(p, s, x) : solve_primal(p, s, x);
    return solved ? SOUK_OK : SOUK_ENUMERIC;
}

/* ---- conjugate gradients, over factors in half precision ---- */

/* The row's problem as conjugate gradients read it: pairs filled up to a multiple of four with the
 * last one, which then counts nothing. */
struct halves {
    const struct souk_rowproblem *p;
    int64_t padded;
    float *a, *b; /* [padded], of halves * unit */
};

static struct halves as_halves(const struct souk_rowproblem *p, float *scratch)
{
    const float unit = p->unit;
    struct halves h = {.p = p, .padded = (p->count + 3) / 4 * 4, .a = scratch};
    h.b = h.a + h.padded;
    for (int64_t j = 0; j < p->count; j++) {
        h.a[j] = p->a[j] * unit * unit;
        h.b[j] = p->b[j] * unit;
    }
    for (int64_t j = p->count; j < h.padded; j++)
        h.a[j] = h.b[j] = 0;
    return h;
}

ALWAYS_INLINE const uint16_t *halves_of_pair(const struct souk_rowproblem *p, int64_t pair)
{
    return p->halves + (size_t)p->column[pair] * (size_t)p->stride;
}

/* The rows of pairs j to j + 3. */
ALWAYS_INLINE void four_rows(const struct halves *h, int64_t j, const uint16_t *y[4])
{
    const int64_t last = h->p->count - 1;
    for (int k = 0; k < 4; k++)
        y[k] = halves_of_pair(h->p, j + k < last ? j + k : last);
}

ALWAYS_INLINE void prefetch_four(const struct halves *h, int64_t j)
{
    const int64_t ahead = h->p->width > 128 ? AHEAD : 2 * AHEAD; /* short rows: more of them */
    for (int64_t k = j + ahead; k < j + ahead + 4; k++)
        if (k < h->p->count + h->p->upcoming)
            prefetch_halves(halves_of_pair(h->p, k), h->p->width);
}

/* y . v of four pairs. */
ALWAYS_INLINE vec4 dots_of_four(const uint16_t *const y[4], const float *v, int width)
{
    vec sum[4] = {{0}};
    for (int c = 0; c < width; c += LANES)
        for (int k = 0; k < 4; k++)
            sum[k] += load_half(y[k] + c) * load(v + c);
    return add_lanes_of_four(sum[0], sum[1], sum[2], sum[3]);
}

/* out += sum of four scaled pairs. */
ALWAYS_INLINE void add_four(const uint16_t *const y[4], vec4 scale, float *out, int width)
{
    for (int c = 0; c < width; c += LANES) {
        vec sum = load(out + c);
        for (int k = 0; k < 4; k++)
            sum += scale[k] * load_half(y[k] + c);
        store(out + c, sum);
    }
}

/* v' A v, from the sums of both terms. */
ALWAYS_INLINE float add_energy(vec shared, vec4 pairs)
{
    return add_lanes(shared) + ((pairs[0] + pairs[1]) + (pairs[2] + pairs[3]));
}

/* out = A v. @return v' A v */
static float multiply(const struct halves *h, const float *v, float *out)
{
    const int width = h->p->width;
    const uint16_t *y[4];
    vec4 of_pairs = {0};
    vec shared = {0};
    for (int c = 0; c < width; c += LANES) {
        const vec product = (load(h->p->diagonal + c) + h->p->ridge) * load(v + c);
        shared += product * load(v + c);
        store(out + c, product);
    }
    for (int64_t j = 0; j < h->padded; j += 4) {
        four_rows(h, j, y);
        const vec4 s = dots_of_four(y, v, width), as = *(const vec4 *)(h->a + j) * s;
        of_pairs += as * s;
        add_four(y, as, out, width);
    }
    return add_energy(shared, of_pairs);
}

/* b, which is the residual of zero. */
static void right_side(const struct halves *h, float *r)
{
    const uint16_t *y[4];
    memset(r, 0, (size_t)h->p->width * sizeof *r);
    for (int64_t j = 0; j < h->padded; j += 4) {
        prefetch_four(h, j);
        four_rows(h, j, y);
        add_four(y, *(const vec4 *)(h->b + j), r, h->p->width);
    }
}

/* b - A x with one pass over the pairs. */
static void residual(const struct halves *h, const float *x, float *r)
{
    const int width = h->p->width;
    const uint16_t *y[4];
    for (int c = 0; c < width; c += LANES)
        store(r + c, -(load(h->p->diagonal + c) + h->p->ridge) * load(x + c));
    for (int64_t j = 0; j < h->padded; j += 4) {
        prefetch_four(h, j);
        four_rows(h, j, y);
        add_four(y,
                 *(const vec4 *)(h->b + j) - *(const vec4 *)(h->a + j) * dots_of_four(y, x, width),
                 r, width);
    }
}

/* v' A v: what the last step needs, at half the price of A v. */
static float energy(const struct halves *h, const float *v)
{
    const int width = h->p->width;
    const uint16_t *y[4];
    vec4 of_pairs = {0};
    vec shared = {0};
    for (int c = 0; c < width; c += LANES)
        shared += (load(h->p->diagonal + c) + h->p->ridge) * load(v + c) * load(v + c);
    for (int64_t j = 0; j < h->padded; j += 4) {
        four_rows(h, j, y);
        const vec4 s = dots_of_four(y, v, width);
        of_pairs += *(const vec4 *)(h->a + j) * s * s;
    }
    return add_energy(shared, of_pairs);
}

/* The residual of the start. @return how many steps to take from there */
static int start_cg(const struct halves *h, int steps, float *x, float *r)
{
    const struct souk_rowproblem *p = h->p;
    if (p->count > SOUK_ROWSOLVE_COLD) {
        residual(h, x, r);
        return steps;
    }
    memset(x, 0, (size_t)p->width * sizeof *x);
    right_side(h, r);
    steps = steps > SOUK_ROWSOLVE_COLD_STEPS ? steps : SOUK_ROWSOLVE_COLD_STEPS;
    return p->count < steps ? (int)p->count : steps;
}

/* The first direction, D^-1 r with D = diagonal + ridge. @return r' D^-1 r */
static float first_direction(const struct souk_rowproblem *p, const float *r, float *inverse,
                             float *direction)
{
    vec sum = {0};
    for (int c = 0; c < p->width; c += LANES) {
        const vec one = 1 / (load(p->diagonal + c) + p->ridge), z = one * load(r + c);
        store(inverse + c, one);
        store(direction + c, z);
        sum += z * load(r + c);
    }
    return add_lanes(sum);
}

/* r -= alpha product. @return r' D^-1 r */
static float reduce_residual(float *r, float alpha, const float *product, const float *inverse,
                             int width)
{
    vec sum = {0};
    for (int c = 0; c < width; c += LANES) {
        const vec left = load(r + c) - alpha * load(product + c);
        store(r + c, left);
        sum += left * left * load(inverse + c);
    }
    return add_lanes(sum);
}

static void solve_cg(const struct souk_rowproblem *p, int steps, struct souk_rowscratch *s,
                     float *x)
{
    const int width = p->width;
    float *r = s->vectors, *direction = r + width, *product = direction + width;
    float *inverse = product + width;
    if (p->count == 0) {
        memset(x, 0, (size_t)width * sizeof *x);
        return;
    }
    const struct halves h = as_halves(p, s->of_pairs);
    steps = start_cg(&h, steps, x, r);
    float rr = first_direction(p, r, inverse, direction);
    for (int step = 1; step < steps && rr > 1e-20f; step++) {
        const float alpha = rr / multiply(&h, direction, product);
        const float next = reduce_residual(r, alpha, product, inverse, width), beta = next / rr;
        for (int c = 0; c < width; c += LANES) {
            const vec old = load(direction + c);
            store(x + c, load(x + c) + alpha * old);
            store(direction + c, load(inverse + c) * load(r + c) + beta * old);
        }
        rr = next;
    }
    if (rr > 1e-20f)
        add_scaled(x, rr / energy(&h, direction), direction, width);
}

static void halve(const float *row, int width, float scale, uint16_t *out)
{
    for (int c = 0; c < width; c += LANES)
        store_half(out + c, scale * load(row + c));
}

/* ---- iALS++: exact in one block of the factors after the other ---- */

/* y_j . v of four pairs. */
ALWAYS_INLINE vec4 dots_of_pairs(const struct souk_rowproblem *p, int64_t j, const float *v)
{
    const float *y[4];
    vec sum[4] = {{0}};
    for (int k = 0; k < 4; k++)
        y[k] = row_of_pair(p, j + k);
    for (int c = 0; c < p->width; c += LANES)
        for (int k = 0; k < 4; k++)
            sum[k] += load(y[k] + c) * load(v + c);
    return add_lanes_of_four(sum[0], sum[1], sum[2], sum[3]);
}

/* rest_j = y_j . x - the block's share, and with it what the block is to explain of the pair. */
static void leave_block_out(const struct souk_rowproblem *block, const float *x, const float *b,
                            float *dots, float *left)
{
    int64_t j = 0;
    for (; j + 4 <= block->count; j += 4) {
        const vec4 rest = *(const vec4 *)(dots + j) - dots_of_pairs(block, j, x);
        *(vec4 *)(dots + j) = rest;
        *(vec4 *)(left + j) = *(const vec4 *)(b + j) - *(const vec4 *)(block->a + j) * rest;
    }
    for (; j < block->count; j++) {
        dots[j] -= dot(row_of_pair(block, j), x, block->width);
        left[j] = b[j] - block->a[j] * dots[j];
    }
}

/* dots_j += y_j . x */
static void put_block_in(const struct souk_rowproblem *block, const float *x, float *dots)
{
    int64_t j = 0;
    for (; j + 4 <= block->count; j += 4)
        *(vec4 *)(dots + j) += dots_of_pairs(block, j, x);
    for (; j < block->count; j++)
        dots[j] += dot(row_of_pair(block, j), x, block->width);
}

static souk_status solve_blocks(const struct souk_rowproblem *p, int size,
                                struct souk_rowscratch *s, float *x)
{
    float *dots = s->of_pairs, *left = dots + p->count;
    souk_status status = SOUK_OK;
    memset(dots, 0, (size_t)p->count * sizeof *dots);
    put_block_in(p, x, dots);
    for (int first = 0; first < p->width && !status; first += size) {
        struct souk_rowproblem block = *p;
        block.width = p->width - first < size ? p->width - first : size;
        block.factors += first;
        block.diagonal += first;
        block.b = left;
        block.upcoming = 0;
        leave_block_out(&block, x + first, p->b, dots, left);
        status = solve_cholesky(&block, s, x + first);
        put_block_in(&block, x + first, dots);
    }
    return status;
}

static souk_status solve_ialspp(const struct souk_rowproblem *p, int size,
                                struct souk_rowscratch *s, float *x)
{
    if (p->count == 0 || p->width <= size)
        return solve_cholesky(p, s, x);
    if (p->count <= size && suits_dual(p))
        return solve_dual(p, s, x) ? SOUK_OK : SOUK_ENUMERIC;
    return solve_blocks(p, size, s, x);
}

const struct souk_rowsolve_kernels KERNEL_TABLE = {
    KERNEL_NAME, solve_cholesky, solve_cg, solve_ialspp, halve, pack_panels, multiply_rows};
