#include "serve/proxy/fleetview.h"

#include "shared/base/log.h"

#include <stdio.h>
#include <string.h>

/* The first reason stays, but a misfit weighs more than an absence. */
static void refuse(struct souk_view *v, enum souk_wire_status status, const char *text)
{
    if (v->status == SOUK_WIRE_OK ||
        (v->status != SOUK_WIRE_TOPOLOGY && status == SOUK_WIRE_TOPOLOGY)) {
        v->status = status;
        snprintf(v->reason, sizeof v->reason, "%s", text);
    }
}

/* ---- every shard has somebody ---- */

/* One replica that fits is enough: those that do not are not asked. */
static void check_shard(const struct souk_topology *t, int shard, struct souk_view *v)
{
    const struct souk_upstream *misfit = NULL;
    char text[sizeof v->reason];
    for (int i = 0; i < t->bound; i++) {
        const struct souk_upstream *u = &t->upstreams[i];
        if (!souk_upstream_is_member(u) || u->shard != shard || !u->facts.known)
            continue;
        if (!u->misfit)
            return;
        misfit = u;
    }
    if (misfit) {
        snprintf(text, sizeof text, "%s %s", misfit->caller.url, misfit->reason);
        refuse(v, SOUK_WIRE_TOPOLOGY, text);
    } else {
        snprintf(text, sizeof text, "no replica of shard %d has answered yet", shard);
        refuse(v, SOUK_WIRE_UNAVAILABLE, text);
    }
}

/* ---- every shard has the model ---- */

/* @return false: the replica has no say */
static bool vote_of(const struct souk_upstream *u, struct souk_version_vote *vote)
{
    const struct souk_replica_facts *f = &u->facts;
    *vote = (struct souk_version_vote){.shard = u->shard};
    for (int i = 0; i < f->version_count; i++) {
        if (f->versions[i].held) {
            vote->id[vote->count] = f->versions[i].model;
            vote->created_ms[vote->count++] = f->versions[i].created_ms;
        }
    }
    return souk_upstream_can_answer(u);
}

/* Whether the version in use may stay though not every shard holds it: the shards that do give
 * partial answers, and so does whoever comes back. */
static bool is_left(const struct souk_topology *t, int votes, const char *in_use)
{
    bool left = votes == 0 && in_use[0];
    for (int i = 0; i < t->bound && !left; i++) {
        const struct souk_upstream *u = &t->upstreams[i];
        left = in_use[0] && u->state == SOUK_SLOT_IN && !u->misfit && u->facts.alive &&
               souk_replica_facts_holds(&u->facts, in_use);
    }
    return left;
}

static void refuse_version(const struct souk_topology *t, struct souk_view *v, int votes)
{
    char text[256];
    const struct souk_version_vote *first = &t->votes[0];
    for (int i = 1; i < votes; i++) {
        const struct souk_version_vote *other = &t->votes[i];
        if (other->shard != first->shard && strcmp(other->id[0], first->id[0]) != 0) {
            snprintf(text, sizeof text, "shard %d serves model %s, shard %d serves %s",
                     other->shard, other->id[0], first->shard, first->id[0]);
            refuse(v, SOUK_WIRE_TOPOLOGY, text);
            return;
        }
    }
    refuse(v, SOUK_WIRE_UNAVAILABLE, "no replica is ready");
}

static void describe(const struct souk_topology *t, struct souk_view *v, const char *model)
{
    if (strcmp(model, t->view.model) == 0) { /* nobody may be left who knows what it was */
        memcpy(v->kind, t->view.kind, sizeof v->kind);
        v->parts = t->view.parts;
        v->catalogue = t->view.catalogue;
        v->sources = t->view.sources;
        v->created_ms = t->view.created_ms;
        v->data = t->view.data;
    }
    snprintf(v->model, sizeof v->model, "%s", model);
    for (int i = 0; i < t->bound; i++) {
        const struct souk_upstream *u = &t->upstreams[i];
        const struct souk_version_facts *f = souk_upstream_is_member(u) && !u->misfit
                                                 ? souk_replica_facts_of(&u->facts, model)
                                                 : NULL;
        if (f) {
            snprintf(v->kind, sizeof v->kind, "%s", f->kind);
            v->parts = f->parts;
            v->catalogue = f->catalogue;
            v->sources = f->sources;
            v->created_ms = f->created_ms;
            v->data = f->data;
        }
    }
}

static int take_votes(struct souk_topology *t)
{
    int votes = 0;
    for (int i = 0; i < t->bound; i++)
        votes += vote_of(&t->upstreams[i], &t->votes[votes]);
    return votes;
}

/* With a canary the version in use stays as long as every shard holds it. */
static const char *choose_version(const struct souk_topology *t, int votes, const char *in_use)
{
    const char *const chosen = souk_version_choose(t->votes, votes, in_use, "");
    const bool stays = t->canary_share > 0 && chosen && in_use[0] &&
                       souk_version_is_everywhere(t->votes, votes, in_use);
    if (stays || (!chosen && is_left(t, votes, in_use)))
        return in_use;
    return chosen;
}

/* The other version that every shard holds. */
static void take_canary(struct souk_topology *t, const struct souk_view *v, int votes)
{
    const char *const other = t->canary_share > 0 && v->status == SOUK_WIRE_OK
                                  ? souk_version_choose(t->votes, votes, "", v->model)
                                  : NULL;
    struct souk_view canary = {.status = SOUK_WIRE_OK};
    if (other)
        describe(t, &canary, other);
    if (strcmp(canary.model, t->canary.model) != 0)
        souk_log(SOUK_LOG_INFO, "canary", "model=%s before=%s share=%g", canary.model,
                 t->canary.model, t->canary_share);
    t->canary = canary;
}

static void take_version(struct souk_topology *t, struct souk_view *v, int votes)
{
    const char *const chosen = choose_version(t, votes, t->view.model);
    if (chosen)
        describe(t, v, chosen);
    else
        refuse_version(t, v, votes);
}

/* A replica that is away does not change what it was. */
void souk_fleetview_compose(struct souk_topology *t)
{
    struct souk_view v = {.status = SOUK_WIRE_OK};
    const int votes = take_votes(t);
    for (int s = 0; s < t->shards; s++)
        check_shard(t, s, &v);
    take_version(t, &v, votes);
    if (v.status != SOUK_WIRE_OK && !t->view.model[0])
        v.model[0] = '\0'; /* nobody was answered from it: it has no claim to stay */
    if (v.status == SOUK_WIRE_TOPOLOGY && strcmp(v.reason, t->view.reason) != 0)
        souk_log(SOUK_LOG_WARN, "topology", "reason=\"%s\"", v.reason);
    if (v.model[0] && t->view.model[0] && strcmp(v.model, t->view.model) != 0)
        souk_log(SOUK_LOG_INFO, "version", "model=%s before=%s", v.model, t->view.model);
    take_canary(t, &v, votes);
    t->view = v;
    souk_topology_update_limit(t);
}
