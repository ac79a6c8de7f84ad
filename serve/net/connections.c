#include "serve/net/connections.h"

#include "shared/base/memory.h"

#include <stdlib.h>

enum { SLOTS_MIN = 64, SLOTS_MAX = 1 << 24 };

void souk_connections_init(struct souk_connections *c, size_t max)
{
    *c = (struct souk_connections){.max = max};
}

void souk_connections_fini(struct souk_connections *c)
{
    free(c->slots);
    *c = (struct souk_connections){0};
}

/* nng's numbers ascend from a random one: an odd factor spreads them. */
static size_t home_of(const struct souk_connections *c, uint32_t number)
{
    return (size_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> 32) & c->mask;
}

/* The slot of a connection, or the empty one where it would go. */
static size_t find(const struct souk_connections *c, uint32_t number)
{
    size_t i = home_of(c, number);
    while (c->slots[i].number != 0 && c->slots[i].number != number)
        i = (i + 1) & c->mask;
    return i;
}

static struct souk_connection *get(const struct souk_connections *c, uint32_t number)
{
    if (!c->slots)
        return NULL;
    struct souk_connection *found = &c->slots[find(c, number)];
    return found->number ? found : NULL;
}

static souk_status grow(struct souk_connections *c)
{
    struct souk_connections larger = *c;
    const size_t slots = c->slots ? 2 * (c->mask + 1) : SLOTS_MIN;
    if (slots > SLOTS_MAX)
        return SOUK_ELIMIT;
    larger.slots = souk_zalloc_array(slots, sizeof *larger.slots);
    larger.mask = slots - 1;
    if (!larger.slots)
        return SOUK_ENOMEM;
    for (size_t i = 0; c->slots && i <= c->mask; i++)
        if (c->slots[i].number)
            larger.slots[find(&larger, c->slots[i].number)] = c->slots[i];
    free(c->slots);
    *c = larger;
    return SOUK_OK;
}

souk_status souk_connections_admit(struct souk_connections *c, uint32_t number, uint64_t peer,
                                   int64_t now_us)
{
    souk_status status = SOUK_OK;
    if (c->max > 0 && c->count >= c->max)
        return SOUK_ELIMIT;
    if (!c->slots || 2 * (c->count + 1) > c->mask + 1)
        status = grow(c);
    if (!status) {
        c->slots[find(c, number)] =
            (struct souk_connection){.number = number, .peer = peer, .used_us = now_us};
        c->count++;
    }
    return status;
}

void souk_connections_open(struct souk_connections *c, uint32_t number)
{
    struct souk_connection *found = get(c, number);
    if (found && !found->open) {
        found->open = true;
        c->open++;
    }
}

/* Those behind a slot that was emptied move up, where they may, so that no search ends early. */
static void close_gap(struct souk_connections *c, size_t gap)
{
    size_t i = gap;
    for (;;) {
        i = (i + 1) & c->mask;
        if (c->slots[i].number == 0)
            break;
        const size_t home = home_of(c, c->slots[i].number);
        if (((i - home) & c->mask) >= ((i - gap) & c->mask)) {
            c->slots[gap] = c->slots[i];
            gap = i;
        }
    }
    c->slots[gap] = (struct souk_connection){.number = 0};
}

bool souk_connections_leave(struct souk_connections *c, uint32_t number, bool *was_open)
{
    const struct souk_connection *found = get(c, number);
    *was_open = found && found->open;
    if (!found)
        return false;
    c->count--;
    c->open -= found->open;
    close_gap(c, (size_t)(found - c->slots));
    return true;
}

void souk_connections_use(struct souk_connections *c, uint32_t number, int change, int64_t now_us)
{
    struct souk_connection *found = get(c, number);
    if (found) {
        found->busy += change;
        found->used_us = now_us;
    }
}

size_t souk_connections_idle(const struct souk_connections *c, int64_t before_us, uint32_t *numbers,
                             size_t max)
{
    size_t found = 0;
    for (size_t i = 0; c->slots && i <= c->mask && found < max; i++) {
        const struct souk_connection *s = &c->slots[i];
        if (s->number && s->open && s->busy == 0 && s->used_us <= before_us)
            numbers[found++] = s->number;
    }
    return found;
}

void souk_connections_peers(const struct souk_connections *c, uint64_t *peers)
{
    for (size_t i = 0; c->slots && i <= c->mask; i++)
        if (c->slots[i].number)
            *peers++ = c->slots[i].peer;
}
