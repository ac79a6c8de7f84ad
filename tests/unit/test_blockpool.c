/* Chains of blocks beside plain copies of what is in them. */
#include "serve/proxy/blockpool.h"

#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <string.h>

enum { BLOCKS = 200, CHAINS = 30, SIZE_MAX_BYTES = 2000 };

static struct souk_blockpool pool;

static struct {
    uint32_t chain; /* SOUK_BLOCK_NONE: none */
    size_t size;
    unsigned char content[SIZE_MAX_BYTES];
} list[CHAINS];

static uint64_t draw(uint64_t step, uint64_t column, uint64_t below)
{
    return souk_random_bits(11, step, column) % below;
}

/* A range of a content of this size. */
static size_t draw_range(uint64_t step, size_t size, size_t *len)
{
    const size_t offset = draw(step, 8, size + 1);
    *len = draw(step, 9, size - offset + 1);
    return offset;
}

static void take(int k, uint64_t step)
{
    const size_t size = draw(step, 2, SIZE_MAX_BYTES) + 1, blocks = souk_blockpool_needed(size);
    cr_assert(blocks * SOUK_BLOCK_CONTENT >= size && (blocks - 1) * SOUK_BLOCK_CONTENT < size);
    if (blocks > pool.count - pool.used)
        return;
    list[k].chain = souk_blockpool_take(&pool, blocks);
    list[k].size = size;
    for (size_t i = 0; i < size; i++)
        list[k].content[i] = (unsigned char)souk_random_bits(step, i, 0);
    souk_blockpool_write(&pool, list[k].chain, 0, list[k].content, size);
}

static void check(int k, uint64_t step)
{
    unsigned char read[SIZE_MAX_BYTES];
    size_t len;
    const size_t offset = draw_range(step, list[k].size, &len);
    souk_blockpool_read(&pool, list[k].chain, offset, read, len);
    cr_assert_eq(memcmp(read, list[k].content + offset, len), 0);
    cr_assert(souk_blockpool_equals(&pool, list[k].chain, offset, read, len));
    if (len > 0) {
        read[draw(step, 3, len)] ^= 1;
        cr_assert_not(souk_blockpool_equals(&pool, list[k].chain, offset, read, len));
    }
}

static void rewrite(int k, uint64_t step)
{
    size_t len;
    const size_t offset = draw_range(step, list[k].size, &len);
    memset(list[k].content + offset, (int)step, len);
    souk_blockpool_write(&pool, list[k].chain, offset, list[k].content + offset, len);
}

Test(blockpool, chains_hold_what_was_written)
{
    uint64_t fullest = 0;
    cr_assert_eq(souk_blockpool_init(&pool, BLOCKS), SOUK_OK);
    for (int k = 0; k < CHAINS; k++)
        list[k].chain = SOUK_BLOCK_NONE;
    for (uint64_t step = 0; step < 100000; step++) {
        const int k = (int)draw(step, 0, CHAINS);
        size_t used = 0;
        if (list[k].chain == SOUK_BLOCK_NONE) {
            take(k, step);
        } else if (draw(step, 1, 4) == 0) {
            souk_blockpool_give(&pool, list[k].chain);
            list[k].chain = SOUK_BLOCK_NONE;
        } else {
            check(k, step);
            rewrite(k, step);
        }
        for (int i = 0; i < CHAINS; i++)
            used += list[i].chain != SOUK_BLOCK_NONE ? souk_blockpool_needed(list[i].size) : 0;
        cr_assert_eq(pool.used, used, "step %d", (int)step);
        fullest = used > fullest ? used : fullest;
    }
    cr_expect_gt(fullest, BLOCKS * 95 / 100);
    souk_blockpool_fini(&pool);
}

Test(blockpool, all_blocks_can_be_taken_whatever_was_before)
{
    cr_assert_eq(souk_blockpool_init(&pool, 7), SOUK_OK);
    for (int round = 0; round < 3; round++) {
        uint32_t chains[3];
        for (size_t i = 0; i < 3; i++)
            chains[i] = souk_blockpool_take(&pool, i + 1);
        cr_expect_eq(pool.used, 6);
        for (int i = 0; i < 3; i++)
            souk_blockpool_give(&pool, chains[i]);
        cr_expect_eq(pool.used, 0);
        souk_blockpool_give(&pool, souk_blockpool_take(&pool, 7));
    }
    souk_blockpool_fini(&pool);
}

Test(blockpool, nothing_takes_a_block_too)
{
    cr_expect_eq(souk_blockpool_needed(0), 1);
    cr_expect_eq(souk_blockpool_needed(1), 1);
    cr_expect_eq(souk_blockpool_needed(SOUK_BLOCK_CONTENT), 1);
    cr_expect_eq(souk_blockpool_needed(SOUK_BLOCK_CONTENT + 1), 2);
}
