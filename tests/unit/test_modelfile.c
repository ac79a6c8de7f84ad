/* Models on disk: what is written is read, and every file that is wrong is refused for its reason.
 */
#include "shared/base/staging.h"
#include "shared/model/modelfile.h"
#include "shared/model/registry.h"
#include "tests/support/small_model.h"
#include "tests/support/small_stages.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct small_model plain = {
    .users = 90, .items = 70, .factors = 9, .parts = 4, .seed = 5};
static const struct small_model staged = {
    .users = 40, .items = 90, .parts = 3, .seed = 8, .stages = true};
static char root[] = "/tmp/souk_test_modelfile.XXXXXX";
static struct souk_error err;

static void enter_root(void)
{
    cr_assert_not_null(mkdtemp(root));
    cr_assert_eq(chdir(root), 0);
}

static void remove_root(void)
{
    cr_assert_eq(chdir("/"), 0);
    cr_assert_eq(souk_remove_tree(root, NULL), SOUK_OK);
}

TestSuite(modelfile, .init = enter_root, .fini = remove_root);

static void write_model(const char *path, struct small_model m)
{
    cr_assert_eq(small_model_write(path, &m, &err), SOUK_OK, "%s", err.msg);
}

static void expect_refused(const char *path, souk_status status, const char *text)
{
    const souk_status got = souk_registry_verify(path, &err);
    cr_assert_eq(got, status, "status %d: %s", got, err.msg);
    cr_assert_not_null(strstr(err.msg, text), "no '%s' in: %s", text, err.msg);
}

/* Invert the byte at `at` (from the end where negative). */
static void flip(const char *path, long at)
{
    FILE *file = fopen(path, "r+");
    cr_assert_not_null(file);
    cr_assert_eq(fseek(file, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    const int byte = fgetc(file);
    cr_assert_eq(fseek(file, -1, SEEK_CUR), 0);
    fputc(byte ^ 0x40, file);
    fclose(file);
}

static long size_of(const char *path)
{
    struct stat info;
    cr_assert_eq(stat(path, &info), 0);
    return (long)info.st_size;
}

Test(modelfile, what_is_written_is_read)
{
    struct souk_model *model = NULL;
    int64_t users = 0, items = 0;
    write_model("m", plain);
    cr_assert_eq(souk_model_open("m", &model, &err), SOUK_OK, "%s", err.msg);
    cr_assert_str_eq(model->kind, "als");
    cr_assert_eq(model->factors, 9);
    cr_assert_eq(souk_model_users(model), 90);
    for (int p = 0; p < model->parts; p++) {
        struct souk_model_part part;
        cr_assert_eq(
            souk_model_read_part(model, p, SOUK_MODEL_USERS | SOUK_MODEL_ITEMS, &part, &err),
            SOUK_OK, "%s", err.msg);
        cr_assert_eq(part.stride, 16);
        for (int64_t i = 0; i < part.items.count; i++)
            for (int c = 9; c < 16; c++)
                cr_assert_eq(part.item_factors[i * 16 + c], 0);
        users += part.users.count;
        items += part.items.count;
        souk_model_part_fini(&part);
    }
    cr_assert_eq(users, 90);
    cr_assert_eq(items, 70);
    souk_model_free(model);
}

Test(modelfile, rows_of_neighbours_are_read_as_written)
{
    const struct small_model ease = {
        .users = 30, .items = 60, .parts = 3, .neighbours = 9, .seed = 2};
    struct souk_model *model = NULL;
    int64_t entries = 0;
    write_model("m", ease);
    cr_assert_eq(souk_model_open("m", &model, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(model->schema, 2);
    cr_assert_eq(model->stages.source_count, 0);
    cr_assert_eq(model->neighbours, 9);
    for (int p = 0; p < model->parts; p++) {
        struct souk_model_part part;
        cr_assert_eq(souk_model_read_part(model, p, SOUK_MODEL_ITEMS, &part, &err), SOUK_OK, "%s",
                     err.msg);
        cr_assert_null(part.item_factors);
        cr_assert_null(part.columns);
        entries += part.neighbour_offsets[part.items.count];
        souk_model_part_fini(&part);
    }
    cr_assert_gt(entries, 60);
    souk_model_free(model);
}

Test(modelfile, a_model_without_neighbours_stays_readable_by_version_1)
{
    struct souk_model *model = NULL;
    write_model("m", plain);
    cr_assert_eq(souk_model_open("m", &model, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(model->schema, 1);
    cr_assert_eq(model->stages.source_count, 0);
    cr_assert_eq(model->neighbours, 0);
    souk_model_free(model);
}

Test(modelfile, refuses_neighbours_that_do_not_fit)
{
    struct small_model ease = {.users = 30, .items = 60, .parts = 3, .neighbours = 9, .seed = 2};
    ease.fault = SMALL_MODEL_FAR_NEIGHBOUR;
    write_model("far", ease);
    expect_refused("far", SOUK_EFORMAT, "/items/neighbour row 0 is out of range");
    ease.fault = SMALL_MODEL_LONG_NEIGHBOURS;
    write_model("long", ease);
    expect_refused("long", SOUK_EFORMAT, "more neighbours than the 1 of the manifest");
}

static void expect_same_names(const struct souk_model_stages *got)
{
    struct souk_model_stages want;
    cr_assert_eq(small_stages_name(&want), SOUK_OK);
    cr_assert_eq(got->source_count, want.source_count);
    for (int s = 0; s < want.source_count; s++) {
        cr_expect_str_eq(got->sources[s].name, want.sources[s].name);
        cr_expect_eq(got->sources[s].longest, want.sources[s].longest);
    }
    cr_assert_eq(got->type_count, want.type_count);
    for (int t = 0; t < want.type_count; t++) {
        cr_expect_str_eq(got->types[t].name, want.types[t].name);
        cr_expect_eq(got->types[t].weight, want.types[t].weight);
        cr_expect_eq(got->types[t].is_target, want.types[t].is_target);
    }
    cr_assert_eq(got->column_count, want.column_count);
    for (int c = 0; c < want.column_count; c++)
        cr_expect_str_eq(got->columns[c], want.columns[c]);
    cr_expect_str_eq(got->rules_json, want.rules_json);
    cr_expect_null(got->forest_text);
    cr_expect_str_eq(got->confidence_text, SMALL_MODEL_CALIBRATION);
    free(want.rules_json);
}

static void expect_same_bytes(const void *got, const void *want, int64_t count, size_t size,
                              const char *what)
{
    cr_assert(count == 0 || memcmp(got, want, (size_t)count * size) == 0, "%s", what);
}

static void expect_same_stages(const struct souk_model_part *got,
                               const struct souk_model_part *want, int sources, int columns)
{
    const int64_t users = want->users.count, items = want->items.count;
    const int64_t events = want->event_offsets[users];
    expect_same_bytes(got->event_offsets, want->event_offsets, users + 1, 8, "event offsets");
    expect_same_bytes(got->event_item, want->event_item, events, 8, "event items");
    expect_same_bytes(got->event_ms, want->event_ms, events, 8, "event times");
    expect_same_bytes(got->event_type, want->event_type, events, 1, "event types");
    expect_same_bytes(got->event_value, want->event_value, events, 4, "event values");
    for (int s = 0; s < sources; s++) {
        const struct souk_source_rows *g = &got->sources[s], *w = &want->sources[s];
        expect_same_bytes(g->offsets, w->offsets, items + 1, 8, "source offsets");
        expect_same_bytes(g->item, w->item, w->offsets[items], 8, "source items");
        expect_same_bytes(g->weight, w->weight, w->offsets[items], 4, "source weights");
    }
    expect_same_bytes(got->columns, want->columns, columns * items, 4, "columns");
    expect_same_bytes(got->days.offsets, want->days.offsets, items + 1, 8, "offsets of days");
    expect_same_bytes(got->days.day, want->days.day, want->days.offsets[items], 8, "days");
    expect_same_bytes(got->days.users, want->days.users, want->days.offsets[items], 8, "users");
}

static void expect_same_levels(const struct souk_levels *got)
{
    struct souk_levels want;
    cr_assert_eq(small_stages_sort(staged.seed, staged.items, &want), SOUK_OK);
    cr_assert_eq(got->count, want.count);
    cr_assert_eq(got->items, want.items);
    expect_same_bytes(got->value, want.value, want.count * want.items, 4, "values of the items");
    for (int l = 0; l < want.count; l++) {
        cr_expect_str_eq(got->of[l].name, want.of[l].name);
        cr_assert_eq(got->of[l].values, want.of[l].values);
        expect_same_bytes(got->of[l].hash, want.of[l].hash, want.of[l].values, 8, "values' hashes");
        cr_expect_eq(souk_level_named(got, want.of[l].name), l);
    }
    souk_levels_fini(&want);
}

Test(modelfile, values_of_levels_are_found_by_their_texts)
{
    struct souk_levels levels;
    bool found[9] = {false};
    cr_assert_eq(small_stages_sort(1, 5, &levels), SOUK_OK);
    for (int v = 0; v < 9; v++) {
        const char text[] = {'v', (char)('0' + v)};
        const int32_t value = souk_level_find(&levels.of[0], text, sizeof text);
        cr_assert(value >= 0 && value < 9 && !found[value], "v%d", v);
        found[value] = true;
        cr_expect_eq(souk_level_find(&levels.of[1], text, sizeof text) >= 0, v < 3);
    }
    cr_expect_eq(souk_level_find(&levels.of[0], "v", 1), -1);
    cr_expect_eq(souk_level_find(&levels.of[0], "", 0), -1);
    cr_expect_eq(souk_level_named(&levels, "colour"), -1);
    souk_levels_fini(&levels);
}

Test(modelfile, stages_are_read_as_written)
{
    struct souk_model *model = NULL;
    int64_t events = 0;
    write_model("m", staged);
    cr_assert_eq(souk_registry_verify("m", &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(souk_model_open("m", &model, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(model->schema, 3);
    cr_assert_str_eq(model->kind, "two-stage");
    cr_assert_eq(model->neighbours, 0);
    expect_same_names(&model->stages);
    expect_same_levels(&model->stages.levels);
    for (int p = 0; p < model->parts; p++) {
        struct souk_model_part got, want = {.part = p};
        cr_assert_eq(small_model_fill_part(&staged, &want), SOUK_OK);
        cr_assert_eq(
            souk_model_read_part(model, p, SOUK_MODEL_USERS | SOUK_MODEL_ITEMS, &got, &err),
            SOUK_OK, "%s", err.msg);
        expect_same_stages(&got, &want, model->stages.source_count, model->stages.column_count);
        events += got.event_offsets[got.users.count];
        souk_model_part_fini(&got);
        souk_model_part_fini(&want);
    }
    cr_assert_gt(events, 100);
    souk_model_free(model);
}

Test(modelfile, stages_of_empty_parts_are_fine)
{
    write_model("few", (struct small_model){.users = 1, .items = 1, .parts = 7, .stages = true});
    write_model("none", (struct small_model){.parts = 2, .stages = true});
    cr_assert_eq(souk_registry_verify("few", &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(souk_registry_verify("none", &err), SOUK_OK, "%s", err.msg);
}

Test(modelfile, refuses_stages_that_do_not_fit)
{
    static const struct {
        enum small_model_fault fault;
        const char *path, *reason;
    } cases[] = {
        {SMALL_MODEL_FAR_EVENT, "event", "is out of range or out of order"},
        {SMALL_MODEL_LATE_EVENT, "late", "is out of range or out of order"},
        {SMALL_MODEL_EMPTY_DAY, "day", "/items/day: item row"},
        {SMALL_MODEL_INFINITE, "column", "/items/columns entry 0 is infinite"},
        {SMALL_MODEL_FAR_SOURCE, "source", "source coarse: item row"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct small_model m = staged;
        m.fault = cases[i].fault;
        write_model(cases[i].path, m);
        expect_refused(cases[i].path, SOUK_EFORMAT, cases[i].reason);
    }
}

Test(modelfile, refuses_a_calibration_that_the_manifest_does_not_name)
{
    struct small_model m = staged;
    m.fault = SMALL_MODEL_CONFIDENCE;
    write_model("m", m);
    expect_refused("m", SOUK_EINTEGRITY, "model.h5: /confidence is not the one of the manifest");
}

Test(modelfile, refuses_levels_that_do_not_fit)
{
    static const struct {
        enum small_model_fault fault;
        souk_status status;
        const char *path, *reason;
    } cases[] = {
        {SMALL_MODEL_FAR_LEVEL, SOUK_EFORMAT, "far", "level 'kind' of item row 0 is out of range"},
        {SMALL_MODEL_OTHER_LEVEL, SOUK_EINTEGRITY, "other",
         "/levels is not the one of the manifest"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct souk_model *model = NULL;
        struct small_model m = staged;
        m.fault = cases[i].fault;
        write_model(cases[i].path, m);
        cr_assert_eq(souk_model_open(cases[i].path, &model, &err), cases[i].status);
        cr_expect_null(model);
        cr_expect(strstr(err.msg, cases[i].reason), "%s", err.msg);
    }
}

Test(modelfile, the_same_content_has_the_same_bytes_and_id)
{
    struct souk_model *a = NULL, *b = NULL, *c = NULL;
    struct small_model other = plain;
    other.seed = 6;
    write_model("a", plain);
    write_model("b", plain);
    write_model("c", other);
    cr_assert_eq(system("cmp a/part-0001.h5 b/part-0001.h5"), 0);
    cr_assert_eq(souk_model_open("a", &a, &err), SOUK_OK);
    cr_assert_eq(souk_model_open("b", &b, &err), SOUK_OK);
    cr_assert_eq(souk_model_open("c", &c, &err), SOUK_OK);
    cr_assert_str_eq(a->id, b->id);
    cr_assert_str_neq(a->id, c->id);
    souk_model_free(a);
    souk_model_free(b);
    souk_model_free(c);
}

Test(modelfile, empty_parts_and_models_without_factors_are_fine)
{
    write_model("few", (struct small_model){.users = 1, .items = 1, .factors = 8, .parts = 16});
    write_model("none", (struct small_model){.factors = 8, .parts = 3});
    write_model("popular", (struct small_model){.users = 5, .items = 9, .parts = 2});
    cr_assert_eq(souk_registry_verify("few", &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(souk_registry_verify("none", &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(souk_registry_verify("popular", &err), SOUK_OK, "%s", err.msg);
}

Test(modelfile, refuses_what_is_not_there)
{
    expect_refused("nowhere", SOUK_ENOTFOUND, "nowhere/model.h5");
    write_model("m", plain);
    cr_assert_eq(unlink("m/part-0002.h5"), 0);
    expect_refused("m", SOUK_ENOTFOUND, "m/part-0002.h5");
}

Test(modelfile, refuses_a_flipped_byte_anywhere)
{
    static const char *const files[] = {"m/model.h5", "m/part-0001.h5"};
    write_model("m", plain);
    for (int f = 0; f < 2; f++) {
        const long size = size_of(files[f]);
        for (long at = 0; at < size; at += at < 700 ? 13 : 911) {
            flip(files[f], at);
            cr_assert_neq(souk_registry_verify("m", &err), SOUK_OK, "%s: byte %ld", files[f], at);
            cr_assert_not_null(strstr(err.msg, files[f]), "%s", err.msg);
            flip(files[f], at);
        }
    }
    cr_assert_eq(souk_registry_verify("m", &err), SOUK_OK, "%s", err.msg);
}

Test(modelfile, refuses_a_truncated_part_of_any_length)
{
    write_model("m", plain);
    const long size = size_of("m/part-0000.h5");
    const long lengths[] = {size - 1, size / 2, 600, 512, 511, 10, 0};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        cr_assert_eq(truncate("m/part-0000.h5", lengths[i]), 0);
        expect_refused("m", SOUK_EINTEGRITY, "part-0000.h5");
    }
}

Test(modelfile, refuses_a_part_of_another_model)
{
    struct small_model other = plain;
    other.seed = 77;
    write_model("m", plain);
    write_model("other", other);
    cr_assert_eq(system("cp other/part-0001.h5 m/part-0001.h5"), 0);
    cr_assert_neq(souk_registry_verify("m", &err), SOUK_OK);
    cr_assert_not_null(strstr(err.msg, "part-0001.h5"), "%s", err.msg);
}

Test(modelfile, refuses_files_that_are_not_souks)
{
    write_model("m", plain);
    cr_assert_eq(system("head -c 4000 /dev/urandom > m/model.h5"), 0);
    expect_refused("m", SOUK_EFORMAT, "not a file of Souk's");
    cr_assert_eq(system(": > m/model.h5"), 0);
    expect_refused("m", SOUK_EFORMAT, "empty");
}

Test(modelfile, refuses_another_schema_version)
{
    struct small_model m = plain;
    m.fault = SMALL_MODEL_SCHEMA;
    write_model("m", m);
    expect_refused("m", SOUK_EVERSION, "schema version 9");
}

Test(modelfile, refuses_values_that_are_not_finite)
{
    struct small_model m = plain;
    m.fault = SMALL_MODEL_NAN;
    write_model("m", m);
    expect_refused("m", SOUK_EFORMAT, "not finite");
}

Test(modelfile, refuses_ids_out_of_order)
{
    struct small_model m = plain;
    m.fault = SMALL_MODEL_UNSORTED;
    write_model("m", m);
    expect_refused("m", SOUK_EFORMAT, "out of order");
}

Test(modelfile, refuses_histories_out_of_range)
{
    struct small_model m = plain;
    m.fault = SMALL_MODEL_FAR_ITEM;
    write_model("m", m);
    expect_refused("m", SOUK_EFORMAT, "history");
}

Test(modelfile, the_registry_publishes_rolls_back_and_refuses)
{
    struct small_model other = plain, bad = plain;
    struct souk_registry_version *versions = NULL;
    int number = 0, count = 0;
    other.seed = 6;
    bad.fault = SMALL_MODEL_NAN;
    write_model("a", plain);
    write_model("b", other);
    write_model("bad", bad);
    cr_assert_eq(souk_registry_publish("r", "a", &number, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(souk_registry_publish("r", "a", &number, &err), SOUK_EEXIST);
    cr_assert_eq(souk_registry_publish("r", "b", &number, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(number, 2);
    cr_assert_neq(souk_registry_publish("r", "bad", &number, &err), SOUK_OK);
    cr_assert_eq(souk_registry_rollback("r", 0, &number, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(number, 1);
    cr_assert_eq(souk_registry_list("r", &versions, &count, &err), SOUK_OK);
    cr_assert_eq(count, 2);
    cr_assert(versions[0].is_current && !versions[1].is_current);
    free(versions);
    flip("r/v000002/part-0000.h5", -1);
    cr_assert_neq(souk_registry_rollback("r", 2, &number, &err), SOUK_OK);
    cr_assert_eq(souk_registry_verify("r/current", &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(souk_registry_rollback("r", 9, &number, &err), SOUK_ENOTFOUND);
}
