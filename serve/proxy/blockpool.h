/** @file
 *  Memory of a fixed size in blocks of one size. What is stored is a chain of them, of any length,
 *  and what is given back fits whatever comes next: nothing is lost to gaps.
 *
 *      chain 7 -> 3 -> 12        124 bytes of content in each, and the number of the next one
 *
 *  Not thread-safe. Pages are touched when their blocks are first taken.
 */
#ifndef SOUK_PROXY_BLOCKPOOL_H
#define SOUK_PROXY_BLOCKPOOL_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SOUK_BLOCK_CONTENT = 124 };

/** Number of no block. */
#define SOUK_BLOCK_NONE UINT32_MAX

struct souk_block {
    _Alignas(8) unsigned char content[SOUK_BLOCK_CONTENT];
    uint32_t next;
};

struct souk_blockpool {
    struct souk_block *blocks; /**< [count] */
    uint32_t count, used;
    uint32_t fresh; /**< blocks from here on were never taken */
    uint32_t given; /**< the first of those that were given back, a chain */
};

/** @param count below SOUK_BLOCK_NONE @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_blockpool_init(struct souk_blockpool *p, uint32_t count) SOUK_MUST_CHECK;
void souk_blockpool_fini(struct souk_blockpool *p);

/** Blocks of a chain that holds so many bytes, at least one. */
static inline size_t souk_blockpool_needed(size_t size)
{
    return size > 0 ? (size + SOUK_BLOCK_CONTENT - 1) / SOUK_BLOCK_CONTENT : 1;
}

/** Take a chain of so many blocks. @param count at least 1, at most count - used of the pool
 *  @return the first one's number */
uint32_t souk_blockpool_take(struct souk_blockpool *p, size_t count);
void souk_blockpool_give(struct souk_blockpool *p, uint32_t chain);

/** The content of a chain's first block: SOUK_BLOCK_CONTENT bytes, aligned to 8. */
static inline void *souk_blockpool_at(const struct souk_blockpool *p, uint32_t chain)
{
    return p->blocks[chain].content;
}

/** Copy into or out of a chain, or compare with it, from an offset into its content on.
 *  @param offset, len within the chain */
void souk_blockpool_write(struct souk_blockpool *p, uint32_t chain, size_t offset,
                          const void *bytes, size_t len);
void souk_blockpool_read(const struct souk_blockpool *p, uint32_t chain, size_t offset, void *bytes,
                         size_t len);
bool souk_blockpool_equals(const struct souk_blockpool *p, uint32_t chain, size_t offset,
                           const void *bytes, size_t len);

#endif
