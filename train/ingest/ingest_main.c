/* souk-ingest: from a shop's event log to a dataset, in the order of the stages. */
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/base/staging.h"
#include "shared/data/dataset.h"
#include "train/comm/comm.h"
#include "train/ingest/attributes.h"
#include "train/ingest/categorycoverage.h"
#include "train/ingest/categorytree.h"
#include "train/ingest/datasetwriter.h"
#include "train/ingest/eventlog.h"
#include "train/ingest/numbering.h"
#include "train/ingest/placement.h"
#include "train/ingest/profile.h"
#include "train/ingest/profilereport.h"
#include "train/ingest/properties.h"
#include "train/ingest/settings.h"
#include "train/ingest/splitpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char MANIFEST[] = "dataset.h5";

/* What the stages hand on to each other. */
struct ingest {
    const struct souk_comm *comm;
    const struct souk_ingest_settings *settings;
    struct souk_staging staging;      /**< the dataset */
    struct souk_staging profile_file; /**< --profile-json, on rank 0 */
    struct souk_event_log log;
    struct souk_attribute_table item_table, user_table;
    struct souk_property_log properties;
    struct souk_numbering users, items;
    struct souk_placement placement;
    struct souk_profile profile;
    struct souk_category_coverage coverage; /**< on rank 0 */
    struct souk_dataset dataset;            /**< its arrays are those of the stages above */
};

static bool has_profile_file(const struct souk_ingest_settings *s)
{
    return s->profile_json && strcmp(s->profile_json, "-") != 0;
}

/* Collective. Fails early where the output cannot be written. */
static souk_status begin_output_all(struct ingest *in, struct souk_error *err)
{
    const bool first = in->comm->rank == 0;
    souk_status status = SOUK_OK;
    if (first)
        status = souk_staging_begin(&in->staging, in->settings->out, true, MANIFEST, true, err);
    if (!status && first && has_profile_file(in->settings))
        status = souk_staging_begin(&in->profile_file, in->settings->profile_json, false, NULL,
                                    true, err);
    status = souk_status_agree_all(in->comm, status, err);
    if (!status && !first)
        status = souk_staging_begin(&in->staging, in->settings->out, true, MANIFEST, false, err);
    status = souk_status_agree_all(in->comm, status, err);
    if (!status)
        souk_staging_guard(&in->staging);
    return status;
}

static souk_status read_all(struct ingest *in, struct souk_error *err)
{
    const struct souk_ingest_settings *s = in->settings;
    const struct souk_event_input input = {
        .format = &s->format,
        .types = &s->types,
        .time_unit = s->time_unit,
        .files = (const char *const *)s->inputs.events.names,
        .file_count = (int)s->inputs.events.count,
        .separator = s->separator,
        .has_header = s->has_header,
        .store_url = s->events_from,
    };
    const struct souk_rejects *rejects = &in->log.rejects;

    souk_status status = souk_event_log_read_all(in->comm, &input, &in->log, err);
    if (status)
        return status;
    if (in->comm->rank == 0)
        souk_rejects_print(rejects, stderr);
    if (rejects->rows == 0)
        return souk_fail(err, SOUK_EFORMAT, "%s: no %s", in->log.sources[0],
                         input.file_count > 0 ? "rows behind the header" : "events in the store");
    return souk_rejects_check(rejects, s->max_bad, err);
}

/* Bad rows of a table count like those of the events. */
static souk_status check_rejects(const struct ingest *in, const struct souk_rejects *rejects,
                                 struct souk_error *err)
{
    if (in->comm->rank == 0)
        souk_rejects_print(rejects, stderr);
    return souk_rejects_check(rejects, in->settings->max_bad, err);
}

static souk_status read_table_all(struct ingest *in, const char *file, struct souk_dictionary *ids,
                                  struct souk_attribute_table *table, struct souk_error *err)
{
    souk_status status;
    if (!file)
        return SOUK_OK;
    status =
        souk_attribute_table_read_all(in->comm, file, in->settings->separator, ids, table, err);
    return status ? status : check_rejects(in, &table->rejects, err);
}

/* What is known beside the events: all of it before ids are numbered. */
static souk_status read_tables_all(struct ingest *in, struct souk_error *err)
{
    const struct souk_ingest_settings *s = in->settings;
    const struct souk_file_list *logs = &s->inputs.properties;
    souk_status status = read_table_all(in, s->items_file, &in->log.items, &in->item_table, err);
    if (!status)
        status = read_table_all(in, s->users_file, &in->log.users, &in->user_table, err);
    if (!status && logs->count > 0) {
        status = souk_property_log_read_all(in->comm, (const char *const *)logs->names,
                                            (int)logs->count, &in->log.items, &in->properties, err);
        if (!status)
            status = check_rejects(in, &in->properties.rejects, err);
    }
    if (!status && s->inputs.category_tree)
        status = souk_category_tree_read_all(in->comm, s->inputs.category_tree,
                                             &in->dataset.categories, err);
    return status;
}

static souk_status sort_tables(struct ingest *in, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    if (in->settings->items_file)
        status = souk_sidetable_sort(&in->item_table.table, &in->items, err);
    if (!status && in->settings->users_file)
        status = souk_sidetable_sort(&in->user_table.table, &in->users, err);
    if (!status && in->settings->inputs.properties.count > 0)
        status = souk_sidetable_sort(&in->properties.table, &in->items, err);
    return status;
}

static souk_status number_all(struct ingest *in, struct souk_error *err)
{
    const int parts = in->settings->parts;
    souk_status status = souk_numbering_make_all(in->comm, &in->log.users, parts, &in->users, err);
    if (!status)
        status = souk_numbering_make_all(in->comm, &in->log.items, parts, &in->items, err);
    if (!status)
        status = souk_status_agree_all(in->comm, sort_tables(in, err), err);
    return status;
}

static souk_status find_split_all(struct ingest *in, struct souk_error *err)
{
    in->dataset.split_ms = in->settings->split_ms;
    if (in->settings->split_share == 0)
        return SOUK_OK;
    return souk_split_of_share_all(in->comm, &in->placement, in->settings->split_share,
                                   in->profile.first_ms, in->profile.last_ms, &in->dataset.split_ms,
                                   err);
}

static souk_status profile_all(struct ingest *in, struct souk_error *err)
{
    souk_status status = souk_profile_count_all(in->comm, &in->placement, &in->profile, err);
    if (!status && in->profile.events == 0)
        status = souk_fail(err, SOUK_EFORMAT, "%s: no event is left of %lld rows",
                           in->log.sources[0], (long long)in->log.rejects.rows);
    if (!status)
        status = find_split_all(in, err);
    if (!status)
        status = souk_profile_make_all(in->comm, &in->placement, in->items.first[in->items.parts],
                                       in->settings->types.types, in->settings->session_gap_ms,
                                       in->dataset.split_ms, &in->profile, err);
    return status;
}

/* The manifest, but for what the writing of the parts adds. */
static souk_status describe(struct ingest *in, struct souk_error *err)
{
    const struct souk_ingest_settings *s = in->settings;
    struct souk_dataset *d = &in->dataset;

    d->path = in->staging.path;
    d->schema = SOUK_DATASET_SCHEMA;
    d->parts = s->parts;
    d->id_width = in->users.longest > in->items.longest ? in->users.longest : in->items.longest;
    snprintf(d->format, sizeof d->format, "%s", s->format.name);
    d->user_first = in->users.first;
    d->item_first = in->items.first;
    d->event_count = in->profile.events;
    d->type_count = s->types.count;
    for (int t = 0; t < d->type_count; t++) {
        d->types[t] = s->types.types[t];
        d->types[t].count = in->profile.type_count[t];
    }
    d->weighting = s->weighting;
    d->has_values = s->format.column[SOUK_ROLE_VALUE] || s->format.column[SOUK_ROLE_PRICE] ||
                    in->log.store_has_values;
    d->has_orders = in->profile.ordered_events > 0;
    d->has_properties = s->inputs.properties.count > 0;
    d->property_count = in->properties.name_count;
    d->property_names = in->properties.property_names;
    d->session_gap_ms = s->session_gap_ms;
    d->first_ms = in->profile.first_ms;
    d->last_ms = in->profile.last_ms;
    d->files = souk_zalloc_array((size_t)d->parts, sizeof *d->files);
    return d->files ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for the manifest");
}

static struct souk_profile_report report_of(const struct ingest *in)
{
    return (struct souk_profile_report){
        .dataset = &in->dataset,
        .profile = &in->profile,
        .rejects = &in->log.rejects,
        .coverage = in->settings->inputs.category_tree ? &in->coverage : NULL,
    };
}

/* On rank 0, when all parts are there. */
static souk_status write_manifest(struct ingest *in, struct souk_error *err)
{
    const struct souk_profile_report report = report_of(in);
    in->dataset.profile_json = souk_profile_json(&report);
    if (!in->dataset.profile_json)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the profile");
    const souk_status status = souk_dataset_write_manifest(in->staging.partial, &in->dataset, err);
    return status ? status : souk_staging_commit(&in->staging, err);
}

static souk_status write_all(struct ingest *in, struct souk_error *err)
{
    const struct souk_ingest_settings *s = in->settings;
    const bool has_tree = s->inputs.category_tree != NULL;
    struct souk_category_tally tally = {0};
    const struct souk_dataset_content content = {
        .users = &in->users,
        .items = &in->items,
        .placement = &in->placement,
        .item_table = s->items_file ? &in->item_table : NULL,
        .user_table = s->users_file ? &in->user_table : NULL,
        .properties = s->inputs.properties.count > 0 ? &in->properties : NULL,
        .tally = has_tree && s->inputs.properties.count > 0 ? &tally : NULL,
    };

    souk_status status = describe(in, err);
    if (!status)
        status = souk_category_tally_init(&tally, err);
    status = souk_status_agree_all(in->comm, status, err);
    if (!status)
        status = souk_dataset_write_parts_all(in->comm, in->staging.partial, &content, &in->dataset,
                                              err);
    if (!status && has_tree)
        status = souk_category_coverage_all(in->comm, &tally, &in->dataset.categories,
                                            &in->coverage, err);
    if (!status && in->comm->rank == 0)
        status = write_manifest(in, err);
    souk_category_tally_fini(&tally);
    return souk_status_agree_all(in->comm, status, err);
}

static souk_status write_profile_file(struct souk_staging *file, const char *json,
                                      struct souk_error *err)
{
    FILE *to = fopen(file->partial, "w");
    if (!to)
        return souk_fail_errno(err, "%s", file->partial);
    const bool written = fprintf(to, "%s\n", json) > 0;
    if (fclose(to) != 0 || !written)
        return souk_fail_errno(err, "%s", file->partial);
    return souk_staging_commit(file, err);
}

/* On rank 0. */
static souk_status report(struct ingest *in, int64_t start_us, struct souk_error *err)
{
    const struct souk_profile_report report = report_of(in);
    souk_log(SOUK_LOG_INFO, "done", "out=%s events=%lld users=%lld items=%lld seconds=%.3f",
             in->settings->out, (long long)in->profile.events, (long long)in->profile.users,
             (long long)in->profile.items, (double)(souk_monotonic_us() - start_us) * 1e-6);
    if (in->settings->print_profile)
        souk_profile_print(&report, stdout);
    if (has_profile_file(in->settings))
        return write_profile_file(&in->profile_file, in->dataset.profile_json, err);
    if (in->settings->profile_json && puts(in->dataset.profile_json) < 0)
        return souk_fail_errno(err, "stdout");
    return SOUK_OK;
}

static souk_status ingest_all(const struct souk_comm *comm,
                              const struct souk_ingest_settings *settings, struct souk_error *err)
{
    struct ingest in = {.comm = comm, .settings = settings};
    const int64_t start_us = souk_monotonic_us();

    souk_status status = begin_output_all(&in, err);
    if (!status)
        status = read_all(&in, err);
    if (!status)
        status = read_tables_all(&in, err);
    if (!status)
        status = number_all(&in, err);
    if (!status)
        status = souk_placement_make_all(comm, &in.log, &in.users, &in.items,
                                         settings->keep_duplicates, &in.placement, err);
    if (!status)
        status = profile_all(&in, err);
    if (!status)
        status = write_all(&in, err);
    if (!status && comm->rank == 0)
        status = report(&in, start_us, err);
    status = souk_status_agree_all(comm, status, err);

    souk_staging_end(&in.profile_file, comm->rank == 0);
    souk_staging_end(&in.staging, comm->rank == 0);
    souk_event_log_fini(&in.log);
    souk_attribute_table_fini(&in.item_table);
    souk_attribute_table_fini(&in.user_table);
    souk_property_log_fini(&in.properties);
    souk_categories_fini(&in.dataset.categories);
    souk_numbering_fini(&in.users);
    souk_numbering_fini(&in.items);
    souk_placement_fini(&in.placement);
    free(in.dataset.files);
    free(in.dataset.profile_json);
    return status;
}

int main(int argc, char **argv)
{
    struct souk_comm comm;
    struct souk_error err = {0};
    struct souk_ingest_settings settings = {0};
    bool done = false;

    souk_status status = souk_comm_start(&argc, &argv, "souk-ingest", &comm, &err);
    if (!status)
        status = souk_status_agree_all(
            &comm, souk_ingest_settings_parse(argc, argv, comm.rank == 0, &done, &settings, &err),
            &err);
    if (!status && !done)
        status = ingest_all(&comm, &settings, &err);
    souk_ingest_settings_fini(&settings);
    return souk_comm_finish(&comm, status, &err);
}
