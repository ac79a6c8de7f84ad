/* souk-proxyctl add, drain, undrain, remove. */
#include "serve/proxyctl/proxyctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is(const char *command, const char *name)
{
    return strcmp(command, name) == 0;
}

static void write_request(struct souk_writer *w, const struct souk_proxies *proxies,
                          const struct souk_proxyctl *o, const char *command, int64_t shard,
                          const char *address)
{
    const bool adds = is(command, "add"), removes = is(command, "remove");
    souk_proxies_begin(proxies, w,
                       adds      ? "add"
                       : removes ? "remove"
                                 : "drain",
                       adds      ? 2
                       : removes ? 3
                                 : 4);
    souk_writer_put_string(w, "address", address);
    if (adds) {
        souk_writer_put_int(w, "shard", shard);
        return;
    }
    souk_writer_put_bool(w, "force", o->force);
    souk_writer_put_int(w, "wait_ms", o->wait_ms);
    if (!removes)
        souk_writer_put_bool(w, "on", is(command, "drain"));
}

/* A replica may lack the model that the others answer from. */
static bool lacks_the_model(const struct souk_fleet_status *s, const char *address)
{
    for (int i = 0; i < s->count; i++) {
        const struct souk_replica_status *r = &s->replicas[i];
        bool holds = s->model[0] == '\0' || !is(r->address, address);
        for (int k = 0; k < r->model_count; k++)
            holds |= is(r->model[k], s->model);
        if (!holds)
            return true;
    }
    return false;
}

struct change {
    const char *command, *address;
};

/* One line: the proxy, then what has become of the replica. */
static souk_status print_reply(void *context, const char *url, const struct souk_message *reply,
                               struct souk_error *err)
{
    const struct change *c = context;
    const char *const command = c->command, *const address = c->address;
    struct souk_fleet_status fleet;
    int64_t outstanding = 0;
    souk_status status = souk_fleet_status_read(reply, &fleet, err);
    if (status)
        return souk_error_prefix(err, status, "%s", url);
    if (!souk_message_int(reply, "outstanding", 0, INT64_MAX, &outstanding))
        outstanding = 0;
    printf("%s %s %s", url,
           is(command, "add")       ? "added"
           : is(command, "remove")  ? "removed"
           : is(command, "undrain") ? "undrained"
                                    : "drained",
           address);
    if (outstanding > 0)
        printf(", %lld requests are still under way", (long long)outstanding);
    if (is(command, "add") && lacks_the_model(&fleet, address))
        printf(", which is not asked yet: it does not hold model %s", fleet.model);
    putchar('\n');
    souk_fleet_status_fini(&fleet);
    return SOUK_OK;
}

static souk_status parse_shard(const char *text, int64_t *shard, struct souk_error *err)
{
    char *end = NULL;
    *shard = *text >= '0' && *text <= '9' && strlen(text) < 10 ? strtol(text, &end, 10) : -1;
    return *shard >= 0 && *end == '\0'
               ? SOUK_OK
               : souk_fail(err, SOUK_EUSAGE, "'%s' is not the number of a shard", text);
}

souk_status souk_proxyctl_change(const struct souk_proxyctl *o, const char *command,
                                 const char *shard, const char *address, struct souk_error *err)
{
    struct souk_proxies proxies = {0};
    struct souk_writer request;
    int64_t number = -1;
    souk_status status = is(command, "add") ? parse_shard(shard, &number, err) : SOUK_OK;
    if (status)
        return status;
    souk_writer_init(&request);
    status = souk_proxies_open(o, &proxies, err);
    write_request(&request, &proxies, o, command, number, address);
    if (!status)
        status = souk_proxies_tell(&proxies, &request, o->timeout_ms + o->wait_ms, print_reply,
                                   &(struct change){command, address}, err);
    souk_proxies_close(&proxies);
    souk_writer_fini(&request);
    return status;
}
