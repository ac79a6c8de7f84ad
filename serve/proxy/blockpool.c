#include "serve/proxy/blockpool.h"

#include "shared/base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

souk_status souk_blockpool_init(struct souk_blockpool *p, uint32_t count)
{
    *p = (struct souk_blockpool){.count = count, .given = SOUK_BLOCK_NONE};
    p->blocks = souk_alloc_array(count, sizeof *p->blocks);
    return p->blocks ? SOUK_OK : SOUK_ENOMEM;
}

void souk_blockpool_fini(struct souk_blockpool *p)
{
    free(p->blocks);
    *p = (struct souk_blockpool){.blocks = NULL};
}

static uint32_t take_one(struct souk_blockpool *p)
{
    if (p->given == SOUK_BLOCK_NONE)
        return p->fresh++;
    const uint32_t block = p->given;
    p->given = p->blocks[block].next;
    return block;
}

uint32_t souk_blockpool_take(struct souk_blockpool *p, size_t count)
{
    uint32_t chain = SOUK_BLOCK_NONE;
    assert(count > 0 && count <= p->count - p->used);
    for (size_t i = 0; i < count; i++) {
        const uint32_t block = take_one(p);
        p->blocks[block].next = chain;
        chain = block;
    }
    p->used += (uint32_t)count;
    return chain;
}

void souk_blockpool_give(struct souk_blockpool *p, uint32_t chain)
{
    uint32_t last = chain;
    p->used--;
    for (; p->blocks[last].next != SOUK_BLOCK_NONE; last = p->blocks[last].next)
        p->used--;
    p->blocks[last].next = p->given;
    p->given = chain;
}

/* The piece of a chain from an offset on that lies in one block. */
static unsigned char *piece_at(const struct souk_blockpool *p, uint32_t *chain, size_t *offset,
                               size_t len, size_t *size)
{
    while (*offset >= SOUK_BLOCK_CONTENT) {
        *chain = p->blocks[*chain].next;
        *offset -= SOUK_BLOCK_CONTENT;
    }
    *size = SOUK_BLOCK_CONTENT - *offset < len ? SOUK_BLOCK_CONTENT - *offset : len;
    return p->blocks[*chain].content + *offset;
}

void souk_blockpool_write(struct souk_blockpool *p, uint32_t chain, size_t offset,
                          const void *bytes, size_t len)
{
    for (size_t done = 0, size; done < len; done += size, offset += size) {
        unsigned char *piece = piece_at(p, &chain, &offset, len - done, &size);
        memcpy(piece, (const char *)bytes + done, size);
    }
}

void souk_blockpool_read(const struct souk_blockpool *p, uint32_t chain, size_t offset, void *bytes,
                         size_t len)
{
    for (size_t done = 0, size; done < len; done += size, offset += size) {
        const unsigned char *piece = piece_at(p, &chain, &offset, len - done, &size);
        memcpy((char *)bytes + done, piece, size);
    }
}

bool souk_blockpool_equals(const struct souk_blockpool *p, uint32_t chain, size_t offset,
                           const void *bytes, size_t len)
{
    bool same = true;
    for (size_t done = 0, size; done < len && same; done += size, offset += size) {
        const unsigned char *piece = piece_at(p, &chain, &offset, len - done, &size);
        same = memcmp(piece, (const char *)bytes + done, size) == 0;
    }
    return same;
}
