#include "shared/base/clock.h"
#include "shared/base/memory.h"
#include "shared/events/eventbackend.h"
#include "shared/events/postgresarray.h"
#include "shared/events/postgreslink.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    COLUMNS = 10,       /* of an event without its seq */
    SCAN_ROWS = 4096,   /* read before they are visited */
    PRUNE_SEQS = 20000, /* looked at in one transaction: writers wait for no more */
    LONG_MS = 600000,   /* for a count of everything */
};

struct postgres_store {
    struct souk_event_store base;
    struct souk_postgres_link link;
    struct souk_postgres_array columns[COLUMNS]; /* of the group under way */
};

static struct postgres_store *of(struct souk_event_store *s)
{
    return (struct postgres_store *)s;
}

static souk_status no_memory(const struct postgres_store *s, struct souk_error *err)
{
    return souk_fail(err, SOUK_ENOMEM, "%s: no memory for events", s->link.name);
}

/* ---- one statement with numbers and texts ---- */

enum { NUMBER = 24 };

static const char *write_number(char text[NUMBER], int64_t value)
{
    snprintf(text, NUMBER, "%" PRId64, value);
    return text;
}

static int64_t number_at(const PGresult *result, int row, int column)
{
    return strtoll(PQgetvalue(result, row, column), NULL, 10);
}

static souk_status ask(struct postgres_store *s, enum souk_postgres_statement statement,
                       const char *const *values, int count, PGresult **result,
                       struct souk_error *err)
{
    struct souk_postgres_call call = {.statement = statement, .count = count, .values = values};
    const souk_status status =
        souk_postgres_link_exchange(&s->link, &call, 1, 0, "cannot be read", err);
    *result = call.result;
    return status;
}

static void clear(struct souk_postgres_call *calls, int count)
{
    for (int i = 0; i < count; i++)
        PQclear(calls[i].result);
}

/* ---- append ---- */

static souk_status fill_columns(struct postgres_store *s, const struct souk_event_record *events,
                                int count, struct souk_error *err)
{
    struct souk_postgres_array *c = s->columns;
    const int64_t now_ms = souk_wall_ms();
    bool lost = false;
    for (int i = 0; i < COLUMNS; i++)
        souk_postgres_array_begin(&c[i],
                                  i < 7    ? SOUK_POSTGRES_TEXT
                                  : i == 9 ? SOUK_POSTGRES_FLOAT8
                                           : SOUK_POSTGRES_BIGINT,
                                  count);
    for (int i = 0; i < count; i++) {
        const struct souk_event_record *e = &events[i];
        const char *const texts[] = {e->user,       e->item,  e->type, e->event_id,
                                     e->request_id, e->model, e->arm};
        for (int t = 0; t < 7; t++)
            souk_postgres_array_add_text(&c[t], texts[t]);
        souk_postgres_array_add_bigint(&c[7], e->ms);
        souk_postgres_array_add_bigint(&c[8], e->stored_ms ? e->stored_ms : now_ms);
        souk_postgres_array_add_float8(&c[9], e->value);
    }
    for (int i = 0; i < COLUMNS; i++)
        lost = lost || c[i].lost;
    return lost ? no_memory(s, err) : SOUK_OK;
}

/* Event_ids come back in the order in which they went: what is not the next of them was not
 * stored. */
static int mark_stored(const PGresult *parts, const struct souk_event_record *events, int count,
                       enum souk_event_fate *fates)
{
    int at = 0, found = 0;
    for (int i = 0; i < count; i++)
        fates[i] = SOUK_EVENT_DUPLICATE;
    for (int part = 0; part < PQntuples(parts); part++) {
        const char *id = PQgetvalue(parts, part, 0);
        while (*id) {
            const size_t len = strcspn(id, "\n");
            while (at < count &&
                   (strncmp(events[at].event_id, id, len) != 0 || events[at].event_id[len] != '\0'))
                at++;
            if (at == count)
                return -1;
            fates[at++] = SOUK_EVENT_STORED;
            found++;
            id += len + (id[len] == '\n');
        }
    }
    return found;
}

static void mark_erased(const PGresult *marks, const struct souk_event_record *events, int count,
                        enum souk_event_fate *fates)
{
    for (int m = 0; m < PQntuples(marks); m++)
        for (int i = 0; i < count; i++)
            if (events[i].ms <= number_at(marks, m, 1) &&
                strcmp(events[i].user, PQgetvalue(marks, m, 0)) == 0)
                fates[i] = SOUK_EVENT_ERASED;
}

static souk_status append(struct souk_event_store *base, const struct souk_event_record *events,
                          int count, enum souk_event_fate *fates, struct souk_error *err)
{
    static const char what[] = "cannot store events";
    struct postgres_store *s = of(base);
    const char *values[COLUMNS];
    int lengths[COLUMNS];
    struct souk_postgres_call calls[] = {
        {.statement = SOUK_PG_BEGIN},
        {.statement = SOUK_PG_LOCK},
        {.statement = SOUK_PG_MARKS, .count = 1, .values = values, .lengths = lengths},
        {.statement = SOUK_PG_INSERT, .count = COLUMNS, .values = values, .lengths = lengths},
        {.statement = SOUK_PG_COMMIT},
    };
    enum { CALLS = sizeof calls / sizeof calls[0] };
    souk_status status = fill_columns(s, events, count, err);
    for (int i = 0; i < COLUMNS; i++) {
        values[i] = s->columns[i].bytes;
        lengths[i] = (int)s->columns[i].size;
    }
    if (!status)
        status = souk_postgres_link_exchange(&s->link, calls, CALLS, 0, what, err);
    if (status)
        return status;
    if (mark_stored(calls[3].result, events, count, fates) < 0)
        status =
            souk_fail(err, SOUK_EIO, "%s: %s: it answered of other events", s->link.name, what);
    mark_erased(calls[2].result, events, count, fates);
    clear(calls, CALLS);
    return status;
}

/* ---- read ---- */

static struct souk_event_record record_at(const PGresult *rows, int row)
{
    return (struct souk_event_record){.user = PQgetvalue(rows, row, 0),
                                      .item = PQgetvalue(rows, row, 1),
                                      .type = PQgetvalue(rows, row, 2),
                                      .event_id = PQgetvalue(rows, row, 3),
                                      .request_id = PQgetvalue(rows, row, 4),
                                      .model = PQgetvalue(rows, row, 5),
                                      .arm = PQgetvalue(rows, row, 6),
                                      .ms = number_at(rows, row, 7),
                                      .stored_ms = number_at(rows, row, 8),
                                      .value = strtod(PQgetvalue(rows, row, 9), NULL),
                                      .seq = number_at(rows, row, 10)};
}

/* @return false: enough */
static bool visit_rows(const PGresult *rows, souk_event_visit visit, void *context)
{
    bool more = true;
    for (int row = 0; row < PQntuples(rows) && more; row++) {
        const struct souk_event_record record = record_at(rows, row);
        more = visit(context, &record);
    }
    return more;
}

static souk_status read_user(struct souk_event_store *base, const char *user, int64_t since_ms,
                             int64_t max, souk_event_visit visit, void *context,
                             struct souk_error *err)
{
    char since[NUMBER], limit[NUMBER];
    const char *const values[] = {user, write_number(since, since_ms), write_number(limit, max)};
    PGresult *rows = NULL;
    const souk_status status = ask(of(base), SOUK_PG_READ_USER, values, 3, &rows, err);
    if (!status)
        visit_rows(rows, visit, context);
    PQclear(rows);
    return status;
}

static souk_status scan(struct souk_event_store *base, int64_t after, souk_event_visit visit,
                        void *context, struct souk_error *err)
{
    struct postgres_store *s = of(base);
    souk_status status = SOUK_OK;
    bool more = true;
    while (more && !status) {
        char place[NUMBER], limit[NUMBER];
        const char *const values[] = {write_number(place, after), write_number(limit, SCAN_ROWS)};
        PGresult *rows = NULL;
        status = ask(s, SOUK_PG_SCAN, values, 2, &rows, err);
        const int count = status ? 0 : PQntuples(rows);
        if (count > 0)
            after = number_at(rows, count - 1, 10);
        more = count > 0 && visit_rows(rows, visit, context) && count == SCAN_ROWS;
        PQclear(rows);
    }
    return status;
}

static souk_status count(struct souk_event_store *base, struct souk_event_counts *out,
                         struct souk_error *err)
{
    struct souk_postgres_call calls[] = {
        {.statement = SOUK_PG_BEGIN},
        {.statement = SOUK_PG_PATIENCE},
        {.statement = SOUK_PG_COUNT},
        {.statement = SOUK_PG_COMMIT},
    };
    const souk_status status =
        souk_postgres_link_exchange(&of(base)->link, calls, 4, LONG_MS, "cannot be read", err);
    if (status)
        return status;
    const PGresult *row = calls[2].result;
    *out = (struct souk_event_counts){
        .events = number_at(row, 0, 0),
        .users = number_at(row, 0, 1),
        .items = number_at(row, 0, 2),
        .first_ms = number_at(row, 0, 3),
        .last_ms = number_at(row, 0, 4),
        .erased = number_at(row, 0, 5),
        .bytes = number_at(row, 0, 6),
    };
    clear(calls, 4);
    return SOUK_OK;
}

/* ---- change ---- */

static souk_status prune_range(struct postgres_store *s, int64_t from, int64_t to,
                               int64_t before_ms, int64_t *deleted, struct souk_error *err)
{
    char texts[3][NUMBER];
    const char *const values[] = {write_number(texts[0], from), write_number(texts[1], to),
                                  write_number(texts[2], before_ms)};
    PGresult *row = NULL;
    const souk_status status = ask(s, SOUK_PG_PRUNE, values, 3, &row, err);
    if (!status)
        *deleted += number_at(row, 0, 0);
    PQclear(row);
    return status;
}

/* In steps along seq: no index by time has to be kept, and no statement takes long. */
static souk_status prune(struct souk_event_store *base, int64_t before_ms, int64_t *deleted,
                         struct souk_error *err)
{
    struct postgres_store *s = of(base);
    PGresult *row = NULL;
    souk_status status = ask(s, SOUK_PG_SEQS, NULL, 0, &row, err);
    const int64_t first = status ? 0 : number_at(row, 0, 0);
    const int64_t last = status ? 0 : number_at(row, 0, 1);
    PQclear(row);
    for (int64_t from = first; from < last && !status; from += PRUNE_SEQS)
        status = prune_range(s, from, from + PRUNE_SEQS, before_ms, deleted, err);
    return status;
}

static souk_status erase(struct souk_event_store *base, const char *user, int64_t now_ms,
                         int64_t *deleted, struct souk_error *err)
{
    char now[NUMBER];
    const char *const values[] = {user, write_number(now, now_ms)};
    struct souk_postgres_call calls[] = {
        {.statement = SOUK_PG_BEGIN},
        {.statement = SOUK_PG_LOCK},
        {.statement = SOUK_PG_ERASE, .count = 1, .values = values},
        {.statement = SOUK_PG_MARK, .count = 2, .values = values},
        {.statement = SOUK_PG_TELL, .count = 1, .values = values},
        {.statement = SOUK_PG_COMMIT},
    };
    const souk_status status =
        souk_postgres_link_exchange(&of(base)->link, calls, 6, 0, "cannot erase a user", err);
    if (status)
        return status;
    *deleted = strtoll(PQcmdTuples(calls[2].result), NULL, 10);
    clear(calls, 6);
    return SOUK_OK;
}

static souk_status erased_ms(struct souk_event_store *base, const char *user, int64_t *out,
                             struct souk_error *err)
{
    PGresult *row = NULL;
    const souk_status status = ask(of(base), SOUK_PG_ERASED_MS, &user, 1, &row, err);
    if (!status && PQntuples(row) == 1)
        *out = number_at(row, 0, 0);
    PQclear(row);
    return status;
}

static souk_status erasures(struct souk_event_store *base, souk_erasure_visit visit, void *context,
                            struct souk_error *err)
{
    PGresult *rows = NULL;
    const souk_status status = ask(of(base), SOUK_PG_ERASURES, NULL, 0, &rows, err);
    for (int row = 0; !status && row < PQntuples(rows); row++)
        if (!visit(context, PQgetvalue(rows, row, 0), number_at(rows, row, 1)))
            break;
    PQclear(rows);
    return status;
}

/* ---- watch ---- */

/* Users with newlines between them; none: any. */
static void tell(char *users, souk_event_changed changed, void *context)
{
    char *rest = users;
    if (*users == '\0')
        changed(context, NULL);
    while (*rest) {
        char *user = strsep(&rest, "\n");
        changed(context, user);
        if (!rest)
            break;
    }
}

static bool tell_all(PGconn *connection, souk_event_changed changed, void *context)
{
    bool told = false;
    PGnotify *note;
    while ((note = PQnotifies(connection)) != NULL) {
        tell(note->extra, changed, context);
        PQfreemem(note);
        told = true;
    }
    return told;
}

/* A connection that is new may have missed something: any user may have changed, but only after it
 * listens. */
static souk_status listen_again(struct postgres_store *s, bool *told, souk_event_changed changed,
                                void *context, struct souk_error *err)
{
    PGresult *result = NULL;
    souk_status status = souk_postgres_link_connect(&s->link, err);
    if (status || s->link.listens)
        return status;
    status = ask(s, SOUK_PG_LISTEN, NULL, 0, &result, err);
    PQclear(result);
    if (status)
        return status;
    s->link.listens = true;
    *told = true;
    changed(context, NULL);
    return SOUK_OK;
}

static souk_status watch(struct souk_event_store *base, int64_t timeout_ms,
                         souk_event_changed changed, void *context, struct souk_error *err)
{
    struct postgres_store *s = of(base);
    const int64_t end_us = souk_monotonic_us() + timeout_ms * 1000;
    bool told = false;
    const souk_status status = listen_again(s, &told, changed, context, err);
    if (status)
        return status;
    for (;;) {
        told = tell_all(s->link.connection, changed, context) || told;
        const int64_t left_us = end_us - souk_monotonic_us();
        if (told || left_us <= 0)
            return SOUK_OK;
        struct pollfd socket = {.fd = PQsocket(s->link.connection), .events = POLLIN};
        if (poll(&socket, 1, (int)(left_us / 1000) + 1) < 0 && errno != EINTR)
            return souk_fail_errno(err, "%s: poll", s->link.name);
        if (!PQconsumeInput(s->link.connection) || PQstatus(s->link.connection) != CONNECTION_OK)
            return souk_postgres_link_lost(&s->link, "cannot be watched", err);
    }
}

/* ---- open, close ---- */

static souk_status claim(struct souk_event_store *s, struct souk_error *err)
{
    (void)s, (void)err; /* several may share it */
    return SOUK_OK;
}

static void close_store(struct souk_event_store *base)
{
    struct postgres_store *s = of(base);
    souk_postgres_link_close(&s->link);
    for (int i = 0; i < COLUMNS; i++)
        souk_postgres_array_fini(&s->columns[i]);
    free(s);
}

static const struct souk_event_backend backend = {.shared = true,
                                                  .close = close_store,
                                                  .claim = claim,
                                                  .append = append,
                                                  .read_user = read_user,
                                                  .scan = scan,
                                                  .count = count,
                                                  .prune = prune,
                                                  .erase = erase,
                                                  .erased_ms = erased_ms,
                                                  .erasures = erasures,
                                                  .watch = watch};

souk_status souk_postgres_store_open(const char *url, enum souk_event_access access,
                                     struct souk_event_store **out, struct souk_error *err)
{
    *out = NULL;
    struct postgres_store *s = souk_zalloc_array(1, sizeof *s);
    if (!s)
        return souk_fail(err, SOUK_ENOMEM, "no memory for a store of events");
    s->base =
        (struct souk_event_store){.backend = &backend, .writable = access != SOUK_EVENTS_READ};
    const souk_status status = souk_postgres_link_open(&s->link, url, access, err);
    if (status)
        close_store(&s->base);
    else
        *out = &s->base;
    return status;
}
