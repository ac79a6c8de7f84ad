/* fault_peer URL MODEL I/N FAULT: a replica of a shard that is in good health by its own account,
 * and answers everything else
 *
 *     garbage   with bytes that are no reply, half a reply, or a reply that lacks what it must have
 *     late      rightly, after 10 s
 *     never     not at all
 *     otherid   under the request id of the question before, as the transport knows it
 *     swapped   with the reply to the question before
 *     none      rightly: what the others differ from
 *
 * It reads and writes the transport's headers itself (nng's raw mode), so one thread can hold any
 * number of questions. Runs until it is killed. */
#include "serve/replica/replicaservice.h"
#include "shared/base/clock.h"
#include "shared/base/random.h"
#include "shared/wire/message.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LATE_MS = 10000, POLL_MS = 20, HELD_MAX = 1 << 20, REQUEST_ID_BYTES = 4, GARBAGE_KINDS = 5 };

enum fault { GARBAGE, LATE, NEVER, OTHERID, SWAPPED, NONE, FAULTS };
static const char *const fault_names[FAULTS] = {"garbage", "late",    "never",
                                                "otherid", "swapped", "none"};

struct held {
    nng_msg *reply;
    int64_t due_us;
};

struct peer {
    enum fault fault;
    nng_socket socket;
    struct souk_replica_service service;
    struct souk_writer reply;
    uint64_t questions;
    struct held *held; /* [HELD_MAX], a ring: due in the order of arrival */
    size_t held_first, held_count;
    unsigned char previous_id[REQUEST_ID_BYTES];
    char *previous_reply;
    size_t previous_len;
};

static void send_or_drop(struct peer *p, nng_msg *msg)
{
    if (nng_sendmsg(p->socket, msg, NNG_FLAG_NONBLOCK) != 0)
        nng_msg_free(msg);
}

static void check(int rv, const char *what)
{
    if (rv != 0) {
        fprintf(stderr, "fault_peer: %s: %s\n", what, nng_strerror(rv));
        exit(1);
    }
}

static void set_body(nng_msg *msg, const void *bytes, size_t len)
{
    nng_msg_clear(msg);
    check(nng_msg_append(msg, bytes, len), "no memory for a reply");
}

static bool is_health(const nng_msg *msg)
{
    struct souk_message m;
    const char *op = NULL;
    size_t len = 0;
    char reason[64];
    const bool health = souk_message_parse(&m, nng_msg_body((nng_msg *)msg), nng_msg_len(msg),
                                           reason, sizeof reason) == SOUK_WIRE_OK &&
                        souk_message_text(&m, "op", 32, &op, &len) && op && len == 6 &&
                        memcmp(op, "health", 6) == 0;
    souk_message_fini(&m);
    return health;
}

/* ---- faults ---- */

/* {"v": 1, "status": 0}, and hits that are none */
static const unsigned char empty_reply[] = {0x82, 0xa1, 'v', 1,   0xa6, 's',
                                            't',  'a',  't', 'u', 's',  0};
static const unsigned char wrong_types[] = {0x83, 0xa1, 'v',  1,   0xa6, 's', 't', 'a',  't', 'u',
                                            's',  0,    0xa4, 'h', 'i',  't', 's', 0x92, 1,   0xc0};

static void make_garbage(struct peer *p, nng_msg *msg)
{
    unsigned char noise[200];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (unsigned char)souk_random_bits(7, p->questions, i);
    switch (p->questions % GARBAGE_KINDS) {
    case 0:
        set_body(msg, noise, sizeof noise);
        break;
    case 1:
        set_body(msg, p->reply.buffer.data, p->reply.buffer.size / 2);
        break;
    case 2:
        set_body(msg, empty_reply, sizeof empty_reply);
        break;
    case 3:
        set_body(msg, wrong_types, sizeof wrong_types);
        break;
    default:
        set_body(msg, "", 0);
    }
    send_or_drop(p, msg);
}

static void hold(struct peer *p, nng_msg *msg)
{
    if (p->held_count == HELD_MAX) {
        nng_msg_free(msg);
        return;
    }
    p->held[(p->held_first + p->held_count++) % HELD_MAX] =
        (struct held){msg, souk_monotonic_us() + LATE_MS * 1000};
}

static void send_held(struct peer *p)
{
    while (p->held_count > 0 && p->held[p->held_first].due_us <= souk_monotonic_us()) {
        send_or_drop(p, p->held[p->held_first].reply);
        p->held_first = (p->held_first + 1) % HELD_MAX;
        p->held_count--;
    }
}

/* The header ends in the request's id; what comes before leads back to the peer. */
static void send_under_other_id(struct peer *p, nng_msg *msg)
{
    const size_t len = nng_msg_header_len(msg);
    if (len >= REQUEST_ID_BYTES) {
        unsigned char *at = (unsigned char *)nng_msg_header(msg) + len - REQUEST_ID_BYTES;
        unsigned char own[REQUEST_ID_BYTES];
        memcpy(own, at, sizeof own);
        memcpy(at, p->previous_id, sizeof own);
        memcpy(p->previous_id, own, sizeof own);
    }
    send_or_drop(p, msg);
}

/* The very first question gets its own reply: there is no other. */
static void send_other_reply(struct peer *p, nng_msg *msg)
{
    if (p->previous_reply)
        set_body(msg, p->previous_reply, p->previous_len);
    free(p->previous_reply);
    p->previous_len = p->reply.buffer.size;
    p->previous_reply = malloc(p->previous_len + 1);
    if (p->previous_reply)
        memcpy(p->previous_reply, p->reply.buffer.data, p->previous_len);
    send_or_drop(p, msg);
}

/* ---- the loop ---- */

static void answer(struct peer *p, nng_msg *msg)
{
    const enum fault fault = is_health(msg) ? NONE : p->fault;
    struct souk_task task = {
        .request = nng_msg_body(msg), .len = nng_msg_len(msg), .received_us = souk_monotonic_us()};
    souk_writer_clear(&p->reply);
    souk_replica_service_handle(&p->service, 0, &task, &p->reply);
    set_body(msg, p->reply.buffer.data, p->reply.buffer.size);
    p->questions += fault != NONE;
    switch (fault) {
    case GARBAGE:
        make_garbage(p, msg);
        break;
    case LATE:
        hold(p, msg);
        break;
    case NEVER:
        nng_msg_free(msg);
        break;
    case OTHERID:
        send_under_other_id(p, msg);
        break;
    case SWAPPED:
        send_other_reply(p, msg);
        break;
    default:
        send_or_drop(p, msg);
    }
}

static void serve(struct peer *p, const char *url)
{
    check(nng_rep0_open_raw(&p->socket), "no socket");
    check(nng_socket_set_ms(p->socket, NNG_OPT_RECVTIMEO, POLL_MS), "receive timeout");
    check(nng_socket_set_int(p->socket, NNG_OPT_SENDBUF, 1024), "send buffer");
    check(nng_listen(p->socket, url, NULL, 0), url);
    fprintf(stderr, "fault_peer ready listen=%s fault=%s\n", url, fault_names[p->fault]);
    for (;;) {
        nng_msg *msg = NULL;
        if (nng_recvmsg(p->socket, &msg, 0) == 0)
            answer(p, msg);
        send_held(p);
    }
}

static enum fault fault_of(const char *name)
{
    int f = 0;
    while (f < FAULTS && strcmp(name, fault_names[f]) != 0)
        f++;
    return (enum fault)f;
}

int main(int argc, char **argv)
{
    struct souk_error err = {0};
    struct souk_modelslot slot;
    struct souk_loader loader;
    struct souk_shard_place place = {.workers = 1};
    struct souk_change change;
    struct peer p = {.fault = argc == 5 ? fault_of(argv[4]) : FAULTS};
    if (p.fault == FAULTS || sscanf(argv[3], "%d/%d", &place.shard, &place.shards) != 2) {
        fputs("usage: fault_peer URL MODEL I/N garbage|late|never|otherid|swapped|none\n", stderr);
        return 2;
    }
    p.held = malloc(HELD_MAX * sizeof *p.held);
    souk_writer_init(&p.reply);
    souk_modelslot_init(&slot);
    souk_loader_init(&loader, &slot, &place, 0);
    souk_replica_service_init(&p.service, &loader, NULL);
    const souk_status status = souk_loader_change(&loader, argv[2], false, &change, &err);
    if (status || !p.held) {
        fprintf(stderr, "fault_peer: %s\n", status ? err.msg : "no memory");
        return 1;
    }
    serve(&p, argv[1]);
}
