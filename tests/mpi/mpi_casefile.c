/* Cases from a file on any number of ranks: every pair once, in order, and every bad line refused.
 */
#include "shared/base/hash.h"
#include "shared/data/idtable.h"
#include "train/evaluate/cases.h"
#include "train/evaluate/duty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { USERS = 40, ITEMS = 30, PARTS_MAX = 7 };

static char path[64] = "/tmp/souk-casefile-XXXXXX";

static bool is_target(int user, int item)
{
    return (user * 7 + item * 3) % 5 == 0 && user % 6 != 1;
}

/* Rank 0 writes, all learn the name; everybody waits until it is there. */
static int write_all(const struct souk_comm *comm, const char *text, size_t len)
{
    int failed = 0;
    if (comm->rank == 0) {
        FILE *f = fopen(path, "w");
        failed = !f || fwrite(text, 1, len, f) != len;
        failed |= f && fclose(f) != 0;
    }
    return failed | (souk_broadcast_all(comm, path, sizeof path, 0, NULL) != SOUK_OK);
}

static int number_of(const char *id)
{
    return atoi(id + 1);
}

/* Cases of this rank: sorted, complete per user, and of the parts on duty. */
static int count_own(const struct souk_comm *comm, const struct souk_cases *c, int parts,
                     int64_t *seen)
{
    int failures = 0;
    for (int round = 0; round < souk_duty_rounds(comm, parts); round++) {
        for (int64_t u = c->round_first[round]; u < c->round_first[round + 1]; u++) {
            const char *user = souk_idtable_get(&c->users, u);
            const int part = souk_part_of(souk_hash_bytes(user, strlen(user)), parts);
            failures += part != souk_duty_of(comm, parts, round).part;
            if (u > c->round_first[round])
                failures += strcmp(souk_idtable_get(&c->users, u - 1), user) >= 0;
            for (int64_t t = c->target_offsets[u]; t < c->target_offsets[u + 1]; t++) {
                failures += t > c->target_offsets[u] && c->target[t] <= c->target[t - 1];
                seen[number_of(user) * ITEMS +
                     number_of(souk_idtable_get(&c->wanted, c->target[t]))]++;
            }
        }
    }
    for (int p = 0; p < parts; p++) {
        for (int64_t w = c->wanted_first[p]; w < c->wanted_first[p + 1]; w++) {
            const char *item = souk_idtable_get(&c->wanted, w);
            failures += souk_part_of(souk_hash_bytes(item, strlen(item)), parts) != p;
        }
    }
    return failures + (c->wanted_first[parts] != c->wanted.count);
}

static int check_pairs(const struct souk_comm *comm, const char *header, int parts)
{
    char text[USERS * ITEMS * 12], *at = text;
    int64_t seen[USERS * ITEMS] = {0};
    struct souk_cases cases;
    struct souk_error err = {0};
    at += sprintf(at, "%s", header);
    for (int i = 0; i < USERS * ITEMS; i++) {
        const int item = i / USERS, user = (i * 11) % USERS;
        if (is_target(user, item))
            at += sprintf(at, item == 3 ? "u%d,\"i%d\"\r\nu%d,i%d\n" : "u%d,i%d\n", user, item,
                          user, item); /* item 3 stands there twice, once quoted */
    }
    if (write_all(comm, text, (size_t)(at - text)))
        return 1;
    if (souk_cases_from_file_all(comm, path, parts, &cases, &err)) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    int failures = count_own(comm, &cases, parts, seen);
    souk_cases_fini(&cases);
    if (souk_sum_i64_all(comm, seen, USERS * ITEMS, NULL))
        return 1;
    for (int i = 0; i < USERS * ITEMS; i++)
        failures += seen[i] != is_target(i / ITEMS, i % ITEMS);
    return failures;
}

static int check_refused(const struct souk_comm *comm, const char *text, size_t len,
                         const char *reason)
{
    struct souk_cases cases;
    struct souk_error err = {0};
    if (write_all(comm, text, len))
        return 1;
    const souk_status status = souk_cases_from_file_all(comm, path, 3, &cases, &err);
    const bool named = strstr(err.msg, reason) != NULL;
    if (status != SOUK_EFORMAT || !named)
        fprintf(stderr, "expected '%s', got status %d '%s'\n", reason, status, err.msg);
    souk_cases_fini(&cases);
    return status != SOUK_EFORMAT || !named;
}

static int check_bad_lines(const struct souk_comm *comm)
{
    static const struct {
        const char *text, *reason;
    } bad[] = {
        {"user,item\na,b\na,b,c\n", ":3: expected 2 columns"},
        {"a,b\n\na\n", ":3: expected 2 columns"},
        {"a,\n", ":1: the item is not an id"},
        {",b\n", ":1: the user is not an id"},
        {"a,b\n\"a,b\n", ":2: a quoted field does not end"},
        {"a,\xff\xfe\n", ":1: the item is not an id"},
    };
    int failures = 0;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        failures += check_refused(comm, bad[i].text, strlen(bad[i].text), bad[i].reason);
    return failures + check_refused(comm, "a,b\0c\n", 6, ":1: the item is not an id");
}

static int check_missing(const struct souk_comm *comm)
{
    struct souk_cases cases;
    struct souk_error err = {0};
    return souk_cases_from_file_all(comm, "/nonexistent/targets.csv", 3, &cases, &err) !=
           SOUK_ENOTFOUND;
}

static int64_t check_all(const struct souk_comm *comm)
{
    int64_t failures = check_bad_lines(comm) + check_missing(comm);
    for (int parts = 1; parts <= PARTS_MAX; parts += 3) {
        failures += check_pairs(comm, "", parts);
        failures += check_pairs(comm, "visitorid,itemid\n", parts);
        failures += check_pairs(comm, "\xef\xbb\xbfUser,Item\r\n", parts);
    }
    return failures;
}

int main(int argc, char **argv)
{
    struct souk_comm comm;
    struct souk_error err = {0};
    souk_status status = souk_comm_start(&argc, &argv, "mpi_casefile", &comm, &err);
    if (status != SOUK_OK)
        return 1;
    if (comm.rank == 0) {
        const int fd = mkstemp(path);
        if (fd < 0 || close(fd) != 0)
            status = souk_fail_errno(&err, "%s", path);
    }
    status = souk_status_agree_all(&comm, status, &err);
    if (status == SOUK_OK) {
        int64_t failures = check_all(&comm);
        status = souk_sum_i64_all(&comm, &failures, 1, &err);
        if (status == SOUK_OK && failures > 0)
            status = souk_fail(&err, SOUK_EINTEGRITY, "%lld checks failed", (long long)failures);
    }
    if (comm.rank == 0)
        unlink(path);
    return souk_comm_finish(&comm, status, &err);
}
