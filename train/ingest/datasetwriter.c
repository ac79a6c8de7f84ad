#include "train/ingest/datasetwriter.h"

#include "shared/base/memory.h"
#include "train/ingest/sessions.h"

#include <stdlib.h>

/* The arrays of one part's events, which this file owns. */
static void events_fini(struct souk_dataset_part *part)
{
    free(part->event_offsets);
    free(part->item);
    free(part->time_ms);
    free(part->type);
    free(part->session);
    free(part->value);
    free(part->order);
}

static souk_status events_init(struct souk_dataset_part *part, const struct souk_dataset *d,
                               struct souk_error *err)
{
    const size_t n = (size_t)part->event_count;
    part->event_offsets =
        souk_alloc_array((size_t)part->users.count + 1, sizeof *part->event_offsets);
    part->item = souk_alloc_array(n, sizeof *part->item);
    part->time_ms = souk_alloc_array(n, sizeof *part->time_ms);
    part->type = souk_alloc_array(n, sizeof *part->type);
    part->session = souk_alloc_array(n, sizeof *part->session);
    part->value = d->has_values ? souk_alloc_array(n, sizeof *part->value) : NULL;
    part->order = d->has_orders ? souk_alloc_array(n, sizeof *part->order) : NULL;
    if (!part->event_offsets || !part->item || !part->time_ms || !part->type || !part->session ||
        (d->has_values && !part->value) || (d->has_orders && !part->order))
        return souk_fail(err, SOUK_ENOMEM, "no memory for the %lld events of part %d",
                         (long long)part->event_count, part->part);
    return SOUK_OK;
}

/* Spread events over columns. */
static void fill_events(struct souk_dataset_part *part, const struct souk_placed_event *events,
                        const int64_t *offsets, int64_t session_gap_ms)
{
    for (int64_t i = 0; i < part->event_count; i++) {
        part->item[i] = souk_placed_item(&events[i]);
        part->time_ms[i] = events[i].time_ms;
        part->type[i] = (uint8_t)souk_placed_type(&events[i]);
        if (part->value)
            part->value[i] = events[i].value;
        if (part->order)
            part->order[i] = events[i].order;
    }
    for (int64_t u = 0; u <= part->users.count; u++)
        part->event_offsets[u] = offsets[u] - offsets[0];
    for (int64_t u = 0; u < part->users.count; u++)
        souk_sessions_number(events + part->event_offsets[u], offsets[u + 1] - offsets[u],
                             session_gap_ms, part->session + part->event_offsets[u]);
}

static souk_status write_part(const char *folder, int p, const struct souk_dataset_content *content,
                              const struct souk_dataset *d, struct souk_part_file *file,
                              struct souk_error *err)
{
    const int64_t first = content->users->owned_first[p];
    const int64_t *offsets = content->placement->offsets + first;
    struct souk_dataset_part part = {
        .part = p, .users = content->users->tables[p], .items = content->items->tables[p]};
    part.event_count = offsets[part.users.count] - offsets[0];

    souk_status status = events_init(&part, d, err);
    if (!status) {
        fill_events(&part, content->placement->events + offsets[0], offsets, d->session_gap_ms);
        status = souk_dataset_write_part(folder, d->id_width, &part, file, err);
    }
    events_fini(&part);
    return status;
}

souk_status souk_dataset_write_parts_all(const struct souk_comm *comm, const char *folder,
                                         const struct souk_dataset_content *content,
                                         struct souk_dataset *d, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    int64_t *files = souk_zalloc_array((size_t)d->parts * 2, sizeof *files);
    if (!files)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %d parts", d->parts);
    for (int p = comm->rank; p < d->parts && !status; p += comm->size) {
        struct souk_part_file file = {0};
        status = write_part(folder, p, content, d, &file, err);
        files[2 * p] = file.size_bytes;
        files[2 * p + 1] = (int64_t)file.digest;
    }
    status = souk_status_agree_all(comm, status, err);
    if (!status) /* only the owner of a part has something to add */
        status = souk_sum_i64_all(comm, files, 2 * d->parts, err);
    for (int p = 0; p < d->parts && !status; p++)
        d->files[p] = (struct souk_part_file){files[2 * p], (uint64_t)files[2 * p + 1]};
    free(files);
    return status;
}
