/* Power cuts at random moments: what append acknowledged is there afterwards, every group is there
 * as a whole, and who was erased does not come back. With synchronous=OFF the same test must find
 * losses: else it would prove nothing. */
#include "shared/base/random.h"
#include "shared/events/eventbackend.h"
#include "tests/support/losing_vfs.h"
#include "tests/support/store_case.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GROUP_MAX = 24, ROUNDS_PER_FILE = 20, GROUPS_MAX = 1 << 16 };

/* Group g has events "g-0" .. "g-(size - 1)" of the user "u<g mod 50>". */
struct group {
    unsigned char size;
    bool acknowledged;
    bool erased;         /* its user was, afterwards: acknowledged */
    bool may_be_erased;  /* the power was cut in the erasure */
    unsigned char found; /* events that are there after a cut */
};

static struct group *groups;
static int group_count;
static char path[128];
static struct souk_error err;
static uint64_t draws;

static uint64_t draw(uint64_t below)
{
    return souk_random_bits(20261126, 7, draws++) % below;
}

static struct souk_event_store *open_store(const char *synchronous)
{
    struct souk_event_store *s = NULL;
    return souk_sqlite_store_open(path, SOUK_EVENTS_WRITE, synchronous, &s, &err) ? NULL : s;
}

/* Also a second time, when nobody knows whether the first one was stored. @return it was */
static bool send_group(struct souk_event_store *s, int number)
{
    static char ids[GROUP_MAX][24];
    struct souk_event_record records[GROUP_MAX];
    enum souk_event_fate fates[GROUP_MAX];
    char user[16];
    struct group *g = &groups[number];
    snprintf(user, sizeof user, "u%d", number % 50);
    for (int i = 0; i < g->size; i++) {
        snprintf(ids[i], sizeof ids[i], "%d-%d", number, i);
        records[i] = store_case_event(ids[i], user, 1000000 + number);
    }
    g->acknowledged = souk_event_store_append(s, records, g->size, fates, &err) == SOUK_OK;
    return g->acknowledged && fates[0] == SOUK_EVENT_DUPLICATE;
}

static void append_group(struct souk_event_store *s)
{
    groups[group_count] = (struct group){.size = (unsigned char)(1 + draw(GROUP_MAX))};
    const bool known = send_group(s, group_count++);
    cr_assert(!known);
}

static void erase_user(struct souk_event_store *s)
{
    const int user = (int)draw(50);
    char id[16];
    int64_t deleted;
    snprintf(id, sizeof id, "u%d", user);
    const bool done = souk_event_store_erase(s, id, 1, &deleted, &err) == SOUK_OK;
    for (int g = user; g < group_count; g += 50) {
        groups[g].may_be_erased = true;
        groups[g].erased = groups[g].erased || done;
    }
}

static bool note_event(void *context, const struct souk_event_record *e)
{
    int *places = context;
    const int g = atoi(e->event_id);
    cr_assert(g >= 0 && g < group_count, "%s", e->event_id);
    cr_assert_lt(groups[g].found, groups[g].size);
    groups[g].found++;
    ++*places;
    return true;
}

/* @return false: something is lost */
static bool check(const char *synchronous)
{
    bool whole = true;
    int places = 0;
    struct souk_event_store *s = open_store(synchronous);
    if (!s)
        return false;
    for (int g = 0; g < group_count; g++)
        groups[g].found = 0;
    whole = souk_event_store_scan(s, 0, note_event, &places, &err) == SOUK_OK;
    for (int g = 0; g < group_count && whole; g++) {
        const struct group *k = &groups[g];
        const bool gone_rightly = k->may_be_erased || !k->acknowledged;
        whole = k->found == k->size ? !k->erased : k->found == 0 && gone_rightly;
    }
    souk_event_store_close(s);
    return whole;
}

static void work_until_the_cut(struct souk_event_store *s)
{
    while (!losing_vfs_is_off() && group_count < GROUPS_MAX)
        if (draw(40) == 0)
            erase_user(s);
        else
            append_group(s);
}

static void begin_anew(void)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    char name[160];
    store_case_path(path, sizeof path);
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
    losing_vfs_forget();
    group_count = 0;
}

/* @return rounds that lost something */
static int cut_power(int rounds, const char *synchronous)
{
    int lost = 0;
    groups = calloc(GROUPS_MAX, sizeof *groups);
    cr_assert_not_null(groups);
    losing_vfs_install();
    for (int round = 0; round < rounds; round++) {
        if (round % ROUNDS_PER_FILE == 0)
            begin_anew();
        /* Some cuts hit the opening: making the file, recovering the log. */
        const uint64_t moment = 1 + draw(draw(3) == 0 ? 60 : 4000);
        losing_vfs_cut_after((int64_t)moment);
        struct souk_event_store *s = open_store(synchronous);
        if (s)
            work_until_the_cut(s);
        cr_assert(losing_vfs_is_off(), "%s", err.msg);
        souk_event_store_close(s);
        losing_vfs_boot((uint64_t)round);
        if (!check(synchronous)) {
            if (lost++ == 0)
                fprintf(stderr, "synchronous=%s: lost in round %d, cut at operation %d\n",
                        synchronous, round, (int)moment);
            begin_anew();
        }
    }
    free(groups);
    return lost;
}

Test(sqliteloss, nothing_acknowledged_is_lost_in_a_power_cut)
{
    cr_assert_eq(cut_power(getenv("SOUK_SLOWDOWN") ? 60 : 300, "FULL"), 0);
    fprintf(stderr, "%lld operations\n", (long long)losing_vfs_operations());
}

/* A process is killed between writing its log and syncing it. The next one finds the group there,
 * and tells the client, who sends it again, that it is a duplicate: then it must be on disk, too.
 */
Test(sqliteloss, a_duplicate_is_as_durable_as_what_was_stored)
{
    int duplicates = 0;
    groups = calloc(GROUPS_MAX, sizeof *groups);
    cr_assert_not_null(groups);
    losing_vfs_install();
    begin_anew();
    souk_event_store_close(open_store("FULL"));
    for (int round = 0; round < 200; round++) {
        struct souk_event_store *s = open_store("FULL");
        cr_assert_not_null(s, "%s", err.msg);
        losing_vfs_cut_after(1 + (int64_t)draw(300));
        while (!losing_vfs_is_off())
            append_group(s);
        souk_event_store_close(s);
        losing_vfs_restart();
        s = open_store("FULL");
        cr_assert_not_null(s, "%s", err.msg);
        duplicates += send_group(s, group_count - 1);
        cr_assert(groups[group_count - 1].acknowledged, "%s", err.msg);
        losing_vfs_cut_after(1);
        souk_event_store_close(s);
        losing_vfs_boot((uint64_t)round);
        cr_assert(check("FULL"), "round %d", round);
    }
    cr_assert_gt(duplicates, 0);
    fprintf(stderr, "%d duplicates\n", duplicates);
    free(groups);
}

Test(sqliteloss, the_same_cuts_find_losses_without_synchronous)
{
    cr_assert_gt(cut_power(40, "OFF"), 10);
}

/* The log is synced, the checkpoint is, too: but not each commit. */
Test(sqliteloss, the_same_cuts_find_losses_with_synchronous_normal)
{
    cr_assert_gt(cut_power(40, "NORMAL"), 10);
}
