#include "serve/http/peers.h"

#include <criterion/criterion.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SECOND = 1000000 };

static const struct souk_peers limits = {.idle_us = 60 * SECOND, .arrival_us = 10 * SECOND};

static enum souk_peer_end judge(struct souk_peer *p, uint64_t received, int64_t second)
{
    return souk_peers_judge(&limits, p, (struct souk_peer_wire){.received = received},
                            second * SECOND);
}

Test(peers, gives_a_silent_one_the_idle_time)
{
    struct souk_peer p = {.phase = SOUK_PEER_RESTING};
    cr_expect_eq(judge(&p, 0, 60), SOUK_PEER_STAYS);
    cr_expect_eq(judge(&p, 0, 61), SOUK_PEER_IDLE);
}

Test(peers, counts_a_head_from_its_first_byte)
{
    struct souk_peer p = {.phase = SOUK_PEER_RESTING, .rest_bytes = 100};
    cr_expect_eq(judge(&p, 100, 50), SOUK_PEER_STAYS);
    cr_expect_eq(judge(&p, 101, 51), SOUK_PEER_STAYS);
    cr_expect_eq(judge(&p, 110, 61), SOUK_PEER_STAYS);
    cr_expect_eq(judge(&p, 120, 62), SOUK_PEER_SLOW_HEAD, "each byte has bought time");
}

Test(peers, waits_no_longer_for_who_has_ended)
{
    struct souk_peer p = {.phase = SOUK_PEER_RESTING, .rest_bytes = 100};
    const struct souk_peer_wire wire = {.received = 100, .has_ended = true};
    cr_expect_eq(souk_peers_judge(&limits, &p, wire, 1 * SECOND), SOUK_PEER_STAYS);
    cr_expect_eq(souk_peers_judge(&limits, &p, wire, 12 * SECOND), SOUK_PEER_SLOW_HEAD);
}

Test(peers, counts_each_head_for_itself)
{
    struct souk_peer p = {.phase = SOUK_PEER_RESTING, .rest_bytes = 100};
    for (int64_t second = 1; second < 100; second++) { /* a new request whenever we look */
        p.since_us = second * SECOND - 1;
        cr_expect_eq(judge(&p, 200, second), SOUK_PEER_STAYS);
    }
}

Test(peers, waits_for_a_body_and_a_reader_but_for_no_worker)
{
    struct souk_peer p = {.phase = SOUK_PEER_ARRIVING};
    cr_expect_eq(judge(&p, 0, 10), SOUK_PEER_STAYS);
    cr_expect_eq(judge(&p, 0, 11), SOUK_PEER_SLOW_BODY);
    p.phase = SOUK_PEER_ANSWERING;
    cr_expect_eq(judge(&p, 0, 1000), SOUK_PEER_STAYS);
    p.phase = SOUK_PEER_SENDING;
    cr_expect_eq(judge(&p, 0, 60), SOUK_PEER_STAYS);
    cr_expect_eq(judge(&p, 0, 61), SOUK_PEER_SLOW_READER);
}

Test(peers, shuts_down_who_is_late)
{
    struct souk_peers peers = {.open = NULL};
    struct souk_error err;
    int ends[2];
    char byte;
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    cr_assert_eq(souk_peers_start(&peers, 20, 20, &err), SOUK_OK);
    struct souk_peer *const a = souk_peers_add(&peers, ends[0], 0), *const b = souk_peers_add(
                                                                        &peers, -1, INT64_MAX / 2);
    cr_assert(a && b);
    cr_expect_eq(read(ends[1], &byte, 1), 0, "it was not shut down");
    souk_peers_remove(&peers, a);
    souk_peers_remove(&peers, b);
    cr_expect_null(peers.first);
    souk_peers_stop(&peers);
    close(ends[0]), close(ends[1]);
}
