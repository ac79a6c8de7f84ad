/* Cases out of a CSV file: every rank reads all of it and keeps the users of its parts. */
#include "train/evaluate/cases.h"

#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "shared/data/csv.h"
#include "shared/data/rows.h"
#include "train/evaluate/duty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

struct key {
    int part;
    int64_t at; /* of the id's text in the draft */
    int64_t index;
};

/* Pairs as they stand in the file; ids are NUL-terminated in `text`. */
struct draft {
    const struct souk_comm *comm;
    int parts, rounds;
    char *text;
    size_t text_size, text_cap;
    struct key *user, *item; /* [count] */
    size_t count, user_cap, item_cap;
    int longest_user, longest_item;
};

static const size_t most = SIZE_MAX / 256; /* only memory bounds these arrays */

static souk_status read_file(const char *path, char **bytes, size_t *size, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    struct stat about;
    FILE *f = fopen(path, "rb");
    *bytes = NULL;
    if (!f || fstat(fileno(f), &about) != 0) {
        status = souk_fail_errno(err, "%s", path);
        goto out;
    }
    if (!S_ISREG(about.st_mode)) {
        status = souk_fail(err, SOUK_EFORMAT, "%s: not a regular file", path);
        goto out;
    }
    *size = (size_t)about.st_size;
    *bytes = souk_alloc_array(*size, 1);
    if (!*bytes)
        status = souk_fail(err, SOUK_ENOMEM, "%s: out of memory for %zu bytes", path, *size);
    else if (fread(*bytes, 1, *size, f) != *size)
        status = souk_fail(err, SOUK_EIO, "%s: cannot read all of its %zu bytes", path, *size);
out:
    if (f)
        fclose(f);
    return status;
}

/* Whether this rank has the part on duty in any round. */
static bool is_mine(const struct draft *d, int part)
{
    if (d->comm->size <= d->parts)
        return souk_duty_owner(d->comm, d->parts, part) == d->comm->rank;
    return souk_duty_of(d->comm, d->parts, 0).part == part;
}

static souk_status add_key(struct draft *d, struct key **keys, size_t *cap,
                           const struct souk_csv_field *id, int *longest)
{
    souk_status status = souk_grow(keys, cap, d->count + 1, most, sizeof **keys);
    if (status == SOUK_OK)
        status = souk_grow(&d->text, &d->text_cap, d->text_size + id->len + 1, most, 1);
    if (status != SOUK_OK)
        return status;
    (*keys)[d->count] =
        (struct key){.part = souk_part_of(souk_hash_bytes(id->text, id->len), d->parts),
                     .at = (int64_t)d->text_size,
                     .index = (int64_t)d->count};
    memcpy(d->text + d->text_size, id->text, id->len);
    d->text[d->text_size + id->len] = '\0';
    d->text_size += id->len + 1;
    if ((int)id->len > *longest)
        *longest = (int)id->len;
    return SOUK_OK;
}

static bool is_one_of(const struct souk_csv_field *field, const char *const *names)
{
    for (; *names; names++) {
        if (field->len == strlen(*names) && strncasecmp(field->text, *names, field->len) == 0)
            return true;
    }
    return false;
}

static bool is_header(const struct souk_csv_field *fields)
{
    static const char *const user[] = {"user",       "user_id",    "userid",      "visitorid",
                                       "visitor_id", "customerid", "customer_id", NULL};
    static const char *const item[] = {"item",      "item_id",    "itemid",
                                       "stockcode", "product_id", NULL};
    return is_one_of(&fields[0], user) && is_one_of(&fields[1], item);
}

static souk_status add_record(struct draft *d, const char *path, int64_t line,
                              const struct souk_csv_field *fields, int count,
                              struct souk_error *err)
{
    static const char *const what[] = {"user", "item"};
    if (count != 2)
        return souk_fail(err, SOUK_EFORMAT, "%s:%lld: expected 2 columns (user,item), found %d",
                         path, (long long)line, count);
    if (line == 1 && is_header(fields))
        return SOUK_OK;
    for (int i = 0; i < 2; i++) {
        if (!souk_id_is_valid(fields[i].text, fields[i].len))
            return souk_fail(err, SOUK_EFORMAT,
                             "%s:%lld: the %s is not an id of 1 to %d bytes of UTF-8", path,
                             (long long)line, what[i], SOUK_ID_MAX_BYTES);
    }
    const uint64_t hash = souk_hash_bytes(fields[0].text, fields[0].len);
    if (!is_mine(d, souk_part_of(hash, d->parts)))
        return SOUK_OK;
    souk_status status = add_key(d, &d->user, &d->user_cap, &fields[0], &d->longest_user);
    if (status == SOUK_OK)
        status = add_key(d, &d->item, &d->item_cap, &fields[1], &d->longest_item);
    if (status != SOUK_OK)
        return souk_fail(err, status, "%s:%lld: out of memory", path, (long long)line);
    d->count++;
    return SOUK_OK;
}

static souk_status parse(struct draft *d, const char *path, const char *bytes, size_t size,
                         struct souk_error *err)
{
    struct souk_csv csv;
    struct souk_csv_field fields[SOUK_CSV_FIELDS_MAX];
    int count = 0;
    bool unterminated = false;
    souk_status status = souk_csv_init(&csv, bytes, bytes + size, ',', 1);
    if (status != SOUK_OK)
        return souk_fail(err, status, "%s: out of memory", path);
    int64_t line = csv.line;
    while (status == SOUK_OK && souk_csv_next(&csv, fields, &count, &unterminated)) {
        if (unterminated)
            status = souk_fail(err, SOUK_EFORMAT, "%s:%lld: a quoted field does not end", path,
                               (long long)line);
        else
            status = add_record(d, path, line, fields, count, err);
        line = csv.line;
    }
    souk_csv_fini(&csv);
    return status;
}

static int compare_keys(const void *a, const void *b, void *text)
{
    const struct key *x = a, *y = b;
    if (x->part != y->part)
        return x->part < y->part ? -1 : 1;
    return strcmp((const char *)text + x->at, (const char *)text + y->at);
}

/* Number the distinct ids of sorted keys, by part then id: their table, and rank_of[index]. */
static souk_status number_ids(const struct draft *d, struct key *keys, int longest,
                              struct souk_idtable *ids, int64_t *part_first, int64_t *number)
{
    int64_t distinct = 0;
    for (size_t i = 0; i < d->count; i++)
        distinct += i == 0 || compare_keys(&keys[i], &keys[i - 1], d->text) != 0;
    const souk_status status = souk_idtable_init(ids, distinct, longest + 1);
    if (status != SOUK_OK)
        return status;
    int64_t at = -1;
    for (size_t i = 0; i < d->count; i++) {
        const char *id = d->text + keys[i].at;
        if (i == 0 || compare_keys(&keys[i], &keys[i - 1], d->text) != 0) {
            at++;
            memcpy(ids->bytes + (size_t)at * (size_t)ids->stride, id, strlen(id));
            part_first[keys[i].part + 1]++;
        }
        number[keys[i].index] = at;
    }
    for (int p = 0; p < d->parts; p++)
        part_first[p + 1] += part_first[p];
    return SOUK_OK;
}

/* Group the pairs by user, and each user's targets into ascending distinct ones. */
static void group_targets(const struct draft *d, const int64_t *user, const int64_t *item,
                          struct souk_cases *c)
{
    for (size_t i = 0; i < d->count; i++)
        c->target_offsets[user[i] + 1]++;
    for (int64_t u = 0; u < c->count; u++)
        c->target_offsets[u + 1] += c->target_offsets[u];
    for (size_t i = d->count; i-- > 0;)
        c->target[--c->target_offsets[user[i] + 1]] = item[i];
    /* now offsets[u + 1] is where user u begins; close the gaps that repeated lines leave */
    int64_t kept = 0;
    for (int64_t u = 0; u < c->count; u++) {
        const int64_t begin = c->target_offsets[u + 1];
        const int64_t end = u + 1 < c->count ? c->target_offsets[u + 2] : (int64_t)d->count;
        const int64_t distinct = souk_rows_unique(c->target + begin, end - begin);
        memmove(c->target + kept, c->target + begin, (size_t)distinct * sizeof *c->target);
        kept += distinct;
        c->target_offsets[u + 1] = kept;
    }
}

static souk_status build(struct draft *d, struct souk_cases *c, int64_t *user_first)
{
    int64_t *user = souk_alloc_array(d->count, sizeof *user);
    int64_t *item = souk_alloc_array(d->count, sizeof *item);
    souk_status status = user && item ? SOUK_OK : SOUK_ENOMEM;
    souk_idtable_fini(&c->users);
    if (d->count > 0) {
        qsort_r(d->user, d->count, sizeof *d->user, compare_keys, d->text);
        qsort_r(d->item, d->count, sizeof *d->item, compare_keys, d->text);
    }
    if (status == SOUK_OK)
        status = number_ids(d, d->user, d->longest_user, &c->users, user_first, user);
    if (status == SOUK_OK)
        status = number_ids(d, d->item, d->longest_item, &c->wanted, c->wanted_first, item);
    if (status == SOUK_OK) {
        free(c->target_offsets);
        c->count = c->users.count;
        c->target_offsets = souk_zalloc_array((size_t)c->count + 1, sizeof *c->target_offsets);
        c->target = souk_alloc_array(d->count, sizeof *c->target);
        status = c->target_offsets && c->target ? SOUK_OK : SOUK_ENOMEM;
    }
    if (status == SOUK_OK)
        group_targets(d, user, item, c);
    free(user);
    free(item);
    return status;
}

/* Where each round's cases end: those of the parts up to its own. */
static void close_rounds(const struct draft *d, struct souk_cases *c, const int64_t *user_first)
{
    for (int round = 0; round < d->rounds; round++) {
        const struct souk_duty duty = souk_duty_of(d->comm, d->parts, round);
        if (duty.slices > 1) /* then this is the only round */
            souk_cases_keep_slice(c, 0, duty.slice, duty.slices);
        c->round_first[round + 1] =
            duty.part < 0 || duty.slices > 1 ? c->count : user_first[duty.part + 1];
    }
}

souk_status souk_cases_from_file_all(const struct souk_comm *comm, const char *path, int parts,
                                     struct souk_cases *out, struct souk_error *err)
{
    struct draft d = {.comm = comm, .parts = parts, .rounds = souk_duty_rounds(comm, parts)};
    char *bytes = NULL;
    size_t size = 0;
    int64_t *user_first = souk_zalloc_array((size_t)parts + 1, sizeof *user_first);
    souk_status status = souk_cases_init(out, d.rounds, 1, err);
    if (status != SOUK_OK)
        goto out;
    out->wanted_first = souk_zalloc_array((size_t)parts + 1, sizeof *out->wanted_first);
    if (!user_first || !out->wanted_first) {
        status = souk_fail(err, SOUK_ENOMEM, "out of memory for %d parts", parts);
        goto out;
    }
    status = read_file(path, &bytes, &size, err);
    if (status == SOUK_OK)
        status = parse(&d, path, bytes, size, err);
    if (status == SOUK_OK) {
        status = build(&d, out, user_first);
        if (status != SOUK_OK)
            status = souk_fail(err, status, "%s: out of memory for %zu targets", path, d.count);
    }
    if (status == SOUK_OK)
        close_rounds(&d, out, user_first);
out:
    status = souk_status_agree_all(comm, status, err);
    if (status != SOUK_OK)
        souk_cases_fini(out);
    free(bytes);
    free(user_first);
    free(d.text);
    free(d.user);
    free(d.item);
    return status;
}
