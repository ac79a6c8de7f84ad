/* What a proxy says of its fleet, read back from a message; quantiles by hand; frames of top. */
#include "serve/proxyctl/fleetstatus.h"
#include "serve/proxyctl/topframe.h"
#include "shared/wire/writer.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t bounds[] = {1000, 2000, 5000};
static struct souk_error err;

static void put_replica(struct souk_writer *w, int shard, const char *address, const char *state)
{
    souk_writer_map(w, 9);
    souk_writer_put_string(w, "address", address);
    souk_writer_put_int(w, "shard", shard);
    souk_writer_put_string(w, "state", state);
    souk_writer_put_string(w, "reason", strcmp(state, "misfit") == 0 ? "is of another shard" : "");
    souk_writer_put_bool(w, "drained", strcmp(state, "drained") == 0);
    souk_writer_put_int(w, "outstanding", 3);
    souk_writer_put_int(w, "latency_us", shard == 0 ? 1234 : -1);
    souk_writer_put_int(w, "out_us", strcmp(state, "ejected") == 0 ? 2500000 : 0);
    souk_writer_key(w, "models");
    souk_writer_array(w, 2);
    souk_writer_text(w, "0123456789abcdef", 16);
    souk_writer_text(w, "fedcba9876543210", 16);
}

static const char *const numbers[] = {"at_us",  "requests",    "errors",  "refused",  "waiting",
                                      "busy",   "connections", "partial", "degraded", "restarts",
                                      "hedged", "hedges_won",  "retried"};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

/* A reply to `status` whose counts are the first number and up; without one of its fields. */
static void write_status(struct souk_writer *w, int64_t first, const int64_t counts[4],
                         const char *without)
{
    souk_writer_clear(w);
    souk_writer_map(w, 7 + NUMBERS - (without != NULL));
    souk_writer_put_string(w, "state", "ready");
    souk_writer_put_string(w, "reason", "");
    souk_writer_put_string(w, "model", "0123456789abcdef");
    souk_writer_put_int(w, "shards", 2);
    souk_writer_key(w, "replicas");
    souk_writer_array(w, 3);
    put_replica(w, 0, "tcp://10.0.0.1:7101", "ready");
    put_replica(w, 0, "ipc:///a/path/that/is/longer/than/its/column", "ejected");
    put_replica(w, 1, "tcp://10.0.0.3:7101", "misfit");
    for (int i = 0; i < NUMBERS; i++)
        if (!without || strcmp(numbers[i], without) != 0)
            souk_writer_put_int(w, numbers[i], first + i);
    souk_writer_put_binary(w, "bounds_us", bounds, sizeof bounds);
    souk_writer_put_binary(w, "counts", counts, 4 * sizeof *counts);
}

static souk_status read_bytes(const void *bytes, size_t len, struct souk_fleet_status *out)
{
    struct souk_message m;
    char reason[64];
    cr_assert_eq(souk_message_parse(&m, bytes, len, reason, sizeof reason), SOUK_WIRE_OK, "%s",
                 reason);
    const souk_status status = souk_fleet_status_read(&m, out, &err);
    souk_message_fini(&m);
    return status;
}

static void make(int64_t first, const int64_t counts[4], struct souk_fleet_status *out)
{
    struct souk_writer w;
    souk_writer_init(&w);
    write_status(&w, first, counts, NULL);
    cr_assert_eq(read_bytes(w.buffer.data, w.buffer.size, out), SOUK_OK, "%s", err.msg);
    souk_writer_fini(&w);
}

Test(fleetstatus, reads_what_a_proxy_says)
{
    struct souk_fleet_status s;
    make(100, (int64_t[]){4, 3, 2, 1}, &s);
    cr_expect_str_eq(s.state, "ready");
    cr_expect_str_eq(s.model, "0123456789abcdef");
    cr_expect(s.has_figures);
    cr_expect_eq(s.shards, 2);
    cr_expect_eq(s.at_us, 100);
    cr_expect_eq(s.retried, 112);
    cr_expect_eq(s.buckets, 3);
    cr_expect_eq(s.bound_us[2], 5000);
    cr_expect_eq(s.bucket[3], 1);
    cr_assert_eq(s.count, 3);
    cr_expect_str_eq(s.replicas[0].address, "tcp://10.0.0.1:7101");
    cr_expect_eq(s.replicas[0].latency_us, 1234);
    cr_expect_eq(s.replicas[1].out_us, 2500000);
    cr_expect_eq(s.replicas[2].latency_us, -1);
    cr_expect_str_eq(s.replicas[2].reason, "is of another shard");
    cr_expect_eq(s.replicas[2].model_count, 2);
    cr_expect_str_eq(s.replicas[2].model[1], "fedcba9876543210");
    souk_fleet_status_fini(&s);
}

Test(fleetstatus, refuses_what_lacks_a_field)
{
    struct souk_writer w;
    struct souk_fleet_status s;
    souk_writer_init(&w);
    for (int i = 1; i < NUMBERS; i++) { /* without at_us there are no figures to expect */
        write_status(&w, 0, (int64_t[]){0, 0, 0, 0}, numbers[i]);
        cr_expect_eq(read_bytes(w.buffer.data, w.buffer.size, &s), SOUK_EFORMAT, "without %s",
                     numbers[i]);
        cr_expect_null(s.replicas);
    }
    souk_writer_clear(&w);
    souk_writer_map(&w, 1);
    souk_writer_put_string(&w, "state", "ready");
    cr_expect_eq(read_bytes(w.buffer.data, w.buffer.size, &s), SOUK_EFORMAT);
    souk_writer_fini(&w);
}

/* Every byte of a good reply replaced by every other one: read or refused, never more. */
Test(fleetstatus, takes_no_harm_from_any_byte)
{
    struct souk_writer w;
    struct souk_fleet_status s;
    struct souk_message m;
    char reason[64];
    souk_writer_init(&w);
    write_status(&w, 7, (int64_t[]){1, 2, 3, 4}, NULL);
    for (size_t at = 0; at < w.buffer.size; at++) {
        const char good = w.buffer.data[at];
        for (int byte = 0; byte < 256; byte += 5) {
            w.buffer.data[at] = (char)byte;
            if (souk_message_parse(&m, w.buffer.data, w.buffer.size, reason, sizeof reason) ==
                SOUK_WIRE_OK) {
                if (souk_fleet_status_read(&m, &s, NULL) == SOUK_OK)
                    souk_fleet_status_fini(&s);
            }
            souk_message_fini(&m);
        }
        w.buffer.data[at] = good;
    }
    souk_writer_fini(&w);
}

Test(fleetstatus, quantiles_lie_on_lines_within_the_buckets)
{
    struct souk_fleet_status before, now, none;
    make(0, (int64_t[]){10, 10, 10, 0}, &before);
    make(0, (int64_t[]){14, 18, 18, 0}, &now); /* 4 up to 1 ms, 8 up to 2, 8 up to 5 */
    cr_expect_eq(souk_fleet_status_quantile(&before, &now, .1), 500);
    cr_expect_eq(souk_fleet_status_quantile(&before, &now, .2), 1000);
    cr_expect_eq(souk_fleet_status_quantile(&before, &now, .5), 1750);
    cr_expect_eq(souk_fleet_status_quantile(&before, &now, 1), 5000);
    cr_expect_eq(souk_fleet_status_quantile(NULL, &now, 14. / 50), 1000);
    cr_expect_eq(souk_fleet_status_quantile(&now, &now, .5), -1);
    cr_expect_eq(souk_fleet_status_quantile(&now, &before, .5), -1, "a proxy that began anew");
    make(0, (int64_t[]){14, 18, 18, 5}, &none);
    cr_expect_eq(souk_fleet_status_quantile(&now, &none, .5), INT64_MAX);
    souk_fleet_status_fini(&before);
    souk_fleet_status_fini(&now);
    souk_fleet_status_fini(&none);
}

/* ---- frames ---- */

Test(topframe, durations_have_seven_characters_at_most)
{
    const struct {
        int64_t us;
        const char *text;
    } cases[] = {{-1, "-"},         {0, "0us"},          {999, "999us"},      {1000, "1.0ms"},
                 {9949, "9.9ms"},   {9950, "10ms"},      {999499, "999ms"},   {999500, "1.0s"},
                 {2500000, "2.5s"}, {60000000, "60.0s"}, {100000000, "100s"}, {INT64_MAX, ">10s"}};
    char text[16];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        souk_top_duration(cases[i].us, text);
        cr_expect_str_eq(text, cases[i].text);
    }
    for (int64_t us = 1; us < INT64_MAX / 3; us *= 3) {
        souk_top_duration(us, text);
        cr_expect_leq(strlen(text), 7, "%s", text);
    }
}

static int lines_of(const char *frame, size_t *longest)
{
    int lines = 0;
    *longest = 0;
    for (; *frame; lines++) {
        const size_t len = strcspn(frame, "\n");
        *longest = len > *longest ? len : *longest;
        cr_assert_eq(frame[len], '\n');
        frame += len + 1;
    }
    return lines;
}

Test(topframe, shows_rates_latencies_and_replicas)
{
    struct souk_watched_proxy p = {.url = "ipc:///run/souk/p0"};
    size_t longest;
    make(0, (int64_t[]){0, 0, 0, 0}, &p.before);
    make(500000, (int64_t[]){500000, 500000, 0, 0}, &p.now); /* all counts: a million a second */
    p.now.requests = p.before.requests + 617;
    char *frame = souk_top_frame(&p, 1, "title", 80, 0);
    cr_assert_not_null(frame);
    cr_expect(strstr(frame, "title\n\nproxy "));
    cr_expect(strstr(frame, "ipc:///run/souk/p0        1234.0 2000000   1.0ms   2.0ms 1000000"),
              "%s", frame);
    cr_expect(strstr(frame, "    0 tcp://10.0.0.1:7101     ready        3    1.2ms        - "
                            "01234567 fedcba98\n"),
              "%s", frame);
    cr_expect(strstr(frame, "    0 <s/longer/than/its/column ejected") ||
                  strstr(frame, "onger/than/its/column ejected      3    1.2ms     2.5s"),
              "%s", frame);
    cr_expect(strstr(frame, "\n      is of another shard\n"), "%s", frame);
    lines_of(frame, &longest);
    cr_expect_leq(longest, 80, "%s", frame);
    free(frame);
    souk_fleet_status_fini(&p.before);
    souk_fleet_status_fini(&p.now);
}

Test(topframe, fits_into_any_window)
{
    struct souk_watched_proxy p[2] = {{.url = "ipc:///run/souk/p0"}, {.url = "ipc:///run/souk/p1"}};
    size_t longest;
    make(0, (int64_t[]){0, 0, 0, 0}, &p[0].now);
    snprintf(p[1].error, sizeof p[1].error, "ipc:///run/souk/p1: cannot connect");
    for (int width = 1; width < 300; width += 13) {
        for (int height = 1; height < 30; height++) {
            char *frame = souk_top_frame(p, 2, "title", width, height);
            cr_assert_not_null(frame);
            cr_expect_leq(lines_of(frame, &longest), height, "%d x %d", width, height);
            cr_expect_leq(longest, (size_t)width, "%d x %d: %s", width, height, frame);
            free(frame);
        }
    }
    souk_fleet_status_fini(&p[0].now);
}

Test(topframe, lets_nothing_steer_the_terminal)
{
    struct souk_watched_proxy p = {.url = "ipc:///\033[2Jx"};
    snprintf(p.error, sizeof p.error, "\033]0;title\007\177");
    char *frame = souk_top_frame(&p, 1, "t", 80, 0);
    cr_assert_not_null(frame);
    cr_expect_null(strpbrk(frame, "\033\007\177"));
    free(frame);
}
