/* The same cases against both back-ends: SQLite, and PostgreSQL where tests/unit/run_store.sh has
 * started a server. */
#include "tests/support/store_case.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static struct souk_error err;

/* BOTH(name) { ... } is a test of each back-end; `url` is that of a store that is not there yet. */
#define BOTH(name)                                                                                 \
    static void name(const char *url);                                                             \
    Test(sqlite, name)                                                                             \
    {                                                                                              \
        char url[STORE_URL_MAX];                                                                   \
        store_case_new_sqlite(url);                                                                \
        name(url);                                                                                 \
    }                                                                                              \
    Test(postgres, name)                                                                           \
    {                                                                                              \
        char url[STORE_URL_MAX];                                                                   \
        if (!store_case_new_postgres(url))                                                         \
            cr_skip_test("no PostgreSQL server: see tests/unit/run_store.sh");                     \
        name(url);                                                                                 \
    }                                                                                              \
    static void name(const char *url)

/* ---- append ---- */

BOTH(tells_what_is_stored_from_what_was_there)
{
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    const struct souk_event_record group[] = {
        store_case_event("a", "u", 10), store_case_event("b", "u", 20),
        store_case_event("a", "v", 30), store_case_event("c", "v", 40)};
    enum souk_event_fate fates[4];
    cr_assert_eq(store_case_append(s, "b", "w", 5), SOUK_EVENT_STORED);
    cr_assert_eq(souk_event_store_append(s, group, 4, fates, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(fates[0], SOUK_EVENT_STORED);
    cr_assert_eq(fates[1], SOUK_EVENT_DUPLICATE);
    cr_assert_eq(fates[2], SOUK_EVENT_DUPLICATE);
    cr_assert_eq(fates[3], SOUK_EVENT_STORED);
    cr_assert_str_eq(store_case_all(s, 0), "b a c ");
    cr_assert_str_eq(store_case_of_user(s, "v", 0, 10), "c "); /* the first "a" stays */
    cr_assert_eq(souk_event_store_append(s, group, 4, fates, &err), SOUK_OK, "%s", err.msg);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(fates[i], SOUK_EVENT_DUPLICATE);
    cr_assert_eq(souk_event_store_append(s, group, 0, fates, &err), SOUK_OK);
    souk_event_store_close(s);
}

struct copy {
    struct souk_event_record record;
    char text[7][160];
};

static bool keep(void *context, const struct souk_event_record *e)
{
    struct copy *copy = context;
    const char *const texts[] = {e->user,       e->item,  e->type, e->event_id,
                                 e->request_id, e->model, e->arm};
    for (int i = 0; i < 7; i++)
        snprintf(copy->text[i], sizeof copy->text[i], "%s", texts[i]);
    copy->record = *e;
    return true;
}

static void assert_same(const struct copy *c, const struct souk_event_record *e)
{
    const char *const texts[] = {e->user,       e->item,  e->type, e->event_id,
                                 e->request_id, e->model, e->arm};
    for (int i = 0; i < 7; i++)
        cr_assert_str_eq(c->text[i], texts[i]);
    cr_assert_eq(c->record.ms, e->ms);
    cr_assert_eq(c->record.stored_ms, e->stored_ms);
    cr_assert_eq(memcmp(&c->record.value, &e->value, sizeof e->value), 0);
    cr_assert_gt(c->record.seq, 0);
}

BOTH(gives_back_every_byte)
{
    char long_id[129] = "";
    struct copy copy;
    enum souk_event_fate fate;
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    for (int i = 0; i < 32; i++)
        strcat(long_id, "\xf0\x9f\x9b\x92"); /* a shopping trolley */
    const struct souk_event_record records[] = {
        {.user = long_id,
         .item = "it's; DROP TABLE event; --\"\\{},NULL",
         .type = "add to cart",
         .event_id = "0123456789012345678901234567890123456789012345678901234567890123",
         .request_id = "00112233445566778899aabbccddeeff",
         .model = "8899aabbccddeeff",
         .arm = "control \\N",
         .ms = 1764158400123,
         .stored_ms = SOUK_EVENT_TIME_MAX,
         .value = 0.1},
        {"u", " ", "\\", "''", "", "", "", 0, 1, -1.7976931348623157e308, 0},
        {"u2", "a\\\"b", "{", "}", "NULL", "", "", SOUK_EVENT_TIME_MAX, 7, 4.9406564584124654e-324,
         0},
    };
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(souk_event_store_append(s, &records[i], 1, &fate, &err), SOUK_OK, "%s",
                     err.msg);
        cr_assert_eq(souk_event_store_read_user(s, records[i].user, 0, 1, keep, &copy, &err),
                     SOUK_OK, "%s", err.msg);
        assert_same(&copy, &records[i]);
        cr_assert_eq(souk_event_store_scan(s, copy.record.seq - 1, keep, &copy, &err), SOUK_OK);
        assert_same(&copy, &records[i]);
    }
    souk_event_store_close(s);
}

BOTH(refuses_what_is_no_event_and_stores_nothing_of_its_group)
{
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    struct souk_event_record bad[14];
    enum souk_event_fate fates[2];
    char too_long[130];
    memset(too_long, 'x', 129);
    too_long[129] = '\0';
    for (int i = 0; i < 14; i++)
        bad[i] = store_case_event("b", "u", 1);
    bad[0].value = NAN;
    bad[1].value = -INFINITY;
    bad[2].user = "";
    bad[3].user = too_long;
    bad[4].item = "\xff";
    bad[5].type = "a\nb";
    bad[6].event_id = "";
    bad[7].event_id = too_long + 64;
    bad[8].request_id = NULL;
    bad[9].ms = -1;
    bad[10].model = too_long + 112;
    bad[12].ms = SOUK_EVENT_TIME_MAX + 1;
    bad[13].stored_ms = INT64_MAX;
    bad[11].arm = "\xed\xa0\x80"; /* half of a surrogate pair */
    for (int i = 0; i < 14; i++) {
        const struct souk_event_record group[] = {store_case_event("a", "u", 1), bad[i]};
        cr_assert_eq(souk_event_store_append(s, group, 2, fates, &err), SOUK_EINVAL, "case %d", i);
        cr_assert(strstr(err.msg, "event 2 of 2: '"), "%s", err.msg);
    }
    cr_assert_eq(souk_event_store_append(s, bad, SOUK_EVENT_GROUP_MAX + 1, fates, &err),
                 SOUK_EINVAL);
    cr_assert_str_eq(store_case_all(s, 0), "");
    souk_event_store_close(s);
}

BOTH(stores_the_largest_group_at_once)
{
    static struct souk_event_record group[SOUK_EVENT_GROUP_MAX];
    static enum souk_event_fate fates[SOUK_EVENT_GROUP_MAX];
    static char ids[SOUK_EVENT_GROUP_MAX][16];
    struct souk_event_counts counts;
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    for (int i = 0; i < SOUK_EVENT_GROUP_MAX; i++) {
        snprintf(ids[i], sizeof ids[i], "e%d", i % 3000);
        group[i] = store_case_event(ids[i], ids[i % 1000], 1000 + i);
    }
    cr_assert_eq(souk_event_store_append(s, group, SOUK_EVENT_GROUP_MAX, fates, &err), SOUK_OK,
                 "%s", err.msg);
    for (int i = 0; i < SOUK_EVENT_GROUP_MAX; i++)
        cr_assert_eq(fates[i], i < 3000 ? SOUK_EVENT_STORED : SOUK_EVENT_DUPLICATE);
    cr_assert_eq(souk_event_store_count(s, &counts, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(counts.events, 3000);
    cr_assert_eq(counts.users, 1000);
    cr_assert_eq(counts.items, 1);
    cr_assert_eq(counts.first_ms, 1000);
    cr_assert_eq(counts.last_ms, 3999);
    cr_assert_gt(counts.bytes, 3000 * 20);
    souk_event_store_close(s);
}

BOTH(takes_the_clock_for_a_time_of_storing_that_is_not_given)
{
    struct copy copy = {0};
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    store_case_append(s, "a", "u", 1);
    cr_assert_eq(souk_event_store_scan(s, 0, keep, &copy, &err), SOUK_OK);
    cr_assert_gt(copy.record.stored_ms, INT64_C(1700000000000));
    souk_event_store_close(s);
}

/* ---- read ---- */

BOTH(reads_a_user_from_the_latest_by_time_then_place)
{
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    store_case_append(s, "a", "u", 30);
    store_case_append(s, "b", "u", 10);
    store_case_append(s, "c", "u", 30);
    store_case_append(s, "d", "other", 40);
    store_case_append(s, "e", "u", 20);
    cr_assert_str_eq(store_case_of_user(s, "u", 0, 100), "c a e b ");
    cr_assert_str_eq(store_case_of_user(s, "u", 20, 100), "c a e ");
    cr_assert_str_eq(store_case_of_user(s, "u", 0, 2), "c a ");
    cr_assert_str_eq(store_case_of_user(s, "u", 0, 0), "");
    cr_assert_str_eq(store_case_of_user(s, "U", 0, 100), "");
    souk_event_store_close(s);
}

static bool stop_at_second(void *context, const struct souk_event_record *e)
{
    int *count = context;
    cr_assert_not_null(e->event_id);
    return ++*count < 2;
}

BOTH(scans_on_from_a_place_and_stops_when_told)
{
    struct copy copy = {0};
    int count = 0;
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    store_case_append(s, "a", "u", 30);
    store_case_append(s, "b", "u", 10);
    cr_assert_eq(souk_event_store_scan(s, 0, keep, &copy, &err), SOUK_OK);
    const int64_t place = copy.record.seq;
    store_case_append(s, "c", "u", 20);
    cr_assert_str_eq(store_case_all(s, place), "c ");
    cr_assert_str_eq(store_case_all(s, INT64_MAX), "");
    cr_assert_eq(souk_event_store_scan(s, 0, stop_at_second, &count, &err), SOUK_OK);
    cr_assert_eq(count, 2);
    souk_event_store_close(s);
}

/* The store appends while the scan's visitor runs: no lock is held. */
struct meanwhile {
    struct souk_event_store *s;
    int64_t last, count;
};

static bool append_meanwhile(void *context, const struct souk_event_record *e)
{
    struct meanwhile *m = context;
    char id[24];
    cr_assert_gt(e->seq, m->last);
    m->last = e->seq;
    if (++m->count == 1) {
        snprintf(id, sizeof id, "new");
        store_case_append(m->s, id, "u", 1);
    }
    return true;
}

BOTH(scans_many_blocks_while_others_write)
{
    static struct souk_event_record group[SOUK_EVENT_GROUP_MAX];
    static enum souk_event_fate fates[SOUK_EVENT_GROUP_MAX];
    static char ids[SOUK_EVENT_GROUP_MAX][16];
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    struct souk_event_store *reader = store_case_open(url, SOUK_EVENTS_READ);
    struct meanwhile m = {.s = s};
    for (int i = 0; i < SOUK_EVENT_GROUP_MAX; i++) {
        snprintf(ids[i], sizeof ids[i], "e%d", i);
        group[i] = store_case_event(ids[i], "u", i);
    }
    cr_assert_eq(souk_event_store_append(s, group, SOUK_EVENT_GROUP_MAX, fates, &err), SOUK_OK);
    cr_assert_eq(souk_event_store_scan(reader, 0, append_meanwhile, &m, &err), SOUK_OK, "%s",
                 err.msg);
    cr_assert_eq(m.count, SOUK_EVENT_GROUP_MAX + 1);
    souk_event_store_close(reader);
    souk_event_store_close(s);
}

BOTH(counts_an_empty_store)
{
    struct souk_event_counts counts;
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    cr_assert_eq(souk_event_store_count(s, &counts, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(counts.events, 0);
    cr_assert_eq(counts.users, 0);
    cr_assert_eq(counts.first_ms, 0);
    cr_assert_eq(counts.last_ms, 0);
    cr_assert_eq(counts.erased, 0);
    souk_event_store_close(s);
}

/* ---- prune, erase ---- */

BOTH(prunes_by_time_and_never_gives_a_place_again)
{
    struct copy copy = {0};
    int64_t deleted = -1;
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    store_case_append(s, "old", "u", 10);
    store_case_append(s, "at", "u", 20);
    store_case_append(s, "late_but_old", "u", 19);
    cr_assert_eq(souk_event_store_scan(s, 0, keep, &copy, &err), SOUK_OK);
    const int64_t place = copy.record.seq;
    cr_assert_eq(souk_event_store_prune(s, 20, &deleted, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(deleted, 2);
    cr_assert_str_eq(store_case_all(s, 0), "at ");
    cr_assert_eq(souk_event_store_prune(s, 20, &deleted, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(deleted, 0);
    store_case_append(s, "new", "u", 30);
    cr_assert_str_eq(store_case_all(s, place), "new ");
    souk_event_store_close(s);
}

static bool add_mark(void *context, const char *user, int64_t erased_ms)
{
    char *text = context;
    snprintf(text + strlen(text), 64, "%s=%lld ", user, (long long)erased_ms);
    return true;
}

static const char *all_marks(struct souk_event_store *s)
{
    static char text[1024];
    text[0] = '\0';
    cr_assert_eq(souk_event_store_erasures(s, add_mark, text, &err), SOUK_OK, "%s", err.msg);
    return text;
}

static int64_t erase(struct souk_event_store *s, const char *user, int64_t now_ms)
{
    int64_t deleted = -1;
    cr_assert_eq(souk_event_store_erase(s, user, now_ms, &deleted, &err), SOUK_OK, "%s", err.msg);
    return deleted;
}

static int64_t mark_of(struct souk_event_store *s, const char *user)
{
    int64_t ms = -1;
    cr_assert_eq(souk_event_store_erased_ms(s, user, &ms, &err), SOUK_OK, "%s", err.msg);
    return ms;
}

BOTH(erases_a_user_and_stores_nothing_from_before_again)
{
    struct souk_event_counts counts;
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    store_case_append(s, "a", "u", 10);
    store_case_append(s, "b", "v", 20);
    store_case_append(s, "c", "u", 30);
    cr_assert_eq(mark_of(s, "u"), 0);
    cr_assert_eq(erase(s, "u", 100), 2);
    cr_assert_str_eq(store_case_all(s, 0), "b ");
    cr_assert_eq(mark_of(s, "u"), 100);
    cr_assert_eq(mark_of(s, "v"), 0);
    cr_assert_eq(store_case_append(s, "a", "u", 10), SOUK_EVENT_ERASED);
    cr_assert_eq(store_case_append(s, "d", "u", 100), SOUK_EVENT_ERASED);
    cr_assert_eq(store_case_append(s, "e", "u", 101), SOUK_EVENT_STORED);
    cr_assert_eq(erase(s, "u", 50), 1); /* a clock that went back does not move the mark back */
    cr_assert_eq(mark_of(s, "u"), 100);
    cr_assert_eq(erase(s, "nobody", 60), 0);
    cr_assert_str_eq(all_marks(s), "nobody=60 u=100 ");
    cr_assert_eq(souk_event_store_count(s, &counts, &err), SOUK_OK);
    cr_assert_eq(counts.erased, 2);
    cr_assert_eq(counts.events, 1);
    souk_event_store_close(s);
}

BOTH(keeps_the_fates_apart_in_a_mixed_group)
{
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    const struct souk_event_record group[] = {
        store_case_event("a", "gone", 10), store_case_event("b", "u", 20),
        store_case_event("a", "u", 30), store_case_event("b", "gone", 200),
        store_case_event("c", "gone", 200)};
    const enum souk_event_fate expected[] = {SOUK_EVENT_ERASED, SOUK_EVENT_STORED,
                                             SOUK_EVENT_STORED, SOUK_EVENT_DUPLICATE,
                                             SOUK_EVENT_STORED};
    enum souk_event_fate fates[5];
    erase(s, "gone", 100);
    cr_assert_eq(souk_event_store_append(s, group, 5, fates, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(memcmp(fates, expected, sizeof fates), 0);
    cr_assert_str_eq(store_case_all(s, 0), "b a c ");
    souk_event_store_close(s);
}

/* ---- access, watch ---- */

BOTH(changes_nothing_where_it_was_opened_to_read)
{
    struct souk_event_store *reader = NULL;
    enum souk_event_fate fate;
    int64_t deleted;
    const struct souk_event_record record = store_case_event("b", "u", 1);
    cr_assert_eq(souk_event_store_open(url, SOUK_EVENTS_READ, &reader, &err), SOUK_ENOTFOUND, "%s",
                 err.msg);
    cr_assert_null(reader);
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    reader = store_case_open(url, SOUK_EVENTS_READ);
    store_case_append(s, "a", "u", 1);
    cr_assert_str_eq(store_case_all(reader, 0), "a ");
    cr_assert_eq(souk_event_store_append(reader, &record, 1, &fate, &err), SOUK_EINVAL);
    cr_assert_eq(souk_event_store_prune(reader, 100, &deleted, &err), SOUK_EINVAL);
    cr_assert_eq(souk_event_store_erase(reader, "u", 100, &deleted, &err), SOUK_EINVAL);
    cr_assert_str_eq(store_case_all(s, 0), "a ");
    souk_event_store_close(reader);
    souk_event_store_close(s);
}

BOTH(makes_nothing_where_it_was_opened_to_change)
{
    struct souk_event_store *s = NULL;
    cr_assert_eq(souk_event_store_open(url, SOUK_EVENTS_CHANGE, &s, &err), SOUK_ENOTFOUND);
    souk_event_store_close(store_case_open(url, SOUK_EVENTS_WRITE));
    s = store_case_open(url, SOUK_EVENTS_CHANGE);
    store_case_append(s, "a", "u", 1);
    cr_assert_eq(erase(s, "u", 5), 1);
    souk_event_store_close(s);
}

BOTH(keeps_its_events_when_it_is_opened_again)
{
    for (int i = 0; i < 3; i++) {
        char id[16];
        struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
        snprintf(id, sizeof id, "e%d", i);
        store_case_append(s, id, "u", i);
        souk_event_store_close(s);
    }
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_READ);
    cr_assert_str_eq(store_case_all(s, 0), "e0 e1 e2 ");
    souk_event_store_close(s);
}

BOTH(watches_what_another_connection_changes)
{
    int64_t deleted;
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    struct souk_event_store *watcher = store_case_open(url, SOUK_EVENTS_READ);
    store_case_append(s, "before", "u", 1);
    cr_assert_str_eq(store_case_watch(watcher, 5000), "* "); /* the first time: anything */
    cr_assert_str_eq(store_case_watch(watcher, 10), "");
    store_case_append(s, "a", "ann \"x\"", 1);
    cr_assert_str_eq(store_case_watch(watcher, 5000), "ann \"x\" ");
    store_case_append(s, "a", "ann \"x\"", 1); /* a duplicate changes nothing */
    cr_assert_str_eq(store_case_watch(watcher, 300), "");
    erase(s, "ann \"x\"", 100);
    cr_assert_str_eq(store_case_watch(watcher, 5000), "ann \"x\" ");
    erase(s, "ann \"x\"", 200); /* no event is deleted, but the mark moves */
    cr_assert_str_eq(store_case_watch(watcher, 5000), "ann \"x\" ");
    cr_assert_eq(souk_event_store_prune(s, 50, &deleted, &err), SOUK_OK);
    cr_assert_eq(deleted, 1);
    cr_assert_str_eq(store_case_watch(watcher, 5000), "* ");
    store_case_append(s, "b", "bob", 300);
    cr_assert_str_eq(store_case_watch(watcher, 5000), "bob ");
    cr_assert_str_eq(store_case_watch(watcher, 0), "");
    souk_event_store_close(watcher);
    souk_event_store_close(s);
}

static void count_user(void *context, const char *user)
{
    cr_assert_not_null(user);
    cr_assert_eq(strlen(user), 128);
    ++*(int *)context;
}

/* More bytes of ids than one notification of PostgreSQL holds. */
BOTH(watches_many_long_ids)
{
    enum { USERS = 500 };
    static struct souk_event_record group[USERS];
    static enum souk_event_fate fates[USERS];
    static char users[USERS][129], ids[USERS][16];
    int told = 0;
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    struct souk_event_store *watcher = store_case_open(url, SOUK_EVENTS_READ);
    store_case_watch(watcher, 0);
    for (int i = 0; i < USERS; i++) {
        snprintf(users[i], sizeof users[i], "%0128d", i);
        snprintf(ids[i], sizeof ids[i], "e%d", i);
        group[i] = store_case_event(ids[i], users[i], i);
    }
    cr_assert_eq(souk_event_store_append(s, group, USERS, fates, &err), SOUK_OK, "%s", err.msg);
    for (int tries = 0; told < USERS && tries < 50; tries++)
        cr_assert_eq(souk_event_store_watch(watcher, 1000, count_user, &told, &err), SOUK_OK);
    cr_assert_eq(told, USERS);
    souk_event_store_close(watcher);
    souk_event_store_close(s);
}

Test(eventstore, refuses_what_is_no_url_without_repeating_it)
{
    static const char *const bad[] = {
        "", "sqlite:", "sqlite", "events.db", "mysql://root:secret@host/db", "postgresql"};
    struct souk_event_store *s = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_eq(souk_event_store_open(bad[i], SOUK_EVENTS_READ, &s, &err), SOUK_EUSAGE);
        cr_assert_null(strstr(err.msg, "secret"));
        cr_assert_null(s);
    }
}
