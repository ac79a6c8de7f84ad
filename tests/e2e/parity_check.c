/* parity_check PROXY FILE...: ask a fleet to explain what parity_rows wrote, and compare the bits
 * of every feature and score. Prints how much was compared; exit code 1 where anything differs. A
 * missing value has no bits of its own. */
#include "serve/client/souk_client.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS_MAX = 50, FEATURES_MAX = 512, LINE_BYTES = 1 << 16 };

struct row {
    char *line; /* what the texts point into */
    const char *user, *item;
    int64_t moment_ms;
    uint32_t score, feature[FEATURES_MAX];
};

struct check {
    struct souk_client *client;
    char names[LINE_BYTES];
    const char *name[FEATURES_MAX];
    int features;
    int64_t rows, values, missing, candidates, different;
};

static void complain(struct check *c, const struct row *r, const char *what, uint32_t want,
                     uint32_t got)
{
    if (c->different++ < 5)
        printf("user %s at %" PRId64 ", item %s: %s: training %08" PRIx32 ", serving %08" PRIx32
               "\n",
               r->user, r->moment_ms, r->item, what, want, got);
}

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float value_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* ---- reading ---- */

static bool read_names(struct check *c, FILE *f)
{
    char *rest = NULL;
    if (!fgets(c->names, sizeof c->names, f))
        return false;
    c->features = 0;
    for (char *name = strtok_r(c->names, " \n", &rest); name && c->features < FEATURES_MAX;
         name = strtok_r(NULL, " \n", &rest))
        c->name[c->features++] = name;
    return c->features > 0;
}

static bool parse_row(const struct check *c, struct row *r)
{
    char *rest = NULL;
    r->user = strtok_r(r->line, "\t", &rest);
    const char *moment = strtok_r(NULL, "\t", &rest);
    r->item = strtok_r(NULL, "\t", &rest);
    const char *score = strtok_r(NULL, "\t", &rest);
    if (!r->user || !moment || !r->item || !score)
        return false;
    r->moment_ms = atoll(moment);
    r->score = (uint32_t)strtoul(score, NULL, 16);
    for (int f = 0; f < c->features; f++) {
        const char *word = strtok_r(NULL, " \n", &rest);
        if (!word)
            return false;
        r->feature[f] = (uint32_t)strtoul(word, NULL, 16);
    }
    return true;
}

static bool is_same_visit(const struct row *a, const struct row *b)
{
    return a->moment_ms == b->moment_ms && strcmp(a->user, b->user) == 0;
}

/* ---- comparing ---- */

static const struct souk_share *find_share(const struct souk_explanation *e, const char *name)
{
    for (int f = 0; f < e->count; f++)
        if (strcmp(e->features[f].name, name) == 0)
            return &e->features[f];
    return NULL;
}

/* The terms make the score, and the contributions the forest's. */
static void check_sums(struct check *c, const struct row *r, const struct souk_explained *x,
                       const struct souk_explanation *e)
{
    double sum = x->expectation;
    for (int f = 0; f < e->count; f++)
        sum += e->features[f].contribution;
    if (fabs(sum - e->forest) > 1e-9 * fmax(1, fabs(e->forest)))
        complain(c, r, "sum of the contributions", bits_of((float)e->forest), bits_of((float)sum));
    const float score = (float)(e->forest + x->blend * e->base);
    if (bits_of(score) != bits_of(e->score))
        complain(c, r, "terms of the score", bits_of(e->score), bits_of(score));
}

static void check_item(struct check *c, const struct row *r, const struct souk_explained *x,
                       const struct souk_explanation *e)
{
    c->rows++;
    c->candidates += e->candidate;
    if (strcmp(e->item, r->item) != 0 || e->count != c->features)
        complain(c, r, "item, or number of features", (uint32_t)c->features, (uint32_t)e->count);
    if (bits_of(e->score) != r->score)
        complain(c, r, "score", r->score, bits_of(e->score));
    for (int f = 0; f < c->features; f++) {
        const struct souk_share *s = find_share(e, c->name[f]);
        const bool missing = !isfinite(value_of(r->feature[f]));
        c->values++;
        c->missing += missing;
        if (!s || (missing ? !isnan(s->value) : bits_of(s->value) != r->feature[f]))
            complain(c, r, c->name[f], r->feature[f], s ? bits_of(s->value) : 0);
    }
    check_sums(c, r, x, e);
}

/* @return false: no answer */
static bool check_visit(struct check *c, const struct row *rows, int count)
{
    const char *items[ITEMS_MAX];
    struct souk_error err = {0};
    struct souk_explained x;
    for (int i = 0; i < count; i++)
        items[i] = rows[i].item;
    const struct souk_query query = {.id = rows[0].user,
                                     .n = 10,
                                     .moment_ms = rows[0].moment_ms,
                                     .items = items,
                                     .item_count = count,
                                     .timeout_ms = 20000};
    bool good = souk_client_explain(c->client, 0, &query, &x, &err) == SOUK_OK;
    if (!good)
        printf("parity_check: user %s: %s\n", rows[0].user, err.msg);
    if (good && (x.count != count || x.partial || x.degraded))
        complain(c, rows, "explanations, or a shard that is missing", (uint32_t)count,
                 (uint32_t)x.count);
    for (int i = 0; i < count && good && x.count == count; i++)
        check_item(c, &rows[i], &x, &x.items[i]);
    souk_explained_fini(&x);
    return good;
}

/* Rows of one visit follow each other. */
static bool check_file(struct check *c, const char *path)
{
    static struct row rows[ITEMS_MAX];
    FILE *f = fopen(path, "r");
    size_t size = 0;
    int count = 0;
    bool good = f && read_names(c, f);
    for (;;) {
        struct row r = {0};
        const bool more = good && getline(&r.line, &size, f) > 0;
        good = good && (!more || parse_row(c, &r));
        const bool ends =
            !more || !good || count == ITEMS_MAX || (count > 0 && !is_same_visit(&rows[0], &r));
        if (good && ends && count > 0)
            good = check_visit(c, rows, count);
        for (int i = 0; ends && i < count; i++)
            free(rows[i].line);
        count = ends ? 0 : count;
        if (!more || !good) {
            free(r.line);
            break;
        }
        rows[count++] = r;
        size = 0;
    }
    if (f)
        fclose(f);
    if (!good)
        printf("parity_check: %s: cannot be read, or no answer\n", path);
    return good;
}

int main(int argc, char **argv)
{
    static struct check c;
    struct souk_error err = {0};
    if (argc < 3 || souk_client_new(argv[1], 1, &c.client, &err) != SOUK_OK) {
        fprintf(stderr, "usage: parity_check PROXY FILE... %s\n", err.msg);
        return 2;
    }
    bool good = true;
    for (int i = 2; i < argc && good; i++)
        good = check_file(&c, argv[i]);
    printf("%" PRId64 " rows (%" PRId64 " of candidates), %" PRId64 " features (%" PRId64
           " missing): %" PRId64 " differ\n",
           c.rows, c.candidates, c.values, c.missing, c.different);
    souk_client_free(c.client);
    return good && c.different == 0 ? 0 : 1;
}
