/* Replies to `health`: of this release and of one that knew no `versions`, hostile ones, and
 * whether what they say fits. */
#include "serve/proxy/replicafacts.h"
#include "shared/wire/message.h"
#include "shared/wire/writer.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct souk_writer w;

static void start(void)
{
    souk_writer_init(&w);
}

static void stop(void)
{
    souk_writer_fini(&w);
}

TestSuite(replicafacts, .init = start, .fini = stop);

static void put_version(const char *model, int parts)
{
    souk_writer_put_string(&w, "model", model);
    souk_writer_put_string(&w, "kind", "als");
    souk_writer_put_int(&w, "parts", parts);
    souk_writer_put_int(&w, "items", 10);
    souk_writer_put_int(&w, "catalogue", 21);
    souk_writer_put_int(&w, "created_ms", 7);
}

/* Shard 1 of 2 with the versions; NULL: no `versions`, but one at the top. */
static void write_health(const char *state, const char *const *models, size_t count)
{
    souk_writer_clear(&w);
    souk_writer_map(&w, 3 + (state != NULL) + (models ? 1 : 6));
    souk_writer_put_int(&w, "status", 0);
    souk_writer_put_int(&w, "shard", 1);
    souk_writer_put_int(&w, "shards", 2);
    if (state)
        souk_writer_put_string(&w, "state", state);
    if (!models) {
        put_version("old", 16);
        return;
    }
    souk_writer_key(&w, "versions");
    souk_writer_array(&w, count);
    for (size_t i = 0; i < count; i++) {
        souk_writer_map(&w, 6);
        put_version(models[i], 16);
    }
}

static bool parse(struct souk_replica_facts *facts)
{
    return souk_replica_facts_parse(w.buffer.data, w.buffer.size, facts);
}

Test(replicafacts, reads_versions_and_the_state)
{
    struct souk_replica_facts f;
    write_health("ready", (const char *const[]){"new", "old"}, 2);
    cr_assert(parse(&f));
    cr_expect(f.known && f.alive && f.ready);
    cr_expect_eq(f.shard, 1);
    cr_expect_eq(f.shards, 2);
    cr_expect_eq(f.version_count, 2);
    cr_expect_str_eq(f.versions[0].model, "new");
    cr_expect_eq(f.versions[1].created_ms, 7);
    cr_expect(souk_replica_facts_holds(&f, "old"));
    cr_expect_not(souk_replica_facts_holds(&f, "other"));
    cr_expect(souk_replica_facts_can_answer(&f));
    write_health("draining", (const char *const[]){"new"}, 1);
    cr_assert(parse(&f));
    cr_expect_not(f.ready);
    cr_expect_not(souk_replica_facts_can_answer(&f));
    write_health("ready", (const char *const[]){""}, 0);
    cr_assert(parse(&f));
    cr_expect_not(souk_replica_facts_can_answer(&f), "without a version");
}

Test(replicafacts, reads_what_the_data_of_a_model_are)
{
    struct souk_replica_facts f;
    souk_writer_clear(&w);
    souk_writer_map(&w, 3 + 10);
    souk_writer_put_int(&w, "status", 0);
    souk_writer_put_int(&w, "shard", 1);
    souk_writer_put_int(&w, "shards", 2);
    put_version("m", 16);
    souk_writer_put_int(&w, "users", 5);
    souk_writer_put_int(&w, "events", -1);
    souk_writer_put_int(&w, "from_ms", -1000);
    souk_writer_put_int(&w, "until_ms", 2000);
    cr_assert(parse(&f));
    cr_expect_eq(f.versions[0].data.users, 5);
    cr_expect_eq(f.versions[0].data.events, -1);
    cr_expect_eq(f.versions[0].data.from_ms, -1000, "before 1970");
    cr_expect_eq(f.versions[0].data.until_ms, 2000);
    write_health("ready", (const char *const[]){"new"}, 1);
    cr_assert(parse(&f));
    cr_expect_eq(f.versions[0].data.events, -1, "an older release says nothing");
}

Test(replicafacts, reads_a_reply_of_the_release_before)
{
    struct souk_replica_facts f;
    write_health(NULL, NULL, 0);
    cr_assert(parse(&f));
    cr_expect(f.ready);
    cr_expect_eq(f.version_count, 1);
    cr_expect_str_eq(f.versions[0].model, "old");
}

Test(replicafacts, leaves_everything_as_it_was_when_a_reply_is_none)
{
    struct souk_replica_facts f = {.shard = 77};
    const char *const five[] = {"1", "2", "3", "4", "5"};
    write_health("ready", five, 5);
    cr_expect_not(parse(&f), "more versions than there is room for");
    write_health("ready", five, 1);
    for (size_t len = 0; len < w.buffer.size; len++)
        cr_expect_not(souk_replica_facts_parse(w.buffer.data, len, &f));
    cr_expect_eq(f.shard, 77);
}

Test(replicafacts, takes_no_harm_from_any_byte)
{
    struct souk_replica_facts f;
    write_health("ready", (const char *const[]){"new", "old"}, 2);
    for (size_t at = 0; at < w.buffer.size; at++) {
        const char good = w.buffer.data[at];
        for (int byte = 0; byte < 256; byte++) {
            w.buffer.data[at] = (char)byte;
            if (parse(&f))
                cr_expect(f.version_count >= 0 && f.version_count <= SOUK_VERSIONS_KNOWN);
        }
        w.buffer.data[at] = good;
    }
}

Test(replicafacts, older_versions_stay_known_but_are_not_held)
{
    struct souk_replica_facts old, now;
    write_health("ready", (const char *const[]){"b", "a"}, 2);
    cr_assert(parse(&old));
    write_health("ready", (const char *const[]){"c", "b"}, 2);
    cr_assert(parse(&now));
    souk_replica_facts_keep_older(&now, &old);
    cr_expect_eq(now.version_count, 3);
    cr_expect_not_null(souk_replica_facts_of(&now, "a"));
    cr_expect_not(souk_replica_facts_holds(&now, "a"));
    cr_expect(souk_replica_facts_holds(&now, "b"));
    for (int k = 0; k < 5; k++) { /* as many as there is room for */
        char name[2] = {(char)('d' + k), '\0'};
        const struct souk_replica_facts before = now;
        write_health("ready", (const char *const[]){name}, 1);
        cr_assert(parse(&now));
        souk_replica_facts_keep_older(&now, &before);
        cr_expect_leq(now.version_count, SOUK_VERSIONS_KNOWN);
        cr_expect(souk_replica_facts_holds(&now, name));
    }
}

Test(replicafacts, says_what_does_not_fit)
{
    struct souk_replica_facts f, other;
    char reason[160];
    write_health("ready", (const char *const[]){"m"}, 1);
    cr_assert(parse(&f));
    cr_expect(souk_replica_facts_fit(&f, 1, 2, reason, sizeof reason));
    cr_expect_not(souk_replica_facts_fit(&f, 0, 2, reason, sizeof reason));
    cr_expect(strstr(reason, "holds shard 1 where shard 0 is wanted"), "%s", reason);
    cr_expect_not(souk_replica_facts_fit(&f, 1, 3, reason, sizeof reason));
    cr_expect(strstr(reason, "is one of 2 shards, the proxy was given 3"), "%s", reason);
    other = f;
    cr_expect(souk_replica_facts_agree(&f, &other, reason, sizeof reason));
    other.versions[0].parts = 8;
    cr_expect_not(souk_replica_facts_agree(&f, &other, reason, sizeof reason));
    cr_expect(strstr(reason, "model m in 16 parts of 21 items"), "%s", reason);
    snprintf(other.versions[0].model, sizeof other.versions[0].model, "n");
    cr_expect(souk_replica_facts_agree(&f, &other, reason, sizeof reason), "two different models");
}
