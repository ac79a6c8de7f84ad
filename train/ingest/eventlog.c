#include "train/ingest/eventlog.h"

#include "shared/base/hash.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/base/progress.h"
#include "shared/data/idtable.h"
#include "shared/base/largearray.h"
#include "train/ingest/erasures.h"
#include "train/ingest/eventids.h"
#include "train/ingest/source.h"
#include "train/ingest/storesource.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_ROWS = 32, PROGRESS_BATCHES = 1 << 11 };

static const size_t EVENTS_MAX = SIZE_MAX / sizeof(struct souk_event);

/* An id that waits for its dictionary. A table of ids does not fit a core's cache: asking for many
 * ids before looking at the first hides the way to memory. */
struct waiting_id {
    uint64_t asked;
    size_t len; /**< SOUK_ID_MAX_BYTES + 1: too long to be an id, cut */
    char text[SOUK_ID_MAX_BYTES + 1];
};

struct waiting_row {
    struct souk_event event; /**< but for user and item */
    struct souk_hash_wide id;
    int64_t line;
    struct waiting_id user, item;
};

struct batch {
    int count;
    struct waiting_row rows[BATCH_ROWS];
};

bool souk_order_number(const char *text, size_t len, int64_t *number)
{
    *number = SOUK_ORDER_NONE;
    if (len == 0)
        return true;
    /* `007` is not order 7. */
    if (text[0] >= '0' && text[0] <= '9' && (text[0] != '0' || len == 1) &&
        souk_parse_integer(text, len, number))
        return true;
    if (!souk_id_is_valid(text, len))
        return false;
    const int64_t hash = (int64_t)(souk_hash_bytes(text, len) | UINT64_C(1) << 63);
    *number = hash == SOUK_ORDER_NONE ? SOUK_ORDER_NONE - 1 : hash;
    return true;
}

static void ask(const struct souk_dictionary *d, const struct souk_csv_field *id,
                struct waiting_id *waiting)
{
    waiting->len = id->len <= SOUK_ID_MAX_BYTES ? id->len : SOUK_ID_MAX_BYTES + 1;
    memcpy(waiting->text, id->text, waiting->len);
    waiting->asked = souk_dictionary_ask(d, waiting->text, waiting->len);
}

/* Local index of an id; -1 where it is new. @return whether it is an id at all */
static bool answer(const struct souk_dictionary *d, const struct waiting_id *id, souk_lidx *index)
{
    *index = souk_dictionary_answer(d, id->asked, id->text, id->len);
    return *index >= 0 || souk_id_is_valid(id->text, id->len);
}

/* The next row of the batch, but for user and item, which wait. */
static struct waiting_row *begin_row(struct batch *batch, int64_t line, const char *id, size_t len)
{
    struct waiting_row *row = &batch->rows[batch->count++];
    row->line = line;
    row->id = len ? souk_hash_wide(id, len) : (struct souk_hash_wide){0};
    return row;
}

/* Take what a record says; its ids wait in the batch. */
static void take_record(const struct souk_reading *how, const struct souk_record *record,
                        struct souk_event_log *log, struct batch *batch)
{
    struct souk_event_row row;
    int64_t order = SOUK_ORDER_NONE;

    log->rejects.rows++;
    unsigned reasons = souk_format_read(how, record, &row);
    if (!reasons && !souk_order_number(row.order.text, row.order.len, &order)) {
        reasons = 1U << SOUK_REJECT_BAD_ORDER;
        row.fault = row.order;
    }
    if (!reasons && fabs(row.value) > FLT_MAX)
        reasons = 1U << SOUK_REJECT_BAD_NUMBER;
    if (reasons) {
        souk_rejects_note(&log->rejects, reasons, record->line, row.fault.text, row.fault.len);
        return;
    }
    struct waiting_row *waiting =
        begin_row(batch, record->line, row.event_id.text, row.event_id.len);
    ask(&log->users, &row.user, &waiting->user);
    ask(&log->items, &row.item, &waiting->item);
    waiting->event = (struct souk_event){
        .time_ms = row.time_ms,
        .order = order,
        .value = (float)row.value + 0.0F, /* -0 becomes 0: equal values have equal bytes */
        .type = row.type,
    };
}

/* Ids are added when both are good: a bad row leaves nothing behind. */
static souk_status settle_row(struct souk_event_log *log, struct waiting_row *row,
                              struct souk_error *err)
{
    souk_lidx user, item;
    souk_status status = SOUK_OK;
    const bool user_is_good = answer(&log->users, &row->user, &user);
    const bool item_is_good = answer(&log->items, &row->item, &item);
    if (!user_is_good || !item_is_good) {
        const struct waiting_id *fault = user_is_good ? &row->item : &row->user;
        const unsigned reasons = (unsigned)!user_is_good << SOUK_REJECT_BAD_USER |
                                 (unsigned)!item_is_good << SOUK_REJECT_BAD_ITEM;
        souk_rejects_note(&log->rejects, reasons, row->line, fault->text, fault->len);
        return SOUK_OK;
    }
    if (user < 0)
        status = souk_dictionary_add(&log->users, row->user.text, row->user.len, &user, err);
    if (!status && item < 0)
        status = souk_dictionary_add(&log->items, row->item.text, row->item.len, &item, err);
    if (status)
        return status;
    row->event.user = user;
    row->event.item = item;
    if (log->keeps_ids)
        log->ids[log->count] = row->id;
    log->events[log->count++] = row->event;
    return SOUK_OK;
}

/* Make events of the rows that wait. */
static souk_status settle(struct souk_event_log *log, struct batch *batch, struct souk_error *err)
{
    souk_status status = souk_grow(&log->events, &log->cap, log->count + (size_t)batch->count,
                                   EVENTS_MAX, sizeof *log->events);
    if (!status && log->keeps_ids)
        status = souk_grow(&log->ids, &log->id_cap, log->count + (size_t)batch->count, EVENTS_MAX,
                           sizeof *log->ids);
    if (status)
        return souk_fail(err, status, "no memory for more than %zu events on one rank", log->count);
    for (int i = 0; i < batch->count && !status; i++)
        status = settle_row(log, &batch->rows[i], err);
    batch->count = 0;
    return status;
}

static souk_status read_range(struct souk_source *source, const struct souk_reading *how,
                              struct souk_event_log *log, struct souk_progress *progress,
                              struct souk_error *err)
{
    struct souk_record record;
    struct batch batch = {.count = 0};
    bool more = true;
    souk_status status = SOUK_OK;
    for (int64_t n = 1; more && !status; n++) {
        while (more && !status && batch.count < BATCH_ROWS) {
            status = souk_source_next(source, &record, &more, err);
            if (!status && more)
                take_record(how, &record, log, &batch);
        }
        if (!status)
            status = settle(log, &batch, err);
        if (n % PROGRESS_BATCHES == 0)
            souk_progress_update(progress, souk_source_progress(source), NULL);
    }
    return status;
}

/* How many rows the range has, going by the bytes that were read already. */
static size_t expected_rows(const struct souk_source *source)
{
    const char *at = source->csv.at, *const end = source->csv.end;
    const double range = (double)(source->range_end - source->range_begin);
    int64_t lines = 1;
    if (source->done || at == end)
        return 0;
    const double bytes = (double)(end - at);
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
        lines++;
        at++;
    }
    return (size_t)((double)lines / bytes * range * 1.02) + BATCH_ROWS;
}

/* Room for the events of another file, announced before it is taken. Without it the array would
 * grow in steps, and be copied as often. */
static souk_status reserve_all(const struct souk_comm *comm, const struct souk_source *source,
                               struct souk_event_log *log, struct souk_error *err)
{
    const size_t want = log->count + expected_rows(source);
    int64_t bytes = (int64_t)(want * sizeof *log->events);
    souk_status status = souk_max_i64_all(comm, &bytes, 1, err);
    if (status)
        return status;
    souk_log(SOUK_LOG_INFO, "memory", "stage=read file=%s mib_per_rank=%lld", source->path,
             (long long)(bytes >> 20) + 1);
    if (want <= log->cap)
        return SOUK_OK;
    struct souk_event *events = souk_large_array(want, sizeof *events);
    if (!events)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory for %zu events on one rank", source->path,
                         want);
    if (log->count)
        memcpy(events, log->events, log->count * sizeof *events);
    free(log->events);
    log->events = events;
    log->cap = want;
    return SOUK_OK;
}

static souk_status read_file_all(const struct souk_comm *comm, const struct souk_event_input *input,
                                 int file, struct souk_event_log *log, struct souk_error *err)
{
    struct souk_source source = {0};
    struct souk_progress progress;
    int64_t line_base = 0;
    struct souk_reading how = {
        .format = input->format, .types = input->types, .time_unit = input->time_unit};

    souk_status status = souk_source_open_all(comm, input->files[file], input->separator,
                                              input->has_header, &source, err);
    if (status)
        return status;
    status = souk_layout_bind(input->format, &source, &how.layout, err);
    log->file_has_ids |= !status && how.layout.column[SOUK_ROLE_EVENT_ID] >= 0;
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = reserve_all(comm, &source, log, err);
    if (!status) {
        souk_progress_init(&progress, "read", source.range_end - source.range_begin, "B",
                           comm->rank != 0);
        status = read_range(&source, &how, log, &progress, err);
        souk_progress_finish(&progress, souk_source_progress(&source), NULL);
    }
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_source_close_all(comm, &source, &line_base, err);
    else
        souk_source_fini(&source);
    souk_rejects_next_file(&log->rejects, line_base);
    return status;
}

/* ---- the store ---- */

struct store_reading {
    const struct souk_event_input *input;
    struct souk_event_log *log;
    struct batch batch;
};

/* @return 0, or reasons why it is no event of this dataset */
static unsigned judge_record(const struct souk_event_types *types,
                             const struct souk_event_record *e, int *type, const char **fault)
{
    *type = souk_event_types_find(types, e->type, strlen(e->type));
    *fault = *type < 0 ? e->type : "";
    if (*type < 0)
        return 1U << SOUK_REJECT_BAD_EVENT;
    if (!souk_time_is_known(e->ms))
        return 1U << SOUK_REJECT_BAD_TIME;
    return fabs(e->value) <= FLT_MAX ? 0 : 1U << SOUK_REJECT_BAD_NUMBER;
}

/* A souk_store_take: what take_record() does with a row. */
static souk_status take_stored(void *context, const struct souk_event_record *e,
                               struct souk_error *err)
{
    struct store_reading *r = context;
    const struct souk_csv_field user = {e->user, strlen(e->user)},
                                item = {e->item, strlen(e->item)};
    const char *fault;
    int type;
    r->log->rejects.rows++;
    const unsigned reasons = judge_record(r->input->types, e, &type, &fault);
    if (reasons) {
        souk_rejects_note(&r->log->rejects, reasons, e->seq, fault, strlen(fault));
        return SOUK_OK;
    }
    struct waiting_row *waiting =
        begin_row(&r->batch, e->seq, e->event_id, r->log->keeps_ids ? strlen(e->event_id) : 0);
    ask(&r->log->users, &user, &waiting->user);
    ask(&r->log->items, &item, &waiting->item);
    waiting->event = (struct souk_event){.time_ms = e->ms,
                                         .order = SOUK_ORDER_NONE,
                                         .value = (float)e->value + 0.0F,
                                         .type = (uint8_t)type};
    r->log->store_has_values |= waiting->event.value != 0;
    return r->batch.count == BATCH_ROWS ? settle(r->log, &r->batch, err) : SOUK_OK;
}

/* The marks are read behind the events: who was erased meanwhile is erased. */
static souk_status read_store_all(const struct souk_comm *comm,
                                  const struct souk_event_input *input, struct souk_event_log *log,
                                  struct souk_erasures *marks, struct souk_error *err)
{
    struct store_reading reading = {.input = input, .log = log};
    struct souk_event_store *store = NULL;
    souk_status status = SOUK_OK;
    log->rejects.file = input->file_count;
    if (comm->rank == 0)
        status = souk_event_store_open(input->store_url, SOUK_EVENTS_READ, &store, err);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_store_deal_all(comm, store, take_stored, &reading, err);
    if (!status)
        status = souk_status_agree_all(comm, settle(log, &reading.batch, err), err);
    if (!status)
        status = souk_erasures_read_all(comm, store, marks, err);
    souk_event_store_close(store);
    int64_t has_values = log->store_has_values;
    if (!status)
        status = souk_max_i64_all(comm, &has_values, 1, err);
    log->store_has_values = has_values != 0;
    log->from_store = log->count;
    log->rejects.file = 0;
    return status;
}

/* ---- all of it ---- */

static souk_status name_sources(const struct souk_event_input *input, struct souk_event_log *log,
                                struct souk_error *err)
{
    log->sources = souk_alloc_array((size_t)input->file_count + 1, sizeof(const char *));
    if (!log->sources)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the names of files");
    for (int i = 0; i < input->file_count; i++)
        log->sources[i] = input->files[i];
    log->sources[input->file_count] = "--events-from"; /* its URL may hold a password */
    return SOUK_OK;
}

static souk_status prepare(const struct souk_event_input *input, struct souk_event_log *log,
                           struct souk_error *err)
{
    souk_status status = name_sources(input, log, err);
    souk_rejects_init(&log->rejects, "events", log->sources);
    log->keeps_ids = input->format->column[SOUK_ROLE_EVENT_ID] != NULL;
    if (!status)
        status = souk_dictionary_init(&log->users, "user", err);
    return status ? status : souk_dictionary_init(&log->items, "item", err);
}

souk_status souk_event_log_read_all(const struct souk_comm *comm,
                                    const struct souk_event_input *input,
                                    struct souk_event_log *log, struct souk_error *err)
{
    struct souk_erasures marks = {.until_ms = NULL};
    *log = (struct souk_event_log){0};
    souk_status status = souk_status_agree_all(comm, prepare(input, log, err), err);
    if (!status && input->store_url)
        status = read_store_all(comm, input, log, &marks, err);
    for (int file = 0; file < input->file_count && !status; file++)
        status = read_file_all(comm, input, file, log, err);
    if (!status)
        status = souk_status_agree_all(comm, souk_erasures_apply(&marks, log, err), err);
    if (!status && log->file_has_ids) /* those of the store alone are unique */
        status = souk_event_ids_unite_all(comm, log, err);
    souk_erasures_fini(&marks);
    return status ? status : souk_rejects_sum_all(comm, &log->rejects, err);
}

void souk_event_log_free_events(struct souk_event_log *log)
{
    free(log->events);
    free(log->ids);
    log->events = NULL;
    log->ids = NULL;
    log->count = log->cap = log->id_cap = log->from_store = 0;
}

void souk_event_log_fini(struct souk_event_log *log)
{
    souk_event_log_free_events(log);
    souk_dictionary_fini(&log->users);
    souk_dictionary_fini(&log->items);
    free(log->sources);
    *log = (struct souk_event_log){0};
}
