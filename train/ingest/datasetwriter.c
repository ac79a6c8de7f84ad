#include "train/ingest/datasetwriter.h"

#include "shared/base/memory.h"
#include "train/ingest/sessions.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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

/* The property that RetailRocket keeps an item's category in, -1 when no item has one. */
static int32_t category_property(const struct souk_property_log *log)
{
    for (int i = 0; i < log->name_count; i++)
        if (strcmp(log->property_names[i], "categoryid") == 0)
            return i;
    return -1;
}

/* What is known of the part's ids beside their events. Collective: all ranks take part in every
 * round, with a part or without. */
static souk_status add_tables_all(const struct souk_comm *comm,
                                  const struct souk_dataset_content *content, int round,
                                  struct souk_dataset_part *part, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    if (content->item_table) {
        status = souk_attribute_table_deliver_all(comm, content->item_table, content->items, round,
                                                  part->items.count, &part->item_attributes, err);
        part->item_attribute_count = part->item_attributes ? content->item_table->count : 0;
    }
    if (!status && content->user_table) {
        status = souk_attribute_table_deliver_all(comm, content->user_table, content->users, round,
                                                  part->users.count, &part->user_attributes, err);
        part->user_attribute_count = part->user_attributes ? content->user_table->count : 0;
    }
    if (!status && content->properties)
        status = souk_property_log_deliver_all(comm, content->properties, content->items, round,
                                               part->items.count, &part->properties, err);
    return status;
}

static souk_status write_part(const char *folder, const struct souk_dataset_content *content,
                              const struct souk_dataset *d, struct souk_dataset_part *part,
                              struct souk_part_file *file, struct souk_error *err)
{
    const int64_t first = content->users->owned_first[part->part];
    const int64_t *offsets = content->placement->offsets + first;
    souk_status status;

    part->event_count = offsets[part->users.count] - offsets[0];
    status = events_init(part, d, err);
    if (!status) {
        fill_events(part, content->placement->events + offsets[0], offsets, d->session_gap_ms);
        status = souk_dataset_write_part(folder, d->id_width, part, file, err);
    }
    return status;
}

/* Part p of this rank, or none where p is past the last. */
static souk_status write_round_all(const struct souk_comm *comm, const char *folder, int round,
                                   const struct souk_dataset_content *content,
                                   const struct souk_dataset *d, int64_t *files,
                                   struct souk_error *err)
{
    const int p = round * comm->size + comm->rank;
    const bool have_part = p < d->parts;
    struct souk_part_file file = {0};
    struct souk_dataset_part part = {.part = p};
    souk_status status;

    if (have_part) {
        part.users = content->users->tables[p];
        part.items = content->items->tables[p];
    }
    status = add_tables_all(comm, content, round, &part, err);
    if (!status && have_part && content->tally)
        status = souk_category_tally_add(content->tally, &part.properties, part.items.count,
                                         category_property(content->properties), err);
    if (!status && have_part) {
        status = write_part(folder, content, d, &part, &file, err);
        files[2 * p] = file.size_bytes;
        files[2 * p + 1] = (int64_t)file.digest;
    }
    part.users = part.items = (struct souk_idtable){0}; /* the numbering's */
    souk_dataset_part_fini(&part);
    return souk_status_agree_all(comm, status, err);
}

souk_status souk_dataset_write_parts_all(const struct souk_comm *comm, const char *folder,
                                         const struct souk_dataset_content *content,
                                         struct souk_dataset *d, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    int64_t *files = souk_zalloc_array((size_t)d->parts * 2, sizeof *files);
    if (!files)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %d parts", d->parts);
    status = souk_status_agree_all(comm, status, err);
    for (int round = 0; round * comm->size < d->parts && !status; round++)
        status = write_round_all(comm, folder, round, content, d, files, err);
    if (!status) /* only the owner of a part has something to add */
        status = souk_sum_i64_all(comm, files, 2 * d->parts, err);
    for (int p = 0; p < d->parts && !status; p++)
        d->files[p] = (struct souk_part_file){files[2 * p], (uint64_t)files[2 * p + 1]};
    free(files);
    return status;
}
