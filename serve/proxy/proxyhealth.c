#include "serve/proxy/proxyhealth.h"

#include <stdlib.h>

static void put_state(struct souk_job *j)
{
    souk_writer_put_string(j->reply, "role", "proxy");
    souk_writer_put_string(j->reply, "state",
                           j->view.status == SOUK_WIRE_OK ? "ready"
                                                          : souk_wire_status_name(j->view.status));
}

/* Whether requests are answered, for who may know no more. */
static void health_in_short(struct souk_job *j)
{
    souk_reply_begin(j->reply, j->request, NULL, 2);
    put_state(j);
}

/* The version in use; none, where there is none yet. */
static void put_version(struct souk_writer *w, const struct souk_view *v)
{
    souk_writer_key(w, "versions");
    souk_writer_array(w, v->model[0] != '\0');
    if (!v->model[0])
        return;
    souk_writer_map(w, 10);
    souk_writer_put_string(w, "model", v->model);
    souk_writer_put_string(w, "kind", v->kind);
    souk_writer_put_int(w, "created_ms", v->created_ms);
    souk_writer_put_int(w, "catalogue", v->catalogue);
    souk_writer_put_int(w, "users", v->data.users);
    souk_writer_put_int(w, "events", v->data.events);
    souk_writer_put_int(w, "from_ms", v->data.from_ms);
    souk_writer_put_int(w, "until_ms", v->data.until_ms);
    souk_writer_put_bool(w, "prices", v->data.prices);
    souk_writer_put_bool(w, "availability", v->data.availability);
}

static void health_in_full(struct souk_job *j)
{
    struct souk_replica_report *replicas;
    int count;
    if (souk_topology_replicas(j->topology, &replicas, &count, NULL) != SOUK_OK) {
        souk_reply_error(j->reply, j->request, SOUK_WIRE_INTERNAL, "no memory");
        return;
    }
    souk_reply_begin(j->reply, j->request, j->view.model, 7);
    put_state(j);
    souk_writer_put_string(j->reply, "reason", j->view.reason);
    souk_writer_put_int(j->reply, "shards", souk_topology_shards(j->topology));
    souk_writer_put_int(j->reply, "catalogue", j->view.catalogue);
    put_version(j->reply, &j->view);
    souk_writer_key(j->reply, "replicas");
    souk_writer_array(j->reply, (size_t)count);
    for (int i = 0; i < count; i++) {
        const struct souk_replica_facts *facts = &replicas[i].facts;
        souk_writer_map(j->reply, 5);
        souk_writer_put_string(j->reply, "address", replicas[i].address);
        souk_writer_put_int(j->reply, "shard", replicas[i].shard);
        souk_writer_put_bool(j->reply, "up", facts->alive);
        souk_writer_put_bool(j->reply, "ready", facts->alive && facts->ready);
        souk_writer_put_string(j->reply, "model",
                               facts->version_count > 0 ? facts->versions[0].model : "");
    }
    free(replicas);
}

void souk_job_health(struct souk_job *j, bool in_full)
{
    (in_full ? health_in_full : health_in_short)(j);
}
