#include "serve/proxy/requestlog.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"

#include <stdio.h>
#include <string.h>

void souk_request_log_begin(struct souk_job *j)
{
    struct souk_workspace *w = j->space;
    j->begun_us = souk_monotonic_us();
    memset(w->stage_us, 0, sizeof w->stage_us);
    souk_unique_id_next(j->ids, w->request_id);
    souk_request_id_stamp(w->request_id, j->view.model, souk_job_arm(j));
    j->origin = j->request->id_len > 0 ? j->request->id : w->request_id;
    j->origin_len = j->request->id_len > 0 ? j->request->id_len : sizeof w->request_id;
}

/* The stages that it went through, "profile_ms=1.2 scan_ms=3.4 ". */
static void write_stages(const struct souk_workspace *w, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int k = 0; k < SOUK_PROXY_STAGES; k++) {
        if (w->stage_us[k] == 0 || used >= size)
            continue;
        const int len = snprintf(text + used, size - used, "%s_ms=%.1f ",
                                 souk_proxy_metrics_stage_name(k), (double)w->stage_us[k] * 1e-3);
        used += len > 0 ? (size_t)len : 0;
    }
}

static void write_line(enum souk_log_level level, const char *event, const struct souk_job *j,
                       int64_t now_us, int64_t skipped)
{
    const struct souk_request *r = j->request;
    char id[SOUK_WIRE_ID_MAX + 1], operation[SOUK_WIRE_OPERATION_MAX + 1], stages[256];
    souk_slow_log_copy_id(id, sizeof id, r->id, r->id_len);
    souk_slow_log_copy_id(operation, sizeof operation, r->operation, r->operation_len);
    write_stages(j->space, stages, sizeof stages);
    souk_log(
        level, event,
        "id=\"%s\" request_id=%.*s op=\"%s\" status=%s total_ms=%.1f queue_ms=%.1f %sskipped=%lld",
        id, SOUK_UNIQUE_ID_LEN, j->space->request_id, operation,
        souk_wire_status_name(j->reply->status), (double)(now_us - r->start_us) * 1e-3,
        (double)(j->begun_us - r->start_us) * 1e-3, stages, (long long)skipped);
}

void souk_request_log_end(struct souk_slow_log *slow, const struct souk_job *j)
{
    const int64_t now_us = souk_monotonic_us();
    int64_t skipped = 0;
    if (souk_slow_log_takes(slow, now_us - j->request->start_us, now_us, &skipped))
        write_line(SOUK_LOG_WARN, "slow_request", j, now_us, skipped);
    else if (souk_log_shows(SOUK_LOG_DEBUG))
        write_line(SOUK_LOG_DEBUG, "request", j, now_us, 0);
}
