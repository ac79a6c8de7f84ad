#include "serve/events/attribution.h"

#include "serve/events/eventclass.h"
#include "shared/base/memory.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REVENUE_DECIMALS = 2, REVENUE_MAX = 1000000000 };

struct slot {
    char model[SOUK_EVENT_MODEL_MAX + 1], arm[SOUK_EVENT_ARM_MAX + 1];
    uint64_t used; /* when an answer was counted last, in answers */
    int64_t answers, events[SOUK_CLASSES], revenue; /* revenue in hundredths */
};

struct souk_attribution {
    pthread_mutex_t lock;
    uint64_t clock;
    int count;
    struct slot slots[SOUK_ATTRIBUTION_SLOTS + 1]; /* the last one: others */
};

static struct slot *others(struct souk_attribution *a)
{
    return &a->slots[SOUK_ATTRIBUTION_SLOTS];
}

static struct slot *find(struct souk_attribution *a, const char *model, const char *arm)
{
    for (int i = 0; i < a->count; i++)
        if (strcmp(a->slots[i].model, model) == 0 && strcmp(a->slots[i].arm, arm) == 0)
            return &a->slots[i];
    return NULL;
}

static struct slot *oldest(struct souk_attribution *a)
{
    struct slot *slot = &a->slots[0];
    for (int i = 1; i < a->count; i++)
        if (a->slots[i].used < slot->used)
            slot = &a->slots[i];
    return slot;
}

/* A place of its own for a model that has answered. */
static struct slot *make(struct souk_attribution *a, const char *model, const char *arm)
{
    struct slot *slot = a->count < SOUK_ATTRIBUTION_SLOTS ? &a->slots[a->count++] : oldest(a);
    *slot = (struct slot){.used = 0};
    snprintf(slot->model, sizeof slot->model, "%s", model);
    snprintf(slot->arm, sizeof slot->arm, "%s", arm);
    return slot;
}

void souk_attribution_count_answer(struct souk_attribution *a, const char *model, const char *arm)
{
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    struct slot *slot = find(a, model, arm);
    if (!slot)
        slot = make(a, model, arm);
    slot->used = ++a->clock;
    slot->answers++;
    pthread_mutex_unlock(&a->lock);
}

static int64_t hundredths(double value)
{
    const double bounded = value > -REVENUE_MAX && value < REVENUE_MAX ? value : 0;
    return llround(bounded * 100);
}

void souk_attribution_count_event(struct souk_attribution *a, const struct souk_event_record *event)
{
    if (!a || event->request_id[0] == '\0')
        return;
    const enum souk_event_class class = souk_event_class_of(event->type);
    pthread_mutex_lock(&a->lock);
    struct slot *slot = find(a, event->model, event->arm);
    if (!slot)
        slot = others(a);
    slot->events[class]++;
    if (class == SOUK_CLASS_PURCHASE)
        slot->revenue += hundredths(event->value);
    pthread_mutex_unlock(&a->lock);
}

/* ---- telling ---- */

static void write_answers(const struct slot *s, struct souk_exposition *e)
{
    const struct souk_label labels[] = {{"model", s->model}, {"arm", s->arm}, {0}};
    souk_exposition_integer(e, "", labels, s->answers, 0);
}

static void write_events(const struct slot *s, struct souk_exposition *e)
{
    for (int c = 0; c < SOUK_CLASSES; c++) {
        const struct souk_label labels[] = {
            {"model", s->model},
            {"arm", s->arm},
            {"class", souk_event_class_name((enum souk_event_class)c)},
            {0}};
        souk_exposition_integer(e, "", labels, s->events[c], 0);
    }
}

static void write_revenue(const struct slot *s, struct souk_exposition *e)
{
    const struct souk_label labels[] = {{"model", s->model}, {"arm", s->arm}, {0}};
    souk_exposition_integer(e, "", labels, s->revenue, REVENUE_DECIMALS);
}

static void write_family(struct souk_attribution *a, struct souk_exposition *e,
                         void (*write)(const struct slot *s, struct souk_exposition *e))
{
    for (int i = 0; i < a->count; i++)
        write(&a->slots[i], e);
    write(others(a), e);
}

static void collect(void *context, struct souk_exposition *e)
{
    struct souk_attribution *a = context;
    pthread_mutex_lock(&a->lock);
    souk_exposition_family(e, "souk_recommendations_total", SOUK_METRIC_COUNTER,
                           "Answers with a list, by the model and the arm that made them.");
    write_family(a, e, write_answers);
    souk_exposition_family(e, "souk_attributed_events_total", SOUK_METRIC_COUNTER,
                           "Events that name the recommendation that led to them, by its model and "
                           "arm, and what was done.");
    write_family(a, e, write_events);
    souk_exposition_family(e, "souk_attributed_revenue_total", SOUK_METRIC_COUNTER,
                           "Values of the purchases among them.");
    write_family(a, e, write_revenue);
    pthread_mutex_unlock(&a->lock);
}

struct souk_attribution *souk_attribution_new(struct souk_metrics *registry)
{
    struct souk_attribution *a = souk_zalloc_array(1, sizeof *a);
    if (!a)
        return NULL;
    pthread_mutex_init(&a->lock, NULL);
    snprintf(others(a)->model, sizeof others(a)->model, "other");
    souk_metrics_collect(registry, collect, a);
    return a;
}

void souk_attribution_free(struct souk_attribution *a)
{
    if (!a)
        return;
    pthread_mutex_destroy(&a->lock);
    free(a);
}
