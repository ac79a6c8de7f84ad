#include "serve/events/eventcommand.h"

#include "serve/events/eventexport.h"
#include "shared/base/clock.h"
#include "shared/base/identifier.h"
#include "shared/base/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- export ---- */

/* @param text NULL: *ms stays */
static souk_status parse_time(const char *option, const char *text, int64_t *ms,
                              struct souk_error *err)
{
    char *end;
    if (!text || souk_time_parse(text, strlen(text), ms))
        return SOUK_OK;
    errno = 0;
    const long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end || number < 0)
        return souk_fail(err, SOUK_EUSAGE,
                         "--%s takes 2011-11-09, 2011-11-09T08:26 (UTC) or milliseconds since "
                         "1970, not '%s'",
                         option, text);
    *ms = number;
    return SOUK_OK;
}

souk_status souk_event_command_export(const struct souk_event_command *c, struct souk_error *err)
{
    struct souk_event_export e = {.after = c->after, .until_ms = INT64_MAX, .quiet = c->quiet};
    struct souk_event_store *store = NULL;
    souk_status status = parse_time("since", c->since, &e.since_ms, err);
    if (!status)
        status = parse_time("until", c->until, &e.until_ms, err);
    if (!status)
        status = souk_event_store_open(c->store, SOUK_EVENTS_READ, &store, err);
    if (!status)
        status = souk_event_export_file(&e, store, c->out, err);
    souk_event_store_close(store);
    return status;
}

/* ---- prune ---- */

souk_status souk_event_command_prune(const struct souk_event_command *c, struct souk_error *err)
{
    struct souk_event_store *store = NULL;
    int64_t deleted = 0;
    souk_status status = souk_event_store_open(c->store, SOUK_EVENTS_CHANGE, &store, err);
    if (!status)
        status = souk_event_store_prune(store, souk_wall_ms() - c->older_ms, &deleted, err);
    if (store) /* also where it stopped half-way: what is deleted is */
        printf("%" PRId64 " events deleted\n", deleted);
    souk_event_store_close(store);
    return status;
}

/* ---- stats ---- */

static void print_stats(const struct souk_event_counts *n)
{
    char first[25], last[25];
    souk_time_format(n->first_ms, first);
    souk_time_format(n->last_ms, last);
    printf("events   %" PRId64 "\nusers    %" PRId64 "\nitems    %" PRId64 "\nerased   %" PRId64
           " users\n",
           n->events, n->users, n->items, n->erased);
    if (n->events > 0)
        printf("first    %s\nlast     %s\n", first, last);
    if (n->bytes >= 0)
        printf("size     %.1f MiB\n", (double)n->bytes / (1 << 20));
}

static souk_status print_stats_json(const struct souk_event_counts *n, struct souk_error *err)
{
    json_t *json = json_pack("{s:I, s:I, s:I, s:I}", "events", (json_int_t)n->events, "users",
                             (json_int_t)n->users, "items", (json_int_t)n->items, "erased_users",
                             (json_int_t)n->erased);
    if (json && n->events > 0) {
        json_object_set_new(json, "first_ms", json_integer(n->first_ms));
        json_object_set_new(json, "last_ms", json_integer(n->last_ms));
    }
    if (json && n->bytes >= 0)
        json_object_set_new(json, "bytes", json_integer(n->bytes));
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (!text)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the counts");
    puts(text);
    free(text);
    return SOUK_OK;
}

souk_status souk_event_command_stats(const struct souk_event_command *c, struct souk_error *err)
{
    struct souk_event_store *store = NULL;
    struct souk_event_counts counts;
    souk_status status = souk_event_store_open(c->store, SOUK_EVENTS_READ, &store, err);
    if (!status)
        status = souk_event_store_count(store, &counts, err);
    if (!status && c->json)
        status = print_stats_json(&counts, err);
    else if (!status)
        print_stats(&counts);
    souk_event_store_close(store);
    return status;
}

/* ---- erase ---- */

struct user_list {
    char **users;
    size_t count, capacity;
};

static souk_status add_user(struct user_list *l, const char *user, const char *place,
                            struct souk_error *err)
{
    if (!souk_id_is_valid(user, strlen(user)))
        return souk_fail(err, SOUK_EINVAL,
                         "%s: not a user's id: 1 to %d bytes of UTF-8 without control characters",
                         place, SOUK_ID_MAX_BYTES);
    if (souk_grow(&l->users, &l->capacity, l->count + 1, 10000000, sizeof *l->users) != SOUK_OK ||
        !(l->users[l->count] = strdup(user)))
        return souk_fail(err, SOUK_ENOMEM, "no memory for the users");
    l->count++;
    return SOUK_OK;
}

/* One user to a line; "-": standard input. Ids in arguments are seen by everybody on the machine.
 */
static souk_status read_users(struct user_list *l, const char *path, struct souk_error *err)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    char *line = NULL, place[300];
    size_t size = 0;
    ssize_t len;
    souk_status status = SOUK_OK;
    if (!file)
        return souk_fail_errno(err, "%s", path);
    for (int64_t n = 1; !status && (len = getline(&line, &size, file)) >= 0; n++) {
        snprintf(place, sizeof place, "%s:%" PRId64, path, n);
        len -= len > 0 && line[len - 1] == '\n';
        len -= len > 0 && line[len - 1] == '\r';
        line[len] = '\0';
        if (strlen(line) != (size_t)len)
            status = souk_fail(err, SOUK_EINVAL, "%s: a NUL byte", place);
        else if (len > 0)
            status = add_user(l, line, place, err);
    }
    if (!status && ferror(file))
        status = souk_fail_errno(err, "%s", path);
    free(line);
    if (file != stdin && fclose(file) != 0 && !status)
        status = souk_fail_errno(err, "%s", path);
    return status;
}

static souk_status gather_users(const struct souk_event_command *c, struct user_list *l,
                                struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int i = 0; i < c->user_count && !status; i++)
        status = add_user(l, c->users[i], "USER", err);
    if (!status && c->from)
        status = read_users(l, c->from, err);
    if (!status && l->count == 0)
        status = souk_fail(err, SOUK_EUSAGE, "erase whom? give USER..., or --from FILE");
    return status;
}

static souk_status erase_users(struct souk_event_store *store, const struct user_list *l,
                               struct souk_error *err)
{
    int64_t deleted = 0, all = 0;
    size_t done = 0;
    souk_status status = SOUK_OK;
    while (done < l->count && !status) {
        status = souk_event_store_erase(store, l->users[done], souk_wall_ms(), &deleted, err);
        all += status ? 0 : deleted;
        done += status ? 0 : 1;
    }
    printf("%zu of %zu users erased, %" PRId64 " events deleted\n", done, l->count, all);
    return status;
}

/* All ids are checked before the first of them is erased. */
souk_status souk_event_command_erase(const struct souk_event_command *c, struct souk_error *err)
{
    struct souk_event_store *store = NULL;
    struct user_list list = {0};
    souk_status status = gather_users(c, &list, err);
    if (!status)
        status = souk_event_store_open(c->store, SOUK_EVENTS_CHANGE, &store, err);
    if (!status)
        status = erase_users(store, &list, err);
    souk_event_store_close(store);
    for (size_t i = 0; i < list.count; i++)
        free(list.users[i]);
    free(list.users);
    return status;
}

/* ---- migrate ---- */

souk_status souk_event_command_migrate(const struct souk_event_command *c, struct souk_error *err)
{
    struct souk_event_store *store = NULL;
    const souk_status status = souk_event_store_open(c->store, SOUK_EVENTS_WRITE, &store, err);
    if (!status)
        puts("the store is up to date");
    souk_event_store_close(store);
    return status;
}
