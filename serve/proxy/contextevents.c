#include "serve/proxy/contextevents.h"

#include <string.h>

/* Clocks of proxies may differ by so much: what one of them has stored is not of the future. */
enum { CLOCK_SKEW_MS = 60000 };

int64_t souk_job_data_until_ms(const struct souk_job *j)
{
    return j->view.data.until_ms;
}

/* @return false: an error reply is there */
static bool take_requested(struct souk_job *j)
{
    char reason[160];
    if (souk_lately_take(&j->space->lately, souk_message_get(&j->request->message, "events"),
                         j->moment_ms, reason, sizeof reason))
        return true;
    souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD, "%s", reason);
    return false;
}

static void take_stored(struct souk_job *j)
{
    struct souk_lately *l = &j->space->lately;
    const int64_t until_ms = souk_job_data_until_ms(j);
    if (j->recent->get(j->recent->context, j->id, j->id_len, until_ms, &l->recent) != SOUK_OK)
        j->degraded =
            true; /* the list is empty; that somebody was erased may be known all the same */
    const int64_t erased_ms = l->recent.erased_ms;
    j->erased = erased_ms > 0 && erased_ms >= until_ms;
    souk_lately_add_recent(l, j->erased ? erased_ms + 1 : until_ms);
    if (l->count > 0 && !souk_message_get(&j->request->message, "moment_ms")) {
        const int64_t latest_ms = l->events[l->count - 1].ms;
        if (latest_ms > j->moment_ms && latest_ms <= j->moment_ms + CLOCK_SKEW_MS)
            j->moment_ms = latest_ms;
    }
}

bool souk_job_take_lately(struct souk_job *j)
{
    if (!take_requested(j))
        return false;
    if (j->recent)
        take_stored(j);
    return true;
}

void souk_job_start_resolve(struct souk_job *j, size_t fields)
{
    const struct souk_lately *l = &j->space->lately;
    struct souk_writer *w = &j->space->question;
    souk_job_start_question(j, "resolve", 2 + fields);
    souk_writer_key(w, "items");
    souk_writer_array(w, (size_t)l->count);
    for (int i = 0; i < l->count; i++)
        souk_writer_text(w, l->events[i].item, l->events[i].item_len);
    souk_writer_key(w, "types");
    souk_writer_array(w, (size_t)l->count);
    for (int i = 0; i < l->count; i++)
        souk_writer_text(w, l->events[i].type, l->events[i].type_len);
}

bool souk_job_read_resolved(const struct souk_job *j, const struct souk_message *m, int64_t *row,
                            uint8_t *type)
{
    const int count = j->space->lately.count;
    const void *rows = NULL, *types = NULL;
    int64_t row_count = 0, type_count = 0;
    if (!souk_message_array(m, "rows", sizeof *row, &rows, &row_count) ||
        !souk_message_array(m, "types", sizeof *type, &types, &type_count) || row_count != count ||
        type_count != count)
        return false;
    for (int i = 0; i < count; i++) {
        int64_t here;
        memcpy(&here, (const char *)rows + (size_t)i * sizeof here, sizeof here);
        row[i] = here >= 0 ? here : row[i];
        type[i] = ((const uint8_t *)types)[i];
    }
    return true;
}

bool souk_job_refuse_event(struct souk_job *j, const struct souk_lately_event *e,
                           const char *reason)
{
    souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD, "'events': number %d %s", e->number,
                     reason);
    return false;
}

/* Stored events of types that the model does not know are taken for those of their class. */
static void find_classes(struct souk_job *j, uint8_t *type)
{
    const struct souk_lately *l = &j->space->lately;
    struct souk_model_rules *r = NULL;
    for (int i = 0; i < l->count; i++) {
        const struct souk_lately_event *e = &l->events[i];
        if (type[i] != SOUK_TYPE_UNKNOWN || e->number >= 0)
            continue;
        if (!r)
            r = souk_model_rules_take(j);
        const int like = r ? souk_model_rules_type_like(r, e->type, e->type_len) : -1;
        type[i] = like < 0 ? SOUK_TYPE_UNKNOWN : (uint8_t)like;
        if (!r)
            break;
    }
    souk_model_rules_give(r);
}

static bool add_events(struct souk_job *j, const int64_t *row, const uint8_t *type)
{
    const struct souk_lately *l = &j->space->lately;
    for (int i = 0; i < l->count; i++) {
        const struct souk_lately_event *e = &l->events[i];
        if (type[i] == SOUK_TYPE_UNKNOWN && e->number >= 0)
            return souk_job_refuse_event(j, e, "has a 'type' that the model does not know");
        if (type[i] != SOUK_TYPE_UNKNOWN && row[i] >= 0 &&
            !souk_event_fields_add(&j->space->events, row[i], e->ms, type[i], (float)e->value) &&
            e->number >= 0)
            return souk_job_refuse_event(j, e, "is one too many");
    }
    return true;
}

bool souk_job_add_lately(struct souk_job *j)
{
    int64_t row[SOUK_WIRE_CONTEXT_MAX];
    uint8_t type[SOUK_WIRE_CONTEXT_MAX];
    if (j->space->lately.count == 0)
        return true;
    memset(row, 0xff, sizeof row);
    memset(type, SOUK_TYPE_UNKNOWN, sizeof type);
    souk_job_start_resolve(j, 0);
    if (!souk_job_ask_all(j, SOUK_ROUND_FIRST))
        return false;
    for (int s = 0; s < souk_topology_shards(j->topology); s++) {
        const struct souk_message *m = souk_job_answer(j, s);
        if (m && !souk_job_read_resolved(j, m, row, type))
            souk_job_miss(j, s);
        j->degraded |= j->space->missed[s];
    }
    find_classes(j, type);
    return !j->stale && add_events(j, row, type);
}
