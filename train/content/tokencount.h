/** @file
 *  How many items of all ranks have a token. Each token is counted by the rank that its hash says.
 */
#ifndef SOUK_CONTENT_TOKENCOUNT_H
#define SOUK_CONTENT_TOKENCOUNT_H

#include "train/comm/comm.h"

#include <stdint.h>

struct souk_token_counts {
    size_t count;
    uint64_t *token; /**< [count], ascending: those of this rank */
    int64_t *items;  /**< [count], of all ranks */
    int64_t *slot;   /**< [mask + 1], index + 1 of the token that hashes there or before, 0: none */
    uint64_t mask;
};

/** Collective. @param tokens [count], of this rank's items, one for each item that has it; sorted
 *                            in place
 *  @param out empty with souk_token_counts_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_token_counts_all(const struct souk_comm *comm, uint64_t *tokens, size_t count,
                                  struct souk_token_counts *out,
                                  struct souk_error *err) SOUK_MUST_CHECK;
void souk_token_counts_fini(struct souk_token_counts *c);

/** Index of a token; -1 where no item of this rank has it. */
int64_t souk_token_counts_find(const struct souk_token_counts *c, uint64_t token);

#endif
