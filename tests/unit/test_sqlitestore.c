/* What is true of SQLite alone: the file, its schema, its one proxy. */
#include "shared/events/eventschema.h"
#include "tests/support/store_case.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct souk_error err;
static char path[128], url[STORE_URL_MAX];

static void name_store(void)
{
    store_case_path(path, sizeof path);
    store_case_new_sqlite(url);
}

TestSuite(sqlitestore, .init = name_store);

/* Another program at work. */
static void run_sql(const char *sql)
{
    sqlite3 *db = NULL;
    char *reason = NULL;
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, &reason), SQLITE_OK, "%s", reason);
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
}

static void assert_refused(enum souk_event_access access, souk_status status, const char *reason)
{
    struct souk_event_store *s = NULL;
    err.msg[0] = '\0';
    cr_assert_eq(souk_event_store_open(url, access, &s, &err), status, "%d: %s", err.status,
                 err.msg);
    cr_assert(strstr(err.msg, reason), "%s", err.msg);
    cr_assert_null(s);
}

/* ---- files ---- */

Test(sqlitestore, keeps_the_file_to_its_owner)
{
    struct stat info;
    char log[160];
    umask(0);
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    store_case_append(s, "a", "u", 1);
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0600);
    snprintf(log, sizeof log, "%s-wal", path);
    cr_assert_eq(stat(log, &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0600);
    souk_event_store_close(s);
}

Test(sqlitestore, refuses_what_is_not_a_store)
{
    assert_refused(SOUK_EVENTS_READ, SOUK_ENOTFOUND, path);
    run_sql("CREATE TABLE theirs (a); PRAGMA user_version = 1");
    assert_refused(SOUK_EVENTS_WRITE, SOUK_EFORMAT, "not a store of events");
    assert_refused(SOUK_EVENTS_READ, SOUK_EFORMAT, "not a store of events");
    run_sql("INSERT INTO theirs VALUES (1)"); /* it still is what it was */
    FILE *file = fopen(path, "w");
    fputs(
        "user,item,time\nand a line that is long enough to be taken for a header of a file, or so "
        "one should think\n",
        file);
    fclose(file);
    assert_refused(SOUK_EVENTS_WRITE, SOUK_EFORMAT, "not a SQLite file");
    cr_assert_eq(truncate(path, 0), 0);
    assert_refused(SOUK_EVENTS_READ, SOUK_EFORMAT, "not a store of events");
    souk_event_store_close(
        store_case_open(url, SOUK_EVENTS_WRITE)); /* an empty file is a new one */
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(mkdir(path, 0700), 0);
    assert_refused(SOUK_EVENTS_WRITE, SOUK_EIO, path);
}

Test(sqlitestore, names_the_folder_that_is_missing)
{
    struct souk_event_store *s = NULL;
    cr_assert_eq(
        souk_event_store_open("sqlite:/no/such/folder/events.db", SOUK_EVENTS_WRITE, &s, &err),
        SOUK_ENOTFOUND);
    cr_assert(strstr(err.msg, "/no/such/folder"), "%s", err.msg);
}

/* A name that SQLite reads as something else is a file like any other. */
Test(sqlitestore, takes_odd_names_as_they_are)
{
    static const char *const names[] = {":memory:", "file:a?mode=memory", "a b'c\"d"};
    char *slash = strrchr(path, '/');
    *slash = '\0';
    cr_assert_eq(chdir(path), 0);
    for (int i = 0; i < 3; i++) {
        snprintf(url, sizeof url, "sqlite:%s", names[i]);
        struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
        store_case_append(s, "a", "u", 1);
        souk_event_store_close(s);
        cr_assert_eq(access(names[i], F_OK), 0);
    }
    cr_assert_eq(chdir("/"), 0);
}

static void fill(struct souk_event_store *s, int events)
{
    char id[64], user[64];
    for (int i = 0; i < events; i++) {
        snprintf(id, sizeof id, "event-%050d", i);
        snprintf(user, sizeof user, "user-%050d", i % 100);
        store_case_append(s, id, user, i);
    }
}

static void damage(long at, const char *bytes)
{
    FILE *file = fopen(path, "r+");
    cr_assert_not_null(file);
    cr_assert_eq(fseek(file, at, SEEK_SET), 0);
    fputs(bytes, file);
    cr_assert_eq(fclose(file), 0);
}

static bool count_it(void *context, const struct souk_event_record *e)
{
    ++*(int64_t *)context;
    return e != NULL;
}

Test(sqlitestore, says_that_a_file_is_damaged)
{
    struct stat info;
    int64_t read = 0;
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    fill(s, 1000);
    souk_event_store_close(s);
    cr_assert_eq(stat(path, &info), 0);
    for (long at = 3 * 4096; at < (long)info.st_size; at += 4096)
        damage(at, "this is no page of a database");
    s = store_case_open(url, SOUK_EVENTS_READ);
    cr_assert_eq(souk_event_store_scan(s, 0, count_it, &read, &err), SOUK_EINTEGRITY, "%s",
                 err.msg);
    cr_assert(strstr(err.msg, path), "%s", err.msg);
    cr_assert_lt(read, 1000);
    souk_event_store_close(s);
    damage(0, "SQLite format X");
    assert_refused(SOUK_EVENTS_READ, SOUK_EFORMAT, "not a SQLite file");
}

Test(sqlitestore, says_that_its_schema_is_not_what_it_claims)
{
    souk_event_store_close(store_case_open(url, SOUK_EVENTS_WRITE));
    run_sql("ALTER TABLE event DROP COLUMN arm");
    assert_refused(SOUK_EVENTS_WRITE, SOUK_EINTEGRITY, "not the schema that it says");
}

/* ---- versions ---- */

static void make_version(int version)
{
    char text[96];
    for (int v = 0; v < version; v++)
        run_sql(souk_event_schema_steps[v].sqlite);
    snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             SOUK_EVENT_APPLICATION_ID, version);
    run_sql(text);
}

Test(sqlitestore, migrates_an_older_schema_and_keeps_its_events)
{
    for (int version = 1; version < SOUK_EVENT_SCHEMA_VERSION; version++) {
        make_version(version);
        run_sql("INSERT INTO event VALUES (7, 'a', 'u', 'i', 'view', 1, 2, 0, '', '', '')");
        assert_refused(SOUK_EVENTS_READ, SOUK_EVERSION, "is older than");
        struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
        cr_assert_eq(store_case_append(s, "a", "u", 1), SOUK_EVENT_DUPLICATE);
        store_case_append(s, "b", "u", 1);
        cr_assert_str_eq(store_case_all(s, 6), "a b ");
        souk_event_store_close(s);
        souk_event_store_close(store_case_open(url, SOUK_EVENTS_READ));
        cr_assert_eq(unlink(path), 0);
    }
}

Test(sqlitestore, leaves_a_schema_alone_that_it_cannot_migrate)
{
    make_version(1);
    run_sql("CREATE TABLE retention (theirs)"); /* in the way of version 2 */
    assert_refused(SOUK_EVENTS_WRITE, SOUK_EIO, "retention");
    run_sql("DROP TABLE retention");
    souk_event_store_close(
        store_case_open(url, SOUK_EVENTS_WRITE)); /* nothing was done by halves */
}

Test(sqlitestore, refuses_a_newer_schema)
{
    souk_event_store_close(store_case_open(url, SOUK_EVENTS_WRITE));
    run_sql("PRAGMA user_version = 1000");
    assert_refused(SOUK_EVENTS_WRITE, SOUK_EVERSION, "newer souk");
    assert_refused(SOUK_EVENTS_READ, SOUK_EVERSION, "newer souk");
}

/* ---- one proxy, others beside it ---- */

Test(sqlitestore, is_claimed_by_one_proxy_and_shared_with_tools)
{
    int64_t deleted;
    char link[160], link_url[STORE_URL_MAX];
    struct souk_event_store *proxy = store_case_open(url, SOUK_EVENTS_WRITE);
    cr_assert_eq(souk_event_store_claim(proxy, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(souk_event_store_claim(proxy, &err), SOUK_OK, "%s", err.msg);
    cr_assert(!souk_event_store_is_shared(proxy));
    snprintf(link, sizeof link, "%s.link", path);
    cr_assert_eq(symlink(path, link), 0);
    snprintf(link_url, sizeof link_url, "sqlite:%s", link);
    struct souk_event_store *other = store_case_open(link_url, SOUK_EVENTS_WRITE);
    cr_assert_eq(souk_event_store_claim(other, &err), SOUK_EEXIST);
    cr_assert(strstr(err.msg, "PostgreSQL"), "%s", err.msg);
    store_case_append(proxy, "a", "u", 1);
    cr_assert_str_eq(store_case_all(other, 0), "a ");
    cr_assert_eq(souk_event_store_prune(other, 100, &deleted, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(deleted, 1);
    souk_event_store_close(proxy);
    cr_assert_eq(souk_event_store_claim(other, &err), SOUK_OK, "%s", err.msg);
    souk_event_store_close(other);
}

Test(sqlitestore, keeps_the_log_bounded)
{
    struct stat info;
    char log[160];
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    snprintf(log, sizeof log, "%s-wal", path);
    fill(s, 4000);
    cr_assert_gt(stat(path, &info) == 0 ? info.st_size : 0, 100000); /* it was written back */
    cr_assert_eq(stat(log, &info), 0);
    cr_assert_lt(info.st_size, 40 << 20, "%lld bytes", (long long)info.st_size);
    souk_event_store_close(s);
    cr_assert_neq(stat(log, &info), 0); /* the last one to close leaves one file */
}

Test(sqlitestore, erases_every_byte_of_a_user)
{
    static const char secret[] = "Eleonore-4711";
    char command[400];
    int64_t deleted;
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    for (int i = 0; i < 100; i++) {
        char id[16];
        snprintf(id, sizeof id, "e%d", i);
        struct souk_event_record record = store_case_event(id, i % 2 ? secret : "u", i);
        enum souk_event_fate fate;
        record.item = i % 2 ? "Eleonore-likes-this" : "i";
        cr_assert_eq(souk_event_store_append(s, &record, 1, &fate, &err), SOUK_OK);
    }
    cr_assert_eq(souk_event_store_erase(s, secret, 1000, &deleted, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(deleted, 50);
    /* The mark has the name; nothing else has, and nothing has what she did. */
    snprintf(command, sizeof command, "cat %s %s-wal | grep -a -q Eleonore-likes", path, path);
    cr_assert_neq(WEXITSTATUS(system(command)), 0);
    souk_event_store_close(s);
}

/* Another process dies in the middle of its transaction: its lock goes with it. */
Test(sqlitestore, goes_on_when_another_writer_is_killed)
{
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    int ready[2], code;
    char byte;
    cr_assert_eq(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        sqlite3 *db = NULL;
        sqlite3_open(path, &db);
        sqlite3_exec(db, "BEGIN IMMEDIATE; DELETE FROM event", NULL, NULL, NULL);
        code = write(ready[1], "x", 1) == 1 ? pause() : 1;
        _exit(code);
    }
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    cr_assert_eq(kill(child, SIGKILL), 0);
    cr_assert_eq(waitpid(child, &code, 0), child);
    store_case_append(s, "a", "u", 1);
    cr_assert_str_eq(store_case_all(s, 0), "a ");
    souk_event_store_close(s);
}

/* A process that closes any descriptor of a file loses its locks on it (POSIX). Another process
 * that closes the database then takes itself for the last one, and removes the log in use. */
Test(sqlitestore, keeps_its_locks_when_other_connections_of_the_process_come_and_go)
{
    static const enum souk_event_access ways[] = {SOUK_EVENTS_READ, SOUK_EVENTS_CHANGE,
                                                  SOUK_EVENTS_WRITE};
    char log[160], command[400];
    struct stat before, after;
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    store_case_append(s, "a", "u", 1);
    snprintf(log, sizeof log, "%s-wal", path);
    snprintf(command, sizeof command, "sqlite3 %s 'SELECT count(*) FROM event' >%s.out", path,
             path);
    cr_assert_eq(stat(log, &before), 0);
    for (int i = 0; i < 3; i++) {
        souk_event_store_close(store_case_open(url, ways[i]));
        if (system(command) != 0)
            cr_skip_test("no sqlite3");
        cr_assert_eq(stat(log, &after), 0, "the log is gone after access %d", i);
        cr_assert_eq(before.st_ino, after.st_ino);
    }
    souk_event_store_close(s);
}

Test(sqlitestore, acknowledges_nothing_in_a_file_that_was_removed_or_replaced)
{
    char other[160];
    enum souk_event_fate fate;
    const struct souk_event_record record = store_case_event("b", "u", 1);
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    store_case_append(s, "a", "u", 1);
    snprintf(other, sizeof other, "%s.old", path);
    cr_assert_eq(rename(path, other), 0);
    cr_assert_eq(souk_event_store_append(s, &record, 1, &fate, &err), SOUK_EIO);
    cr_assert(strstr(err.msg, "removed or replaced"), "%s", err.msg);
    run_sql("CREATE TABLE another (a)");
    cr_assert_eq(souk_event_store_append(s, &record, 1, &fate, &err), SOUK_EIO);
    cr_assert_eq(rename(other, path), 0);
    cr_assert_eq(store_case_append(s, "b", "u", 1), SOUK_EVENT_STORED);
    souk_event_store_close(s);
}

/* ---- a full disk ---- */

static void fill_disk(const char *name)
{
    static char zeros[4096];
    const int file = open(name, O_WRONLY | O_CREAT, 0600);
    cr_assert(file >= 0);
    while (write(file, zeros, sizeof zeros) > 0)
        ;
    close(file);
}

static souk_status append_number(struct souk_event_store *s, int number)
{
    char id[16];
    enum souk_event_fate fate;
    snprintf(id, sizeof id, "e%d", number);
    const struct souk_event_record record = store_case_event(id, "u", number);
    return souk_event_store_append(s, &record, 1, &fate, &err);
}

static void assert_count(struct souk_event_store *s, int64_t expected)
{
    int64_t read = 0;
    cr_assert_eq(souk_event_store_scan(s, 0, count_it, &read, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(read, expected);
}

static char disk[160];

static void unmount(void)
{
    if (umount2(disk, MNT_DETACH) != 0)
        fprintf(stderr, "%s is left\n", disk);
}

/* Room that the log has already is used up before the disk is seen to be full. @return stored */
static int append_until_full(struct souk_event_store *s, int stored)
{
    for (int failed = 0; failed < 5;) {
        const souk_status status = append_number(s, stored);
        stored += status == SOUK_OK;
        failed += status != SOUK_OK;
        cr_assert(status == SOUK_OK || status == SOUK_EIO || status == SOUK_EUNAVAILABLE, "%s",
                  err.msg);
    }
    return stored;
}

Test(sqlitestore, survives_a_full_disk_and_goes_on_when_there_is_room)
{
    char ballast[200];
    int stored = 0;
    snprintf(disk, sizeof disk, "%s.disk", path);
    cr_assert_eq(mkdir(disk, 0700), 0);
    if (mount("souk", disk, "tmpfs", 0, "size=4m") != 0)
        cr_skip_test("no tmpfs can be mounted here");
    atexit(unmount);
    snprintf(url, sizeof url, "sqlite:%s/events.db", disk);
    snprintf(ballast, sizeof ballast, "%s/ballast", disk);
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 50; i++)
            cr_assert_eq(append_number(s, stored++), SOUK_OK, "%s", err.msg);
        fill_disk(ballast);
        stored = append_until_full(s, stored);
        assert_count(s, stored);
        cr_assert_eq(unlink(ballast), 0);
    }
    cr_assert_eq(append_number(s, stored++), SOUK_OK, "%s", err.msg);
    souk_event_store_close(s);
    s = store_case_open(url, SOUK_EVENTS_READ);
    assert_count(s, stored);
    souk_event_store_close(s);
}
