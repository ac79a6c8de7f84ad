/* Real connections over loopback; the time is the test's. */
#include "serve/net/handshakewatch.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAIRS = 3, SECOND_US = 1000000 };

static int listening, client[PAIRS], server[PAIRS];
static uint64_t peer[PAIRS];
static struct souk_handshake_watch watch;

static struct sockaddr_in address_of(int fd)
{
    struct sockaddr_in a = {0};
    socklen_t len = sizeof a;
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    return a;
}

static void init(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    listening = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(listening, (struct sockaddr *)&a, sizeof a), 0);
    cr_assert_eq(listen(listening, PAIRS), 0);
    a = address_of(listening);
    watch = (struct souk_handshake_watch){.port = ntohs(a.sin_port)};
    for (int i = 0; i < PAIRS; i++) {
        client[i] = socket(AF_INET, SOCK_STREAM, 0);
        cr_assert_eq(connect(client[i], (struct sockaddr *)&a, sizeof a), 0);
        server[i] = accept(listening, NULL, NULL);
        const struct sockaddr_in own = address_of(client[i]);
        peer[i] = souk_peer_of(&(nng_sockaddr){.s_in = {.sa_family = NNG_AF_INET,
                                                        .sa_port = own.sin_port,
                                                        .sa_addr = own.sin_addr.s_addr}});
    }
}

static void fini(void)
{
    for (int i = 0; i < PAIRS; i++) {
        close(client[i]);
        close(server[i]);
    }
    close(listening);
    souk_handshake_watch_fini(&watch);
}

static int look(int64_t at_us, int known)
{
    uint64_t peers[PAIRS];
    for (int i = 0; i < known; i++)
        peers[i] = peer[i];
    return souk_handshake_watch_look(&watch, peers, (size_t)known, at_us);
}

static bool is_shut(int i)
{
    struct pollfd p = {.fd = client[i], .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

Test(handshakewatch, shuts_down_what_was_not_known_for_ten_seconds, .init = init, .fini = fini)
{
    cr_assert_eq(look(0, 1), 0);
    cr_assert_eq(look(9 * SECOND_US, 1), 0, "not yet");
    cr_assert_eq(look(10 * SECOND_US, 1), 2);
    cr_assert(!is_shut(0), "nng has it");
    cr_assert(is_shut(1) && is_shut(2));
}

Test(handshakewatch, forgets_one_that_has_shaken_hands, .init = init, .fini = fini)
{
    cr_assert_eq(look(0, 0), 0);
    cr_assert_eq(look(5 * SECOND_US, 2), 0);
    cr_assert_eq(look(12 * SECOND_US, 2), 1);
    cr_assert(is_shut(2) && !is_shut(0) && !is_shut(1));
    cr_assert_eq(look(14 * SECOND_US, 0), 0, "seen anew: its time begins");
}

Test(handshakewatch, leaves_other_ports_alone, .init = init, .fini = fini)
{
    watch.port++;
    cr_assert_eq(look(0, 0), 0);
    cr_assert_eq(look(60 * SECOND_US, 0), 0);
    watch.port = 0;
    cr_assert(!souk_handshake_watch_is_due(&watch, 60 * SECOND_US));
}
