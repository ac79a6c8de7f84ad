#include "serve/proxy/visitorfold.h"

#include "serve/proxy/contextevents.h"
#include "shared/base/memory.h"
#include "shared/data/rows.h"
#include "shared/score/neighbours.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Vectors of more pairs do not fit in a message of a shard that has them all. Somebody with so long
 * a history keeps the trained factors: a few events more hardly move them. */
enum { VECTOR_BYTES_MAX = 7 << 20, PAIRS_MAX = 4000 };

/* What the shards say of the items. */
struct resolved {
    int64_t row[SOUK_WIRE_CONTEXT_MAX]; /* of the events' items, -1: not known */
    uint8_t type[SOUK_WIRE_CONTEXT_MAX];
    int64_t vectors, room;
    int64_t *vector_row; /* [vectors] */
    float *vector;       /* [vectors x stride] */
};

/* Events of known items by the moment, as the whole history takes them. */
struct later {
    int64_t row[SOUK_WIRE_CONTEXT_MAX], ms[SOUK_WIRE_CONTEXT_MAX];
    uint8_t type[SOUK_WIRE_CONTEXT_MAX];
    float value[SOUK_WIRE_CONTEXT_MAX];
    int64_t weighed; /* of them count towards a weight, and stand at the front */
};

/* ---- what is held ---- */

static struct souk_held_pairs held_of(const struct souk_job *j)
{
    const bool weighed = j->pair_bytes > 0;
    return (struct souk_held_pairs){.count =
                                        weighed ? (int64_t)(j->history_bytes / sizeof(int64_t)) : 0,
                                    .row = j->history,
                                    .weight = j->pair};
}

/* The pieces of the profile lie where they came to lie: their places need not be even. */
static bool copy_held(const struct souk_job *j, int64_t **row, float **weight)
{
    *row = souk_alloc_array(j->history_bytes / sizeof **row + 1, sizeof **row);
    *weight = souk_alloc_array(j->pair_bytes / sizeof **weight + 1, sizeof **weight);
    if (!*row || !*weight)
        return false;
    if (j->history_bytes > 0)
        memcpy(*row, j->history, j->history_bytes);
    if (j->pair_bytes > 0)
        memcpy(*weight, j->pair, j->pair_bytes);
    return true;
}

/* ---- asking ---- */

/* Whether a solve makes sense: there is G, and the vectors fit. */
static bool may_fold(const struct souk_job *j, const struct souk_model_rules *r)
{
    const size_t pairs = j->history_bytes / sizeof(int64_t) + (size_t)j->space->lately.count;
    return r->folds && pairs <= PAIRS_MAX &&
           pairs * (size_t)r->foldin.stride * sizeof(float) <= VECTOR_BYTES_MAX &&
           j->pair_bytes / sizeof(float) == j->history_bytes / sizeof(int64_t);
}

static bool read_vectors(const struct souk_message *m, int stride, struct resolved *out)
{
    const void *rows = NULL, *vectors = NULL;
    int64_t row_count = 0, vector_count = 0;
    if (!souk_message_array(m, "vector_rows", sizeof(int64_t), &rows, &row_count) ||
        !souk_message_array(m, "vectors", (size_t)stride * sizeof(float), &vectors,
                            &vector_count) ||
        row_count != vector_count || out->vectors + row_count > out->room)
        return false;
    if (row_count == 0)
        return true;
    memcpy(out->vector_row + out->vectors, rows, (size_t)row_count * sizeof(int64_t));
    memcpy(out->vector + out->vectors * stride, vectors,
           (size_t)(row_count * stride) * sizeof(float));
    out->vectors += row_count;
    return true;
}

/* @return false: the job is stale */
static bool resolve(struct souk_job *j, const struct souk_model_rules *r, bool folds,
                    struct resolved *out)
{
    struct souk_writer *w = &j->space->question;
    souk_job_start_resolve(j, folds ? 2 : 0);
    if (folds) {
        souk_writer_put_binary(w, "rows", j->history, j->history_bytes);
        souk_writer_put_bool(w, "vectors", true);
    }
    j->degraded |= souk_job_ask_aside(j) < souk_topology_shards(j->topology);
    if (j->stale)
        return false;
    for (int s = 0; s < souk_topology_shards(j->topology); s++) {
        const struct souk_message *m = souk_job_said(j, s);
        if (m && (!souk_job_read_resolved(j, m, out->row, out->type) ||
                  (folds && !read_vectors(m, r->foldin.stride, out)))) {
            souk_job_miss(j, s);
            j->degraded = true;
        }
    }
    return true;
}

static souk_status resolved_init(struct resolved *v, const struct souk_job *j, int stride)
{
    memset(v->row, 0xff, sizeof v->row);
    v->vectors = 0;
    v->room = (int64_t)(j->history_bytes / sizeof(int64_t)) + j->space->lately.count;
    v->vector_row = souk_alloc_array((size_t)v->room, sizeof *v->vector_row);
    v->vector = souk_alloc_array((size_t)v->room * (size_t)stride + 1, sizeof *v->vector);
    return v->vector_row && v->vector ? SOUK_OK : SOUK_ENOMEM;
}

/* ---- the events ---- */

static void append(struct later *l, int64_t at, int64_t row, const struct souk_lately_event *e,
                   int type)
{
    l->row[at] = row;
    l->ms[at] = e->ms;
    l->type[at] = (uint8_t)type;
    l->value[at] = (float)e->value;
}

/* Events of a type that the model does not know count towards no weight, yet their items are seen:
 * their rows stand behind the others. @return how many rows; -1: an error reply is there */
static int64_t take_later(struct souk_job *j, const struct souk_model_rules *r,
                          const struct resolved *v, struct later *l)
{
    const struct souk_lately *lately = &j->space->lately;
    int64_t back = SOUK_WIRE_CONTEXT_MAX;
    l->weighed = 0;
    for (int i = 0; i < lately->count; i++) {
        const struct souk_lately_event *e = &lately->events[i];
        const int type = (e->number < 0 ? souk_model_rules_type_like
                                        : souk_model_rules_type)(r, e->type, e->type_len);
        if (type < 0 && e->number >= 0) {
            souk_job_refuse_event(j, e, "has a 'type' that the model does not know");
            return -1;
        }
        if (v->row[i] < 0 || e->ms > j->moment_ms)
            continue;
        if (type >= 0)
            append(l, l->weighed++, v->row[i], e, type);
        else
            append(l, --back, v->row[i], e, 0);
    }
    memmove(l->row + l->weighed, l->row + back,
            (size_t)(SOUK_WIRE_CONTEXT_MAX - back) * sizeof *l->row);
    return l->weighed + SOUK_WIRE_CONTEXT_MAX - back;
}

/* Held rows and those of the events: what must not be recommended. */
static bool make_seen(struct souk_job *j, const int64_t *held, const struct later *l, int64_t rows)
{
    struct souk_workspace *w = j->space;
    const int64_t count = (int64_t)(j->history_bytes / sizeof *held);
    if (souk_grow(&w->seen, &w->seen_room, (size_t)(count + rows), SIZE_MAX / 64,
                  sizeof *w->seen) != SOUK_OK)
        return false;
    if (count > 0)
        memcpy(w->seen, held, (size_t)count * sizeof *held);
    if (rows > 0)
        memcpy(w->seen + count, l->row, (size_t)rows * sizeof *l->row);
    j->seen = w->seen;
    j->seen_bytes = (size_t)souk_rows_unique(w->seen, count + rows) * sizeof *w->seen;
    return true;
}

/* ---- the solve ---- */

struct place {
    int64_t row;
    const float *vector;
};

static int by_row(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return (x->row > y->row) - (x->row < y->row);
}

/* The pairs whose vectors have come, at the front of the history. @param row [count], out
 * @return how many there are */
static int64_t find_vectors(const struct resolved *v, int stride, struct place *places,
                            struct souk_whole_history *h, const float **row)
{
    int64_t kept = 0;
    for (int64_t k = 0; k < v->vectors; k++)
        places[k] = (struct place){v->vector_row[k], v->vector + k * stride};
    qsort(places, (size_t)v->vectors, sizeof *places, by_row);
    for (int64_t i = 0; i < h->count; i++) {
        const struct place wanted = {.row = h->row[i]};
        const struct place *found =
            bsearch(&wanted, places, (size_t)v->vectors, sizeof *places, by_row);
        if (!found)
            continue;
        h->row[kept] = h->row[i];
        h->weight[kept] = h->weight[i];
        h->recency[kept] = h->recency[i];
        row[kept++] = found->vector;
    }
    return kept;
}

static souk_status solve(struct souk_job *j, const struct souk_foldin *f, const struct resolved *v)
{
    struct souk_workspace *w = j->space;
    struct souk_whole_history *h = &w->whole;
    struct place *places = souk_alloc_array((size_t)v->vectors + 1, sizeof *places);
    const float **row = souk_alloc_array((size_t)h->count + 1, sizeof *row);
    double *scratch = souk_alloc_array((size_t)souk_foldin_scratch(f), sizeof *scratch);
    souk_status status =
        souk_grow(&w->folded, &w->folded_room, (size_t)f->stride, SIZE_MAX / 64, sizeof *w->folded);
    if (!places || !row || !scratch)
        status = SOUK_ENOMEM;
    if (status == SOUK_OK) {
        const int64_t count = find_vectors(v, f->stride, places, h, row);
        j->degraded |= count < h->count;
        status = count > 0
                     ? souk_foldin_solve(f, row, h->weight, h->recency, count, scratch, w->folded)
                     : SOUK_ENOTFOUND;
    }
    free(places);
    free(row);
    free(scratch);
    return status;
}

/* ---- all of it ---- */

static void use_vector(struct souk_job *j, const struct souk_model_rules *r)
{
    j->vector = j->space->folded;
    j->vector_bytes = (size_t)r->foldin.stride * sizeof(float);
}

static void use_history(struct souk_job *j)
{
    const struct souk_whole_history *h = &j->space->whole;
    const bool scores = souk_neighbours_can_score(h->weight, h->count);
    j->history = h->row;
    j->history_bytes = (size_t)h->count * sizeof *h->row;
    j->weight = h->weight;
    j->weight_bytes = scores ? (size_t)h->count * sizeof *h->weight : 0;
}

static bool fail(struct souk_job *j)
{
    souk_reply_error(j->reply, j->request, SOUK_WIRE_INTERNAL, "no memory");
    return false;
}

/* Make the history, and what the model scores by. @param later its rows, all of them
 * @return false: an error reply is there */
static bool apply(struct souk_job *j, const struct souk_model_rules *r, bool folds,
                  const struct resolved *v, struct later *l, int64_t rows)
{
    const struct souk_pair_rules pair = {.weighing = &r->weighing,
                                         .history = &r->history,
                                         .recency = &r->foldin.recency,
                                         .until_ms = souk_job_data_until_ms(j)};
    const struct souk_later_events later = {
        .count = l->weighed, .row = l->row, .ms = l->ms, .type = l->type, .value = l->value};
    struct souk_held_pairs held = held_of(j);
    int64_t *held_row = NULL;
    float *held_weight = NULL;
    bool good = copy_held(j, &held_row, &held_weight);
    held.row = held_row;
    held.weight = held_weight;
    good = good && souk_whole_history_make(&j->space->whole, &pair, &held, &later) == SOUK_OK &&
           make_seen(j, held_row, l, rows);
    free(held_row);
    free(held_weight);
    if (!good)
        return fail(j);
    j->warm |= rows > 0;
    if (folds && j->space->whole.count > 0) {
        if (solve(j, &r->foldin, v) == SOUK_OK)
            use_vector(j, r);
        else
            j->degraded = true;
    } else if (r->neighbours > 0) {
        use_history(j);
    }
    return true;
}

static bool fold_in(struct souk_job *j, const struct souk_model_rules *r)
{
    const bool folds = may_fold(j, r);
    struct resolved v;
    struct later l;
    int64_t rows = -1;
    const bool good = resolved_init(&v, j, folds ? r->foldin.stride : 0) == SOUK_OK;
    if (!good)
        fail(j);
    else if (resolve(j, r, folds, &v))
        rows = take_later(j, r, &v, &l);
    /* A shard was missing for G, or the home shard is of a release that sends no weights. */
    j->degraded |= (r->foldin.kind != SOUK_FOLDIN_NONE && !r->folds) ||
                   (j->history_bytes > 0 && j->pair_bytes == 0);
    const bool done = rows >= 0 && apply(j, r, folds, &v, &l, rows);
    free(v.vector_row);
    free(v.vector);
    return done;
}

bool souk_job_fold_in(struct souk_job *j)
{
    if (j->space->lately.count == 0)
        return true;
    struct souk_model_rules *r = souk_model_rules_take(j);
    if (j->stale)
        return false;
    if (!r) { /* no shard says what events weigh: the answer goes without them */
        j->degraded = true;
        return true;
    }
    const bool done = fold_in(j, r);
    souk_model_rules_give(r);
    return done;
}
