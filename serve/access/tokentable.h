/** @file
 *  The tokens of a file, found by the digest of what a client sends.
 *
 *      digest -> its first 8 bytes, modulo the slots -> slots from there on, until an empty one
 *
 *  A digest is compared in constant time with every entry on the way, and at least once, known or
 *  not. What the way tells is of digests, and nobody can make a token for one.
 *  Shared by counting: a table lives until the last one has let it go.
 */
#ifndef SOUK_ACCESS_TOKENTABLE_H
#define SOUK_ACCESS_TOKENTABLE_H

#include "serve/access/ratelimit.h"
#include "serve/access/tokenlist.h"

#include <stdatomic.h>

/** An entry and what it has used. */
struct souk_token_state {
    struct souk_token_entry entry;
    struct souk_rate_limit limit;      /**< under the lock of whoever checks */
    _Atomic uint64_t admitted, denied; /**< requests: let in; refused for expiry, scope or rate */
};

struct souk_token_table {
    atomic_int users;
    int count;
    size_t mask;                     /**< slots - 1 */
    int *slots;                      /**< [mask + 1], indices into states; -1: empty */
    struct souk_token_state *states; /**< [count] */
};

/** @return with one user; NULL: no memory */
struct souk_token_table *souk_token_table_new(const struct souk_token_list *list) SOUK_MUST_CHECK;

struct souk_token_table *souk_token_table_hold(struct souk_token_table *t);
void souk_token_table_release(struct souk_token_table *t);

/** @return NULL: unknown */
struct souk_token_state *souk_token_table_find(const struct souk_token_table *t,
                                               const struct souk_token_digest *digest);

/** Take over what tokens that stay have used: of their rate, where that stays too, and their
 * counts, where the name does. */
void souk_token_table_inherit(struct souk_token_table *t, const struct souk_token_table *old);

#endif
