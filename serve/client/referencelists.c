#include "serve/client/referencelists.h"

#include "shared/base/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 64, SHARDS_MAX = 16, HEAD_LINES = 4 };

struct entry {
    const char *item;
    float score;
    int shard;
};

struct user {
    const char *id;
    size_t first, count; /* of its entries */
};

struct version {
    char *text; /* of the file; ids point into it */
    const char *model;
    int64_t n;
    int shards;
    int64_t items[SHARDS_MAX], catalogue;
    struct user *users; /* [user_count], by id */
    size_t user_count, user_room;
    struct entry *entries; /* [entry_count] */
    size_t entry_count, entry_room;
};

struct souk_references {
    int count;
    struct version versions[FILES_MAX];
};

/* ---- reading ---- */

/* The next field of a line, which ends at a tab or with the line. NULL: there is none. */
static char *take_field(char **rest)
{
    return strsep(rest, "\t");
}

static bool parse_int(const char *text, int64_t min, int64_t max, int64_t *value)
{
    char *end = NULL;
    if (!text || !*text)
        return false;
    *value = strtoll(text, &end, 10);
    return *end == '\0' && *value >= min && *value <= max;
}

static bool take_items(struct version *v, char *rest)
{
    for (const char *field; (field = take_field(&rest)) != NULL; v->shards++) {
        if (v->shards == SHARDS_MAX || !parse_int(field, 0, INT64_C(1) << 48, &v->items[v->shards]))
            return false;
        v->catalogue += v->items[v->shards];
    }
    return v->shards > 0;
}

/* The four lines at the top, in this order. */
static bool take_head(struct version *v, size_t line, char *rest)
{
    static const char *const keys[HEAD_LINES] = {"souk-reference", "model", "n", "items"};
    const char *key = take_field(&rest);
    int64_t format = 0;
    if (!key || strcmp(key, keys[line]) != 0 || !rest)
        return false;
    switch (line) {
    case 0:
        return parse_int(rest, 1, 1, &format);
    case 1:
        v->model = rest;
        return *rest != '\0';
    case 2:
        return parse_int(rest, 1, 1000, &v->n);
    default:
        return take_items(v, rest);
    }
}

static souk_status take_user(struct version *v, char *id)
{
    const souk_status status =
        souk_grow(&v->users, &v->user_room, v->user_count + 1, SIZE_MAX / 64, sizeof *v->users);
    if (!status)
        v->users[v->user_count++] = (struct user){.id = id, .first = v->entry_count};
    return status;
}

static souk_status take_entry(struct version *v, char *rest)
{
    const char *score_text = take_field(&rest), *shard_text = take_field(&rest);
    char *end = NULL;
    int64_t shard = 0;
    if (v->user_count == 0 || !rest || !*rest || !parse_int(shard_text, 0, v->shards - 1, &shard))
        return SOUK_EFORMAT;
    const float score = strtof(score_text, &end);
    if (end == score_text || *end != '\0' || !isfinite(score))
        return SOUK_EFORMAT;
    const souk_status status = souk_grow(&v->entries, &v->entry_room, v->entry_count + 1,
                                         SIZE_MAX / 64, sizeof *v->entries);
    if (status)
        return status;
    v->entries[v->entry_count++] =
        (struct entry){.item = rest, .score = score, .shard = (int)shard};
    v->users[v->user_count - 1].count++;
    return SOUK_OK;
}

static souk_status take_line(struct version *v, size_t line, char *text)
{
    if (line < HEAD_LINES)
        return take_head(v, line, text) ? SOUK_OK : SOUK_EFORMAT;
    return strncmp(text, "user\t", 5) == 0 ? take_user(v, text + 5) : take_entry(v, text);
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct user *)a)->id, ((const struct user *)b)->id);
}

static souk_status sort_users(struct version *v, const char *path, struct souk_error *err)
{
    if (v->user_count > 0)
        qsort(v->users, v->user_count, sizeof *v->users, by_id);
    for (size_t u = 1; u < v->user_count; u++)
        if (strcmp(v->users[u - 1].id, v->users[u].id) == 0)
            return souk_fail(err, SOUK_EFORMAT, "%s: user '%s' is there twice", path,
                             v->users[u].id);
    return SOUK_OK;
}

static souk_status parse_version(struct version *v, const char *path, struct souk_error *err)
{
    char *rest = v->text;
    size_t line = 0;
    for (char *text; (text = strsep(&rest, "\n")) != NULL && (rest || *text); line++) {
        const souk_status status = take_line(v, line, text);
        if (status)
            return souk_fail(err, status, "%s:%zu: %s", path, line + 1,
                             status == SOUK_ENOMEM ? "no memory"
                                                   : "not a line of a reference, format 1");
    }
    if (line < HEAD_LINES)
        return souk_fail(err, SOUK_EFORMAT, "%s: not a reference: it ends in its head", path);
    return sort_users(v, path, err);
}

static souk_status load_version(struct version *v, const char *path, int64_t n,
                                struct souk_error *err)
{
    FILE *file = fopen(path, "r");
    size_t size = 0;
    if (!file)
        return souk_fail_errno(err, "%s", path);
    const bool read = getdelim(&v->text, &size, '\0', file) > 0;
    const bool failed = ferror(file);
    fclose(file);
    if (failed)
        return souk_fail(err, SOUK_EIO, "%s: cannot be read", path);
    if (!read)
        return souk_fail(err, SOUK_EFORMAT, "%s: is empty", path);
    const souk_status status = parse_version(v, path, err);
    if (!status && v->n < n)
        return souk_fail(err, SOUK_EUSAGE,
                         "%s is for lists of up to %" PRId64 ", %" PRId64 " are asked for", path,
                         v->n, n);
    return status;
}

souk_status souk_references_load(const char *paths, int64_t n, struct souk_references **out,
                                 struct souk_error *err)
{
    struct souk_references *r = souk_zalloc_array(1, sizeof *r);
    char *copy = souk_strndup(paths, strlen(paths)), *rest = NULL;
    souk_status status = SOUK_OK;
    *out = NULL;
    if (!r || !copy)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for the reference");
    for (char *path = status ? NULL : strtok_r(copy, ",", &rest); path && !status;
         path = strtok_r(NULL, ",", &rest)) {
        if (r->count == FILES_MAX)
            status = souk_fail(err, SOUK_EUSAGE, "more than %d references", FILES_MAX);
        else
            status = load_version(&r->versions[r->count++], path, n, err);
    }
    free(copy);
    if (status) {
        souk_references_free(r);
        return status;
    }
    *out = r;
    return SOUK_OK;
}

void souk_references_free(struct souk_references *r)
{
    for (int i = 0; r && i < r->count; i++) {
        free(r->versions[i].text);
        free(r->versions[i].users);
        free(r->versions[i].entries);
    }
    free(r);
}

/* ---- checking ---- */

static const struct version *find_version(const struct souk_references *r, const char *model)
{
    for (int i = 0; model && i < r->count; i++)
        if (strcmp(r->versions[i].model, model) == 0)
            return &r->versions[i];
    return NULL;
}

static const struct user *find_user(const struct version *v, const char *id)
{
    const struct user key = {.id = id};
    return v->user_count > 0 ? bsearch(&key, v->users, v->user_count, sizeof key, by_id) : NULL;
}

static bool is_item(const struct entry *e, const struct souk_answer_item *item)
{
    return e->score == item->score && strcmp(e->item, item->id) == 0;
}

/* Whether the answer is the list of these shards, entry for entry, bit for bit. */
static bool is_list(const struct version *v, const struct user *u, unsigned shards, int64_t n,
                    const struct souk_answer *a)
{
    int at = 0;
    for (size_t k = u->first; k < u->first + u->count && at < n; k++) {
        const struct entry *e = &v->entries[k];
        if (!(shards >> e->shard & 1))
            continue;
        if (at == a->count || !is_item(e, &a->items[at]))
            return false;
        at++;
    }
    return at == a->count;
}

static double coverage_of(const struct version *v, unsigned shards)
{
    int64_t items = 0;
    for (int s = 0; s < v->shards; s++)
        items += shards >> s & 1 ? v->items[s] : 0;
    return v->catalogue > 0 ? (double)items / (double)v->catalogue : 1;
}

/* Which shards answered is not said, only how much they cover: any that cover as much will do. */
static bool is_right(const struct version *v, const struct user *u, int64_t n,
                     const struct souk_answer *a)
{
    const unsigned all = (1u << v->shards) - 1;
    for (unsigned shards = a->partial ? 1 : all; shards < all + !a->partial; shards++)
        if (fabs(coverage_of(v, shards) - a->coverage) < 1e-9 && is_list(v, u, shards, n, a))
            return true;
    return false;
}

/* Whether the version has this item with this score for the user, or for a stranger. */
static bool version_explains(const struct version *v, const char *user,
                             const struct souk_answer_item *item)
{
    const struct user *const lists[] = {find_user(v, user), find_user(v, "")};
    for (size_t l = 0; l < 2; l++)
        for (size_t k = 0; lists[l] && k < lists[l]->count; k++)
            if (is_item(&v->entries[lists[l]->first + k], item))
                return true;
    return false;
}

/* A wrong answer whose every item some version explains, but not the one that is stated. */
static bool is_mixed(const struct souk_references *r, const struct version *stated,
                     const char *user, const struct souk_answer *a)
{
    bool foreign = false;
    for (int i = 0; i < a->count; i++) {
        bool explained = false;
        for (int v = 0; v < r->count; v++)
            explained |= version_explains(&r->versions[v], user, &a->items[i]);
        if (!explained)
            return false;
        foreign |= !version_explains(stated, user, &a->items[i]);
    }
    return foreign;
}

enum souk_verdict souk_references_check(const struct souk_references *r, const char *user,
                                        int64_t n, const struct souk_answer *a)
{
    const struct version *v = find_version(r, a->model);
    if (!v)
        return SOUK_VERDICT_UNKNOWN_VERSION;
    if (!a->id || strcmp(a->id, user) != 0)
        return SOUK_VERDICT_WRONG;
    const struct user *u = find_user(v, a->degraded ? "" : user);
    if (!u)
        return SOUK_VERDICT_UNCHECKED;
    if (is_right(v, u, n, a))
        return SOUK_VERDICT_RIGHT;
    return is_mixed(r, v, user, a) ? SOUK_VERDICT_MIXED : SOUK_VERDICT_WRONG;
}
