#include "serve/monitor/requestmetrics.h"

#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <string.h>

enum { REQUESTS = 5000, OTHER = 2 };

static const char *const operations[] = {"scan", "rank", NULL};
static const char *const asked[] = {"scan", "rank", "", "scans", "ran"};

/* One request of the operation, answered with the status. */
static void count(struct souk_request_metrics *r, const char *operation, int status, bool failed)
{
    const struct souk_request request = {.operation = operation,
                                         .operation_len = strlen(operation)};
    const struct souk_writer reply = {.status = status, .failed = failed};
    souk_request_metrics_begin(r);
    if (r && r->outstanding)
        cr_assert_eq(atomic_load(&r->outstanding->value), 1);
    souk_request_metrics_end(r, &request, &reply);
}

/* Against a plain table; statuses that are none, and replies that are not whole, are `internal`. */
Test(requestmetrics, counts_by_operation_and_status)
{
    struct souk_metrics *m = souk_metrics_new();
    struct souk_request_metrics r;
    struct souk_error err;
    uint64_t plain[OTHER + 1][SOUK_STATUSES] = {{0}};
    souk_request_metrics_init(&r, m, operations);
    cr_assert_eq(souk_metrics_check(m, &err), SOUK_OK);
    for (uint64_t i = 0; i < REQUESTS; i++) {
        const int operation = (int)(souk_random_bits(1, i, 0) % 5);
        const int status = (int)(souk_random_bits(1, i, 1) % (SOUK_STATUSES + 4)) - 2;
        const bool failed = souk_random_bits(1, i, 2) % 8 == 0;
        const bool known = !failed && status >= 0 && status < SOUK_STATUSES;
        count(&r, asked[operation], status, failed);
        plain[operation < OTHER ? operation : OTHER][known ? status : SOUK_WIRE_INTERNAL]++;
    }
    for (int o = 0; o <= OTHER; o++) {
        uint64_t timed = 0, all = 0;
        for (int s = 0; s < SOUK_STATUSES; s++) {
            cr_assert_eq(atomic_load(&r.requests[o][s]->value), plain[o][s]);
            all += plain[o][s];
        }
        for (int b = 0; b <= r.duration[o]->bounds->count; b++)
            timed += atomic_load(&r.duration[o]->bucket[b]);
        cr_assert_eq(timed, all);
    }
    cr_assert_eq(atomic_load(&r.outstanding->value), 0);
    souk_metrics_free(m);
}

Test(requestmetrics, does_without)
{
    struct souk_request_metrics zeroed = {0}, without;
    count(NULL, "scan", SOUK_WIRE_OK, false);
    count(&zeroed, "scan", SOUK_WIRE_OK, false);
    souk_request_metrics_init(&without, NULL, operations);
    count(&without, "scan", SOUK_WIRE_OK, false);
    cr_assert_null(without.outstanding);
}
