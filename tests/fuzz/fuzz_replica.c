/* A replica of a small two-stage model: whatever the request, a reply that can be read. What comes
 * is also taken for what a shard sends to a proxy. */
#include "serve/proxy/candidatemerge.h"
#include "serve/proxy/merge.h"
#include "serve/replica/handler.h"
#include "tests/support/small_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PARTS = 2 };

static struct souk_model *model;
static struct souk_shard shard;
static struct souk_stage_shard stages;
static struct souk_replica replica;

static void remove_model(const char *folder)
{
    char path[128];
    for (int part = 0; part < PARTS; part++) {
        snprintf(path, sizeof path, "%s/part-%04d.h5", folder, part);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/model.h5", folder);
    unlink(path);
    rmdir(folder);
}

/* One shard of two: some rows and ids belong to the other one. */
static void load(void)
{
    const struct small_model m = {
        .users = 9, .items = 60, .parts = PARTS, .seed = 3, .stages = true};
    char folder[64] = "/tmp/souk-fuzz-XXXXXX", path[80];
    struct souk_error err = {0};
    snprintf(path, sizeof path, "%s/m", mkdtemp(folder) ? folder : "");
    if (small_model_write(path, &m, &err) || souk_model_open(path, &model, &err) ||
        souk_shard_load(model, 0, 2, SOUK_MODEL_WHOLE, &shard, &err) ||
        souk_stage_shard_init(&stages, &shard, &err) ||
        souk_replica_init(&replica, model, &shard, &stages, 0, 2, 1, &err)) {
        fprintf(stderr, "fuzz_replica: %s\n", err.msg);
        exit(2);
    }
    remove_model(path);
    rmdir(folder);
}

/* Hits of a shard. */
static void merge_hits(const struct souk_message *m)
{
    struct souk_merge merge;
    if (souk_merge_init(&merge) == SOUK_OK && souk_merge_start(&merge, 20, 1) == SOUK_OK &&
        souk_merge_add(&merge, m)) {
        souk_merge_finish(&merge);
        souk_merge_keep_confident(&merge, .3);
    }
    souk_merge_fini(&merge);
}

/* A reply, or what is taken for one, as the hits and as the candidates of a shard. */
static void merge(const struct souk_message *m)
{
    struct souk_candidate_merge merge = {0};
    merge_hits(m);
    souk_candidate_merge_start(&merge);
    if (souk_candidate_merge_add(&merge, m) == SOUK_OK &&
        (souk_candidate_merge_finish(&merge) != SOUK_OK || merge.lists == 0))
        abort();
    souk_candidate_merge_fini(&merge);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct souk_request request;
    struct souk_writer reply;
    struct souk_message m;
    char reason[64];
    uint8_t *exact =
        malloc(size ? size : 1); /* of the very size, so that one byte beyond is seen */
    if (!model)
        load();
    if (!exact)
        return 0;
    if (size > 0)
        memcpy(exact, data, size);
    souk_writer_init(&reply);
    if (souk_request_parse(&request, exact, size, &reply))
        souk_replica_answer(&replica, 0, &request, &reply);
    souk_request_fini(&request);
    if (souk_message_parse(&m, reply.buffer.data, reply.buffer.size, reason, sizeof reason) !=
        SOUK_WIRE_OK)
        abort(); /* no reply, or one that no peer would take */
    merge(&m);
    souk_message_fini(&m);
    if (souk_message_parse(&m, exact, size, reason, sizeof reason) == SOUK_WIRE_OK)
        merge(&m);
    souk_message_fini(&m);
    souk_writer_fini(&reply);
    free(exact);
    return 0;
}
