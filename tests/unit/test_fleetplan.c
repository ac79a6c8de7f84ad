/* Plans of a fleet: what --shards and a file may say, and what is told of those that are wrong. */
#include "serve/proxy/fleetplan.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct souk_fleet_plan plan;
static struct souk_error err;

static void expect_replica(int i, int shard, const char *address, bool drained)
{
    cr_assert_gt(plan.count, i);
    cr_expect_eq(plan.replicas[i].shard, shard, "%d: shard %d", i, plan.replicas[i].shard);
    cr_expect_str_eq(plan.replicas[i].address, address);
    cr_expect_eq(plan.replicas[i].drained, drained);
}

static void expect_refusal(souk_status found, souk_status expected, const char *text)
{
    cr_expect_eq(found, expected, "'%s': status %d: %s", text, found, err.msg);
    cr_expect(strstr(err.msg, text), "no '%s' in '%s'", text, err.msg);
    souk_fleet_plan_fini(&plan);
}

Test(fleetplan, shards_by_space_and_replicas_by_comma)
{
    cr_assert_eq(souk_fleet_plan_parse_shards(" tcp://a:1,tcp://b:2\n ipc:///c ", &plan, &err),
                 SOUK_OK, "%s", err.msg);
    cr_expect_eq(plan.shards, 2);
    cr_expect_eq(plan.count, 3);
    expect_replica(0, 0, "tcp://a:1", false);
    expect_replica(1, 0, "tcp://b:2", false);
    expect_replica(2, 1, "ipc:///c", false);
    cr_expect_eq(souk_fleet_plan_find(&plan, "ipc:///c"), &plan.replicas[2]);
    cr_expect_null(souk_fleet_plan_find(&plan, "ipc:///d"));
    souk_fleet_plan_fini(&plan);
}

Test(fleetplan, a_file_has_a_replica_to_a_line)
{
    const char *text = "# the fleet\n"
                       "\n"
                       "1 tcp://b:1   # the second shard\r\n"
                       "\t0\ttcp://a:1 drained\n"
                       "1 ipc:///c drained#gone";
    cr_assert_eq(souk_fleet_plan_parse_file("f", text, &plan, &err), SOUK_OK, "%s", err.msg);
    cr_expect_eq(plan.shards, 2);
    cr_expect_eq(plan.count, 3);
    expect_replica(0, 1, "tcp://b:1", false);
    expect_replica(1, 0, "tcp://a:1", true);
    expect_replica(2, 1, "ipc:///c", true);
    cr_expect_eq(plan.replicas[2].line, 5);
    souk_fleet_plan_fini(&plan);
}

Test(fleetplan, says_what_is_wrong_with_shards)
{
    const struct {
        const char *spec, *text;
    } cases[] = {
        {"", "--shards: there is no replica"},
        {" \t\n", "there is no replica"},
        {",, ,", "there is no replica"},
        {", tcp://a:1", "shard 0 has no replica, but there is a shard 1"},
        {"tcp://a:1,nonsense", "'nonsense' is not an address"},
        {"tcp://a:1 tcp://a:1", "tcp://a:1 stands twice"},
        {"tcp://a:1 tcp://b", "'tcp://b' lacks HOST:PORT"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_refusal(souk_fleet_plan_parse_shards(cases[i].spec, &plan, &err), SOUK_EUSAGE,
                       cases[i].text);
}

Test(fleetplan, says_which_line_of_a_file_is_wrong)
{
    const struct {
        const char *text, *error;
    } cases[] = {
        {"", "f: there is no replica"},
        {"# nothing\n\n", "f: there is no replica"},
        {"0 tcp://a:1\nx tcp://b:1\n", "f:2: 'x' is not a shard: a line is SHARD ADDRESS"},
        {"-1 tcp://a:1", "f:1: '-1' is not a shard"},
        {"1x tcp://a:1", "f:1: '1x' is not a shard"},
        {"99999999999999999999 tcp://a:1", "is not a shard"},
        {"1024 tcp://a:1", "f:1: '1024' is not a shard"},
        {"0", "f:1: the address is missing"},
        {"0 drained", "f:1: 'drained' is not an address"},
        {"0 tcp://a:1 away", "f:1: 'away' behind the address: only `drained`"},
        {"0 tcp://a:1 drained twice", "f:1: 'twice' behind the address"},
        {"0 tcp://a:1\n\n0 tcp://b:1\n1 tcp://a:1", "f:4: tcp://a:1 stands in line 1 already"},
        {"0 tcp://a:1\n2 tcp://b:1", "f: shard 1 has no replica, but there is a shard 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_refusal(souk_fleet_plan_parse_file("f", cases[i].text, &plan, &err), SOUK_EFORMAT,
                       cases[i].error);
}

Test(fleetplan, a_shard_has_64_replicas_at_most_and_a_fleet_1024)
{
    char *text = calloc(1100, 32);
    size_t len = 0;
    cr_assert_not_null(text);
    for (int i = 0; i < 64; i++)
        len += (size_t)sprintf(text + len, "0 ipc:///%d\n", i);
    cr_expect_eq(souk_fleet_plan_parse_file("f", text, &plan, &err), SOUK_OK, "%s", err.msg);
    souk_fleet_plan_fini(&plan);
    sprintf(text + len, "0 ipc:///64\n");
    expect_refusal(souk_fleet_plan_parse_file("f", text, &plan, &err), SOUK_EFORMAT,
                   "shard 0 has more than 64 replicas");
    len = 0;
    for (int i = 0; i < 1025; i++)
        len += (size_t)sprintf(text + len, "%d ipc:///%d\n", i / 64, i);
    expect_refusal(souk_fleet_plan_parse_file("f", text, &plan, &err), SOUK_EFORMAT,
                   "f:1025: more than 1024 replicas");
    free(text);
}

Test(fleetplan, knows_addresses)
{
    const char *const good[] = {"tcp://127.0.0.1:1", "tcp://[::1]:65535", "tls+tcp://a.b.c:7101",
                                "ipc:///run/souk/a", "ipc://relative",    "inproc://x"};
    const char *const bad[] = {"",          "tcp",         "tcp://",      "tcp://a",
                               "tcp://:1",  "tcp://a:",    "tcp://a:0",   "tcp://a:65536",
                               "tcp://a:x", "tcp://a:1/",  "tcp://a:b:1", "tcp://[]:1",
                               "ipc://",    "http://a:1",  "a:1",         "tcp://a b:1",
                               "ipc:///a,", "ipc:///a\tb", "ipc:///a#b",  "tls+tcp://a"};
    char lengthy[SOUK_ADDRESS_MAX + 2];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect_eq(souk_address_check(good[i], &err), SOUK_OK, "%s: %s", good[i], err.msg);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(souk_address_check(bad[i], &err), SOUK_EUSAGE, "'%s' is taken", bad[i]);
    memset(lengthy, 'x', sizeof lengthy);
    memcpy(lengthy, "inproc://", 9);
    lengthy[sizeof lengthy - 1] = '\0';
    cr_expect_eq(souk_address_check(lengthy, &err), SOUK_EUSAGE);
    lengthy[sizeof lengthy - 2] = '\0';
    cr_expect_eq(souk_address_check(lengthy, &err), SOUK_OK);
    memcpy(lengthy, "ipc://xxx", 9);
    lengthy[6 + 108] = '\0';
    cr_expect_eq(souk_address_check(lengthy, &err), SOUK_EUSAGE);
    lengthy[6 + 107] = '\0';
    cr_expect_eq(souk_address_check(lengthy, &err), SOUK_OK);
}

static souk_status read_bytes(const void *bytes, size_t len)
{
    char path[] = "/tmp/fleetplanXXXXXX";
    const int fd = mkstemp(path);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, len, file), len);
    cr_assert_eq(fclose(file), 0);
    const souk_status status = souk_fleet_plan_read(path, &plan, &err);
    remove(path);
    return status;
}

Test(fleetplan, reads_files_and_refuses_what_is_no_text)
{
    char *large = malloc(SOUK_FLEET_FILE_BYTES_MAX + 1);
    cr_assert_not_null(large);
    cr_expect_eq(read_bytes("0 ipc:///a\n", 11), SOUK_OK, "%s", err.msg);
    cr_expect_eq(plan.count, 1);
    souk_fleet_plan_fini(&plan);
    expect_refusal(read_bytes("0 ipc:///a\0\n", 12), SOUK_EFORMAT, "is no text");
    memset(large, '\n', SOUK_FLEET_FILE_BYTES_MAX + 1);
    expect_refusal(read_bytes(large, SOUK_FLEET_FILE_BYTES_MAX + 1), SOUK_EFORMAT, "is no text");
    memcpy(large, "0 ipc:///a", 10);
    cr_expect_eq(read_bytes(large, SOUK_FLEET_FILE_BYTES_MAX), SOUK_OK, "%s", err.msg);
    souk_fleet_plan_fini(&plan);
    expect_refusal(souk_fleet_plan_read("/nonexistent/fleet", &plan, &err), SOUK_EFORMAT,
                   "/nonexistent/fleet");
    expect_refusal(souk_fleet_plan_read("/tmp", &plan, &err), SOUK_EFORMAT, "/tmp");
    free(large);
}
