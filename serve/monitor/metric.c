#include "serve/monitor/metric.h"

#include "shared/base/memory.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { FAMILIES_MAX = 1000, COLLECTORS_MAX = 100 };

struct series {
    struct souk_label labels[SOUK_METRIC_LABELS_MAX + 1]; /* texts are ours; ended by NULL */
    void *handle;                                         /* of the family's type */
};

struct family {
    const char *name, *help;
    enum souk_metric_type type;
    struct series *series; /* [count] */
    size_t count, room;
};

struct collector {
    souk_metrics_collector run;
    void *context;
};

struct souk_metrics {
    pthread_mutex_t lock; /* of all below; not of what handles point at */
    struct family *families;
    size_t family_count, family_room, series_count;
    struct collector *collectors;
    size_t collector_count, collector_room;
    struct souk_error failure; /* the first one */
};

static const int64_t microseconds[] = {50,     100,    200,    500,    1000,    2000,    3000,
                                       5000,   7500,   10000,  15000,  25000,   50000,   100000,
                                       150000, 200000, 250000, 500000, 1000000, 2500000, 10000000};
const struct souk_bounds souk_bounds_seconds = {
    .count = sizeof microseconds / sizeof *microseconds, .at = microseconds, .decimals = 6};

static const int64_t counts[] = {0,      1,      2,      5,       10,      20,      50,      100,
                                 200,    500,    1000,   2000,    5000,    10000,   20000,   50000,
                                 100000, 200000, 500000, 1000000, 2000000, 5000000, 10000000};
const struct souk_bounds souk_bounds_count = {
    .count = sizeof counts / sizeof *counts, .at = counts, .decimals = 0};

struct souk_metrics *souk_metrics_new(void)
{
    struct souk_metrics *m = souk_zalloc_array(1, sizeof *m);
    if (m && pthread_mutex_init(&m->lock, NULL) != 0) {
        free(m);
        return NULL;
    }
    return m;
}

static void free_series(struct series *s)
{
    for (struct souk_label *l = s->labels; l->name; l++) {
        free((char *)l->name);
        free((char *)l->value);
    }
    free(s->handle);
}

void souk_metrics_free(struct souk_metrics *m)
{
    if (!m)
        return;
    for (size_t f = 0; f < m->family_count; f++) {
        for (size_t s = 0; s < m->families[f].count; s++)
            free_series(&m->families[f].series[s]);
        free(m->families[f].series);
    }
    free(m->families);
    free(m->collectors);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

/* ---- what Prometheus takes ---- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Colons are for names that rules make. */
static bool is_name(const char *name)
{
    if (!is_letter(*name))
        return false;
    while (is_letter(*name) || (*name >= '0' && *name <= '9'))
        name++;
    return *name == '\0';
}

static bool ends_in(const char *text, const char *end)
{
    const size_t len = strlen(text), end_len = strlen(end);
    return len > end_len && strcmp(text + len - end_len, end) == 0;
}

static bool is_name_of(const char *name, enum souk_metric_type type)
{
    return is_name(name) && ends_in(name, "_total") == (type == SOUK_METRIC_COUNTER) &&
           !ends_in(name, "_sum") && !ends_in(name, "_count") && !ends_in(name, "_bucket");
}

static bool are_labels(const struct souk_label *labels)
{
    int count = 0;
    for (const struct souk_label *l = labels; l && l->name; l++) {
        if (++count > SOUK_METRIC_LABELS_MAX || !is_name(l->name) || !l->value ||
            strncmp(l->name, "__", 2) == 0 || strcmp(l->name, "le") == 0)
            return false;
        for (const struct souk_label *before = labels; before < l; before++)
            if (strcmp(before->name, l->name) == 0)
                return false;
    }
    return true;
}

static bool are_bounds(const struct souk_bounds *b)
{
    for (int i = 1; b && i < b->count; i++)
        if (b->at[i - 1] >= b->at[i])
            return false;
    return !b || b->count > 0;
}

/* ---- making ---- */

/* @param only_names the values may differ */
static bool are_same_labels(const struct souk_label *a, const struct souk_label *b, bool only_names)
{
    static const struct souk_label none = {0};
    a = a ? a : &none;
    b = b ? b : &none;
    for (; a->name && b->name; a++, b++)
        if (strcmp(a->name, b->name) != 0 || (!only_names && strcmp(a->value, b->value) != 0))
            return false;
    return !a->name && !b->name;
}

static souk_status find_family(struct souk_metrics *m, const char *name, enum souk_metric_type type,
                               const char *help, struct family **out)
{
    for (size_t i = 0; i < m->family_count; i++) {
        struct family *f = &m->families[i];
        *out = f;
        if (strcmp(f->name, name) == 0)
            return f->type == type && strcmp(f->help, help) == 0 ? SOUK_OK : SOUK_EINVAL;
    }
    const souk_status status = souk_grow(&m->families, &m->family_room, m->family_count + 1,
                                         FAMILIES_MAX, sizeof *m->families);
    if (status)
        return status;
    *out = &m->families[m->family_count++];
    **out = (struct family){.name = name, .help = help, .type = type};
    return SOUK_OK;
}

static souk_status copy_labels(struct series *s, const struct souk_label *labels)
{
    struct souk_label *to = s->labels;
    for (const struct souk_label *l = labels; l && l->name; l++, to++) {
        char *name = souk_strndup(l->name, strlen(l->name));
        char *value = souk_strndup(l->value, strlen(l->value));
        if (!name || !value) {
            free(name);
            free(value);
            return SOUK_ENOMEM;
        }
        *to = (struct souk_label){name, value};
    }
    return SOUK_OK;
}

/* @param bounds of a histogram */
static void *make_handle(enum souk_metric_type type, const struct souk_bounds *bounds)
{
    struct souk_histogram *h = NULL;
    switch (type) {
    case SOUK_METRIC_COUNTER:
        return souk_alloc_aligned(1, sizeof(struct souk_counter));
    case SOUK_METRIC_GAUGE:
        return souk_alloc_aligned(1, sizeof(struct souk_gauge));
    case SOUK_METRIC_HISTOGRAM:
        h = souk_alloc_aligned(1, sizeof *h + ((size_t)bounds->count + 1) * sizeof h->bucket[0]);
        if (h)
            h->bounds = bounds;
    }
    return h;
}

static souk_status add_series(struct souk_metrics *m, struct family *f,
                              const struct souk_label *labels, const struct souk_bounds *bounds,
                              void **handle)
{
    struct series s = {.handle = NULL};
    for (size_t i = 0; i < f->count; i++)
        if (are_same_labels(f->series[i].labels, labels, false))
            return SOUK_EEXIST;
    if (f->count > 0 && !are_same_labels(f->series[0].labels, labels, true))
        return SOUK_EINVAL;
    if (m->series_count >= SOUK_METRIC_SERIES_MAX)
        return SOUK_ELIMIT;
    souk_status status =
        souk_grow(&f->series, &f->room, f->count + 1, SOUK_METRIC_SERIES_MAX, sizeof *f->series);
    if (!status)
        status = copy_labels(&s, labels);
    if (!status && !(s.handle = make_handle(f->type, bounds)))
        status = SOUK_ENOMEM;
    if (status) {
        free_series(&s);
        return status;
    }
    f->series[f->count++] = s;
    m->series_count++;
    *handle = s.handle;
    return SOUK_OK;
}

static void keep_failure(struct souk_metrics *m, souk_status status, const char *name)
{
    if (m->failure.status == SOUK_OK)
        m->failure.status =
            souk_fail(&m->failure, status, "metric '%s': %s", name, souk_status_text(status));
}

/* @param bounds of a histogram */
static void *make(struct souk_metrics *m, const char *name, enum souk_metric_type type,
                  const char *help, const struct souk_label *labels,
                  const struct souk_bounds *bounds)
{
    struct family *f = NULL;
    void *handle = NULL;
    souk_status status = SOUK_EINVAL;
    if (!m)
        return NULL;
    pthread_mutex_lock(&m->lock);
    if (is_name_of(name, type) && help[0] && are_labels(labels) && are_bounds(bounds))
        status = find_family(m, name, type, help, &f);
    if (!status)
        status = add_series(m, f, labels, bounds, &handle);
    if (status)
        keep_failure(m, status, name);
    pthread_mutex_unlock(&m->lock);
    return handle;
}

struct souk_counter *souk_metrics_counter(struct souk_metrics *m, const char *name,
                                          const char *help, const struct souk_label *labels)
{
    return make(m, name, SOUK_METRIC_COUNTER, help, labels, NULL);
}

struct souk_gauge *souk_metrics_gauge(struct souk_metrics *m, const char *name, const char *help,
                                      const struct souk_label *labels)
{
    return make(m, name, SOUK_METRIC_GAUGE, help, labels, NULL);
}

struct souk_histogram *souk_metrics_histogram(struct souk_metrics *m, const char *name,
                                              const char *help, const struct souk_label *labels,
                                              const struct souk_bounds *bounds)
{
    return make(m, name, SOUK_METRIC_HISTOGRAM, help, labels, bounds);
}

void souk_metrics_collect(struct souk_metrics *m, souk_metrics_collector collector, void *context)
{
    if (!m)
        return;
    pthread_mutex_lock(&m->lock);
    const souk_status status = souk_grow(&m->collectors, &m->collector_room, m->collector_count + 1,
                                         COLLECTORS_MAX, sizeof *m->collectors);
    if (status)
        keep_failure(m, status, "collector");
    else
        m->collectors[m->collector_count++] = (struct collector){collector, context};
    pthread_mutex_unlock(&m->lock);
}

souk_status souk_metrics_check(struct souk_metrics *m, struct souk_error *err)
{
    if (!m)
        return SOUK_OK;
    pthread_mutex_lock(&m->lock);
    const struct souk_error failure = m->failure;
    pthread_mutex_unlock(&m->lock);
    return failure.status ? souk_fail(err, failure.status, "%s", failure.msg) : SOUK_OK;
}

/* ---- writing ---- */

/* The labels of a bucket: those of the series, and where it ends. */
static void write_bucket(struct souk_exposition *e, const struct souk_label *labels,
                         const char *end, uint64_t below)
{
    struct souk_label with_end[SOUK_METRIC_LABELS_MAX + 2] = {{0}};
    int count = 0;
    for (; labels[count].name; count++)
        with_end[count] = labels[count];
    with_end[count] = (struct souk_label){"le", end};
    souk_exposition_integer(e, "_bucket", with_end, (int64_t)below, 0);
}

static void write_histogram(struct souk_exposition *e, const struct series *s)
{
    struct souk_histogram *h = s->handle;
    const struct souk_bounds *b = h->bounds;
    char end[SOUK_DECIMAL_BYTES];
    uint64_t below = 0;
    for (int i = 0; i < b->count; i++) {
        below += atomic_load_explicit(&h->bucket[i], memory_order_relaxed);
        souk_exposition_decimal(b->at[i], b->decimals, end);
        write_bucket(e, s->labels, end, below);
    }
    below += atomic_load_explicit(&h->bucket[b->count], memory_order_relaxed);
    write_bucket(e, s->labels, "+Inf", below);
    souk_exposition_integer(e, "_sum", s->labels,
                            atomic_load_explicit(&h->sum, memory_order_relaxed), b->decimals);
    souk_exposition_integer(e, "_count", s->labels, (int64_t)below, 0);
}

static void write_series(struct souk_exposition *e, const struct family *f, const struct series *s)
{
    switch (f->type) {
    case SOUK_METRIC_COUNTER: {
        struct souk_counter *c = s->handle;
        const uint64_t value = atomic_load_explicit(&c->value, memory_order_relaxed);
        souk_exposition_integer(e, "", s->labels, (int64_t)value, 0);
        break;
    }
    case SOUK_METRIC_GAUGE: {
        struct souk_gauge *g = s->handle;
        const int64_t value = atomic_load_explicit(&g->value, memory_order_relaxed);
        souk_exposition_integer(e, "", s->labels, value, 0);
        break;
    }
    case SOUK_METRIC_HISTOGRAM:
        write_histogram(e, s);
        break;
    }
}

void souk_metrics_write(struct souk_metrics *m, struct souk_exposition *e)
{
    pthread_mutex_lock(&m->lock);
    for (size_t f = 0; f < m->family_count; f++) {
        const struct family *family = &m->families[f];
        if (family->count == 0)
            continue;
        souk_exposition_family(e, family->name, family->type, family->help);
        for (size_t s = 0; s < family->count; s++)
            write_series(e, family, &family->series[s]);
    }
    for (size_t c = 0; c < m->collector_count; c++)
        m->collectors[c].run(m->collectors[c].context, e);
    pthread_mutex_unlock(&m->lock);
}
