#include "serve/client/loadreport.h"

#include "shared/base/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES_MAX = 200000000 };

/* ---- samples ---- */

souk_status souk_samples_add(struct souk_samples *s, int64_t us)
{
    const souk_status status =
        souk_grow(&s->us, &s->room, s->count + 1, SAMPLES_MAX, sizeof *s->us);
    if (!status)
        s->us[s->count++] = us;
    return status;
}

static souk_status append(struct souk_samples *to, const struct souk_samples *from)
{
    const souk_status status =
        souk_grow(&to->us, &to->room, to->count + from->count, SAMPLES_MAX, sizeof *to->us);
    if (status || from->count == 0)
        return status;
    memcpy(to->us + to->count, from->us, from->count * sizeof *to->us);
    to->count += from->count;
    return SOUK_OK;
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void sort(struct souk_samples *s)
{
    if (s->count > 0)
        qsort(s->us, s->count, sizeof *s->us, ascending);
}

int64_t souk_samples_quantile(const struct souk_samples *s, double q)
{
    if (s->count == 0)
        return 0;
    const double rank = ceil(q * (double)s->count - 1e-6); /* .95 * 20 is 19, rounding or not */
    const size_t at = rank < 1 ? 0 : (size_t)rank - 1;
    return s->us[at < s->count ? at : s->count - 1];
}

/* ---- counts ---- */

souk_status souk_load_counts_add(struct souk_load_counts *to, const struct souk_load_counts *from)
{
    to->sent += from->sent;
    for (int i = 0; i < SOUK_LOAD_STATUSES; i++)
        to->by_status[i] += from->by_status[i];
    to->no_reply += from->no_reply;
    to->no_connection += from->no_connection;
    to->unreadable += from->unreadable;
    to->partial += from->partial;
    to->degraded += from->degraded;
    to->whole += from->whole;
    to->checked += from->checked;
    to->wrong += from->wrong;
    to->mixed += from->mixed;
    to->unknown_version += from->unknown_version;
    to->late += from->late;
    to->very_late += from->very_late;
    to->behind += from->behind;
    if (!to->first_error[0])
        memcpy(to->first_error, from->first_error, sizeof to->first_error);
    if (!to->first_wrong[0])
        memcpy(to->first_wrong, from->first_wrong, sizeof to->first_wrong);
    souk_status status = append(&to->answered, &from->answered);
    if (!status)
        status = append(&to->refused, &from->refused);
    return status ? status : append(&to->server, &from->server);
}

void souk_load_counts_sort(struct souk_load_counts *c)
{
    sort(&c->answered);
    sort(&c->refused);
    sort(&c->server);
}

void souk_load_counts_fini(struct souk_load_counts *c)
{
    free(c->answered.us);
    free(c->refused.us);
    free(c->server.us);
    *c = (struct souk_load_counts){0};
}

static int64_t answers(const struct souk_load_counts *c)
{
    return c->by_status[SOUK_WIRE_OK];
}

/* ---- printing ---- */

static const struct quantile {
    const char *name, *key;
    double q;
} quantiles[] = {{"p50", "p50", .5},
                 {"p95", "p95", .95},
                 {"p99", "p99", .99},
                 {"p99.9", "p999", .999},
                 {"max", "max", 1}};
enum { QUANTILES = sizeof quantiles / sizeof quantiles[0] };

static void print_samples_json(const struct souk_samples *s, const char *prefix)
{
    for (int i = 0; i < QUANTILES; i++)
        printf(",\"%s%s_us\":%" PRId64, prefix, quantiles[i].key,
               souk_samples_quantile(s, quantiles[i].q));
}

static void print_json(const struct souk_load_report *r)
{
    const struct souk_load_counts *c = &r->counts;
    printf("{\"sent\":%" PRId64 ",\"good\":%" PRId64 ",\"whole\":%" PRId64 ",\"partial\":%" PRId64
           ",\"degraded\":%" PRId64 ",\"failed\":%" PRId64 ",\"seconds\":%.3f,\"rate\":%.1f",
           c->sent, answers(c), c->whole, c->partial, c->degraded, c->sent - answers(c), r->seconds,
           (double)answers(c) / r->seconds);
    fputs(",\"statuses\":{", stdout);
    for (int i = 0; i < SOUK_LOAD_STATUSES; i++)
        printf("%s\"%s\":%" PRId64, i > 0 ? "," : "", souk_wire_status_name(i), c->by_status[i]);
    printf("},\"no_reply\":%" PRId64 ",\"no_connection\":%" PRId64 ",\"unreadable\":%" PRId64,
           c->no_reply, c->no_connection, c->unreadable);
    printf(",\"checked\":%" PRId64 ",\"wrong\":%" PRId64 ",\"mixed\":%" PRId64
           ",\"unknown_version\":%" PRId64 ",\"late\":%" PRId64 ",\"very_late\":%" PRId64
           ",\"behind\":%" PRId64 ",\"longest_gap_ms\":%" PRId64,
           c->checked, c->wrong, c->mixed, c->unknown_version, c->late, c->very_late, c->behind,
           r->longest_gap_ms);
    print_samples_json(&c->answered, "");
    print_samples_json(&c->refused, "refused_");
    print_samples_json(&c->server, "server_");
    puts("}");
}

static void print_samples(const struct souk_samples *s, const char *title)
{
    if (s->count == 0)
        return;
    printf("%-26s", title);
    for (int i = 0; i < QUANTILES; i++)
        printf("  %s %.2f", quantiles[i].name,
               (double)souk_samples_quantile(s, quantiles[i].q) / 1e3);
    putchar('\n');
}

static void print_without_answer(const struct souk_load_counts *c)
{
    for (int i = SOUK_WIRE_OK + 1; i < SOUK_LOAD_STATUSES; i++)
        if (c->by_status[i] > 0)
            printf("  %s %" PRId64, souk_wire_status_name(i), c->by_status[i]);
    if (c->no_reply > 0)
        printf("  no reply %" PRId64, c->no_reply);
    if (c->no_connection > 0)
        printf("  no connection %" PRId64, c->no_connection);
    if (c->unreadable > 0)
        printf("  unreadable %" PRId64, c->unreadable);
}

static void print_table(const struct souk_load_report *r)
{
    const struct souk_load_counts *c = &r->counts;
    printf("%" PRId64 " requests in %.1f s, %.0f answers/s\n", c->sent, r->seconds,
           (double)answers(c) / r->seconds);
    printf("answers %" PRId64 ": whole %" PRId64 ", partial %" PRId64 ", degraded %" PRId64 "\n",
           answers(c), c->whole, c->partial, c->degraded);
    printf("without %" PRId64, c->sent - answers(c));
    print_without_answer(c);
    printf("\nchecked %" PRId64 ": wrong %" PRId64 ", mixed versions %" PRId64
           ", versions without a reference %" PRId64 "\n",
           c->checked, c->wrong, c->mixed, c->unknown_version);
    printf("later than deadline + 5 ms: %" PRId64 ", + 50 ms: %" PRId64
           "; sent more than 5 ms after due: %" PRId64 "\n",
           c->late, c->very_late, c->behind);
    print_samples(&c->answered, "answers, ms since due:");
    print_samples(&c->server, "  of them in the proxy:");
    print_samples(&c->refused, "errors, ms since due:");
    printf("longest time without an answer: %" PRId64 " ms\n", r->longest_gap_ms);
    if (c->first_error[0])
        printf("first without an answer: %s\n", c->first_error);
    if (c->first_wrong[0])
        printf("first wrong answer: %s\n", c->first_wrong);
}

void souk_load_print(const struct souk_load_report *r, bool json)
{
    (json ? print_json : print_table)(r);
}

/* ---- judging ---- */

static double share(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0;
}

souk_status souk_load_judge(const struct souk_load_report *r, const struct souk_load_limits *limits,
                            struct souk_error *err)
{
    const struct souk_load_counts *c = &r->counts;
    if (c->wrong > 0 || c->mixed > 0 || c->unknown_version > 0)
        return souk_fail(err, SOUK_ELIMIT,
                         "of %" PRId64 " answers %" PRId64 " are wrong, %" PRId64
                         " mix versions, %" PRId64 " are of a version without a reference: %s",
                         answers(c), c->wrong, c->mixed, c->unknown_version, c->first_wrong);
    if (share(c->whole, c->sent) < limits->min_whole)
        return souk_fail(err, SOUK_ELIMIT,
                         "of %" PRId64 " requests %" PRId64
                         " were answered whole, less than --min-whole %g",
                         c->sent, c->whole, limits->min_whole);
    if (share(c->late, c->sent) > limits->max_late || (limits->max_late < 1 && c->very_late > 0))
        return souk_fail(err, SOUK_ELIMIT,
                         "of %" PRId64 " requests %" PRId64
                         " ended later than the deadline + 5 ms, %" PRId64
                         " later than + 50 ms: --max-late %g",
                         c->sent, c->late, c->very_late, limits->max_late);
    return SOUK_OK;
}
