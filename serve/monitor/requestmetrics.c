#include "serve/monitor/requestmetrics.h"

#include "shared/base/clock.h"

#include <assert.h>

static void make_operation(struct souk_request_metrics *r, struct souk_metrics *m, int number,
                           const char *name)
{
    for (int s = 0; s < SOUK_STATUSES; s++) {
        const struct souk_label labels[] = {
            {"op", name}, {"status", souk_wire_status_name(s)}, {0}};
        r->requests[number][s] = souk_metrics_counter(
            m, "souk_requests_total", "Requests answered, by operation and status.", labels);
    }
    const struct souk_label labels[] = {{"op", name}, {0}};
    r->duration[number] = souk_metrics_histogram(m, "souk_request_duration_seconds",
                                                 "Time from a request's arrival to its reply.",
                                                 labels, &souk_bounds_seconds);
}

void souk_request_metrics_init(struct souk_request_metrics *r, struct souk_metrics *m,
                               const char *const *operations)
{
    int count = 0;
    *r = (struct souk_request_metrics){.operations = operations};
    for (; operations[count]; count++) {
        assert(count < SOUK_OPERATIONS_MAX);
        make_operation(r, m, count, operations[count]);
    }
    make_operation(r, m, count, "other");
    r->outstanding = souk_metrics_gauge(
        m, "souk_requests_outstanding",
        "Requests that are worked for, and events that wait for their disk.", NULL);
}

/* A proxy may pass on a number that a peer made up. */
static int status_of(const struct souk_writer *reply)
{
    const bool is_known = reply->status >= 0 && reply->status < SOUK_STATUSES;
    return reply->failed || !is_known ? SOUK_WIRE_INTERNAL : reply->status;
}

static int find_operation(const struct souk_request_metrics *r, const struct souk_request *request)
{
    int number = 0;
    while (r->operations[number] && !souk_request_is(request, r->operations[number]))
        number++;
    return number;
}

void souk_request_metrics_end(struct souk_request_metrics *r, const struct souk_request *request,
                              const struct souk_writer *reply)
{
    if (!r || !r->operations)
        return;
    const int number = find_operation(r, request);
    souk_counter_add(r->requests[number][status_of(reply)], 1);
    souk_histogram_add(r->duration[number], souk_monotonic_us() - request->start_us);
    souk_gauge_add(r->outstanding, -1);
}
