#include "tests/support/later_case.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "/tmp/souk-laterXXXXXX"

static char folder[] = FOLDER;
struct small_fleet later_fleet;

const struct small_model later_als = {
    .users = 60, .items = 200, .factors = 20, .parts = 8, .seed = 5};
const struct small_model later_ease = {
    .users = 60, .items = 200, .parts = 5, .neighbours = 30, .seed = 6};
const struct small_model later_popular = {.users = 60, .items = 200, .parts = 5, .seed = 7};
const struct small_model later_staged = {
    .users = 60, .items = 200, .parts = 6, .stages = true, .seed = 8};

struct souk_recent_event later_did[LATER_DID] = {
    {"i3", "view", 1500, 0},   {"i7", "view", 1600, 0},        {"i7", "addtocart", 1700, 0},
    {"none", "view", 1800, 0}, {"i7", "transaction", 1900, 3}, {"i11", "wish", 1950, 0},
    {"i150", "view", 2000, 0}, {"i3", "view", 4000, 0}};

const char *later_model(const struct small_model *m)
{
    static char path[64];
    struct souk_error err = {0};
    cr_assert(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/model", folder);
    cr_assert_eq(small_model_write(path, m, &err), SOUK_OK, "%s", err.msg);
    return path;
}

void later_clean(void)
{
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_expect_eq(system(command), 0);
    strcpy(folder, FOLDER);
}

void later_store(const char *user, struct souk_recent_event *events, int count)
{
    later_fleet.store.user = user;
    later_fleet.store.events = events;
    later_fleet.store.count = count;
}

void later_write(struct souk_writer *w, const char *operation, const char *user,
                 const struct souk_recent_event *events, int count)
{
    const bool listed = strcmp(operation, "recommend") == 0;
    souk_writer_map(w, 3 + (listed ? 2 : 0) + (count > 0));
    souk_writer_put_int(w, "v", SOUK_WIRE_VERSION);
    souk_writer_put_string(w, "op", operation);
    souk_writer_put_string(w, "user", user);
    if (listed) {
        souk_writer_put_int(w, "n", LATER_N);
        souk_writer_put_int(w, "moment_ms", LATER_MOMENT_MS);
    }
    if (count > 0) {
        souk_writer_key(w, "events");
        souk_writer_array(w, (size_t)count);
    }
    for (int e = 0; e < count; e++) {
        souk_writer_map(w, 4);
        souk_writer_put_string(w, "item", events[e].item);
        souk_writer_put_string(w, "type", events[e].type);
        souk_writer_put_int(w, "ms", events[e].ms);
        souk_writer_put_real(w, "value", events[e].value);
    }
}

int64_t later_ask(const char *operation, const char *user, const struct souk_recent_event *events,
                  int count)
{
    struct souk_writer w;
    souk_writer_init(&w);
    later_write(&w, operation, user, events, count);
    const int64_t status = small_fleet_ask(&later_fleet, &w);
    souk_writer_fini(&w);
    return status;
}
