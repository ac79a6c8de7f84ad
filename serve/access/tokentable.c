#include "serve/access/tokentable.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

static size_t first_slot(const struct souk_token_table *t, const struct souk_token_digest *d)
{
    uint64_t word;
    memcpy(&word, d->bytes, sizeof word);
    return (size_t)word & t->mask;
}

static void put(struct souk_token_table *t, int index)
{
    size_t slot = first_slot(t, &t->states[index].entry.digest);
    while (t->slots[slot] >= 0)
        slot = (slot + 1) & t->mask;
    t->slots[slot] = index;
}

struct souk_token_table *souk_token_table_new(const struct souk_token_list *list)
{
    struct souk_token_table *t = souk_zalloc_array(1, sizeof *t);
    size_t slots = 4;
    if (!t)
        return NULL;
    while (slots < 2 * (size_t)list->count)
        slots *= 2;
    atomic_init(&t->users, 1);
    t->mask = slots - 1;
    t->slots = souk_alloc_array(slots, sizeof *t->slots);
    t->states = souk_zalloc_array((size_t)list->count, sizeof *t->states);
    if (!t->slots || !t->states) {
        souk_token_table_release(t);
        return NULL;
    }
    for (size_t s = 0; s < slots; s++)
        t->slots[s] = -1;
    for (; t->count < list->count; t->count++) {
        struct souk_token_state *state = &t->states[t->count];
        state->entry = list->entries[t->count];
        souk_rate_limit_init(&state->limit, state->entry.rate, state->entry.burst);
        put(t, t->count);
    }
    return t;
}

struct souk_token_table *souk_token_table_hold(struct souk_token_table *t)
{
    atomic_fetch_add(&t->users, 1);
    return t;
}

void souk_token_table_release(struct souk_token_table *t)
{
    if (!t || atomic_fetch_sub(&t->users, 1) > 1)
        return;
    free(t->slots);
    free(t->states);
    free(t);
}

struct souk_token_state *souk_token_table_find(const struct souk_token_table *t,
                                               const struct souk_token_digest *digest)
{
    static const struct souk_token_digest nobody;
    struct souk_token_state *found = NULL;
    for (size_t slot = first_slot(t, digest);; slot = (slot + 1) & t->mask) {
        struct souk_token_state *state = t->slots[slot] >= 0 ? &t->states[t->slots[slot]] : NULL;
        if (souk_token_digest_equal(state ? &state->entry.digest : &nobody, digest))
            found = state;
        if (!state)
            return found;
    }
}

void souk_token_table_inherit(struct souk_token_table *t, const struct souk_token_table *old)
{
    for (int i = 0; i < old->count; i++) {
        const struct souk_token_state *from = &old->states[i];
        struct souk_token_state *to = souk_token_table_find(t, &from->entry.digest);
        if (!to)
            continue;
        if (to->limit.gap_ns == from->limit.gap_ns && to->limit.burst == from->limit.burst)
            to->limit.full_ns = from->limit.full_ns;
        if (strcmp(to->entry.name, from->entry.name) == 0) {
            atomic_store(&to->admitted, atomic_load(&from->admitted));
            atomic_store(&to->denied, atomic_load(&from->denied));
        }
    }
}
