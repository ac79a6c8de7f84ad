/* Lists of candidates from any number of shards: those of one, and what no shard sends refused. */
#include "serve/proxy/candidatemerge.h"
#include "shared/base/random.h"
#include "shared/data/idtable.h"
#include "shared/wire/writer.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LISTS = 3, HEADS = 2, ITEMS = 400, SHARDS_MAX = 4, ID_BYTES = 8 };
static const int quota[LISTS] = {20, 0, 35};

static char ids[ITEMS][ID_BYTES];
static struct souk_candidate_merge merge;
static struct souk_writer writer[SHARDS_MAX];
static struct souk_message message[SHARDS_MAX];

static void prepare(void)
{
    for (int i = 0; i < ITEMS; i++)
        snprintf(ids[i], sizeof ids[i], "i%d", i * 7919 % 1000);
    for (int s = 0; s < SHARDS_MAX; s++)
        souk_writer_init(&writer[s]);
}

static void clean_up(void)
{
    souk_candidate_merge_fini(&merge);
    for (int s = 0; s < SHARDS_MAX; s++)
        souk_writer_fini(&writer[s]);
}

TestSuite(candidatemerge, .init = prepare, .fini = clean_up);

/* Coarse, so that scores tie across shards. */
static float score_of(int list, int item)
{
    return (float)(souk_random_bits(1, (uint64_t)list, (uint64_t)item) % 40) / 8;
}

/* The best of the items i with i mod shards = shard. */
static void fill_lists(int shard, int shards, struct souk_topk *lists)
{
    for (int l = 0; l < LISTS; l++) {
        cr_assert_eq(souk_topk_init(&lists[l], quota[l]), SOUK_OK);
        for (int i = shard; i < ITEMS; i += shards) {
            const struct souk_hit hit = {score_of(l, i), i, ids[i]};
            if (hit.score > 0)
                souk_topk_offer(&lists[l], &hit);
        }
        souk_topk_sort(&lists[l]);
    }
}

/* A reply as a replica writes it, in pieces that a test may spoil. */
struct pieces {
    int64_t heads;
    int32_t quotas[LISTS], counts[LISTS];
    int64_t rows[200];
    float scores[200];
    char text[200 * ID_BYTES];
    size_t lists, hits, scored, bytes;
};

static void take_pieces(int shard, int shards, struct pieces *p)
{
    struct souk_topk lists[LISTS];
    *p = (struct pieces){.heads = HEADS, .lists = LISTS};
    fill_lists(shard, shards, lists);
    for (int l = 0; l < LISTS; l++) {
        p->quotas[l] = quota[l];
        p->counts[l] = lists[l].count;
        for (int h = 0; h < lists[l].count; h++) {
            p->rows[p->hits] = lists[l].hits[h].item;
            p->scores[p->hits++] = lists[l].hits[h].score;
            p->bytes += (size_t)snprintf(p->text + p->bytes, ID_BYTES, "%s", lists[l].hits[h].id);
            p->bytes++;
        }
        souk_topk_fini(&lists[l]);
    }
    p->scored = p->hits;
}

static souk_status add(int shard, const struct pieces *p)
{
    struct souk_writer *w = &writer[shard];
    char reason[64];
    souk_writer_clear(w);
    souk_writer_map(w, 6);
    souk_writer_put_int(w, "heads", p->heads);
    souk_writer_put_binary(w, "quotas", p->quotas, p->lists * sizeof *p->quotas);
    souk_writer_put_binary(w, "counts", p->counts, p->lists * sizeof *p->counts);
    souk_writer_put_binary(w, "rows", p->rows, p->hits * sizeof *p->rows);
    souk_writer_put_binary(w, "scores", p->scores, p->scored * sizeof *p->scores);
    souk_writer_put_binary(w, "ids", p->text, p->bytes);
    cr_assert_eq(souk_message_parse(&message[shard], w->buffer.data, w->buffer.size, reason, 64),
                 SOUK_WIRE_OK, "%s", reason);
    return souk_candidate_merge_add(&merge, &message[shard]);
}

static void expect_lists_of_one_shard(void)
{
    struct souk_topk lists[LISTS];
    int64_t named = 0;
    fill_lists(0, 1, lists);
    for (int l = 0; l < LISTS; l++) {
        struct souk_topk *got = &merge.list[l];
        souk_topk_sort(got);
        cr_assert_eq(got->count, lists[l].count);
        for (int h = 0; h < got->count; h++) {
            cr_expect_eq(got->hits[h].item, lists[l].hits[h].item, "list %d at %d", l, h);
            cr_expect_eq(got->hits[h].score, lists[l].hits[h].score);
            cr_expect_str_eq(got->hits[h].id, lists[l].hits[h].id);
            cr_expect(souk_candidate_merge_has(&merge, lists[l].hits[h].item));
        }
        cr_expect_eq(merge.best[l], lists[l].count > 0 ? lists[l].hits[0].score : 0);
        named += lists[l].count;
        souk_topk_fini(&lists[l]);
    }
    cr_expect_gt(merge.rows, quota[2]);
    cr_expect_leq(merge.rows, named);
    for (int64_t r = 1; r < merge.rows; r++)
        cr_expect_lt(merge.row[r - 1], merge.row[r]);
}

Test(candidatemerge, any_number_of_shards_gives_the_lists_of_one)
{
    static struct pieces p;
    for (int shards = 1; shards <= SHARDS_MAX; shards++) {
        souk_candidate_merge_start(&merge);
        for (int s = shards - 1; s >= 0; s--) {
            take_pieces(s, shards, &p);
            cr_assert_eq(add(s, &p), SOUK_OK);
        }
        cr_expect_eq(merge.lists, LISTS);
        cr_expect_eq(merge.heads, HEADS);
        cr_assert_eq(souk_candidate_merge_finish(&merge), SOUK_OK);
        expect_lists_of_one_shard();
        cr_expect_not(souk_candidate_merge_has(&merge, ITEMS));
        for (int s = 0; s < shards; s++)
            souk_message_fini(&message[s]);
    }
}

static struct pieces good;

static void expect_refused(const struct pieces *p, const char *what)
{
    souk_candidate_merge_start(&merge);
    cr_expect_eq(add(0, p), SOUK_EFORMAT, "%s", what);
    souk_message_fini(&message[0]);
    cr_expect_eq(merge.lists, 0);
}

#define EXPECT_REFUSED(statement)                                                                  \
    do {                                                                                           \
        struct pieces bad = good;                                                                  \
        statement;                                                                                 \
        expect_refused(&bad, #statement);                                                          \
    } while (0)

Test(candidatemerge, refuses_what_no_shard_sends)
{
    take_pieces(0, 2, &good);
    EXPECT_REFUSED(bad.heads = LISTS + 1);
    EXPECT_REFUSED(bad.heads = -1);
    EXPECT_REFUSED(bad.lists = 0);
    EXPECT_REFUSED(bad.quotas[0] = -1);
    EXPECT_REFUSED(bad.quotas[0] = SOUK_WIRE_LIST_MAX + 1);
    EXPECT_REFUSED(bad.counts[0]++);
    EXPECT_REFUSED(bad.counts[0]--);
    EXPECT_REFUSED(bad.counts[0] = -1);
    EXPECT_REFUSED(bad.hits--);
    EXPECT_REFUSED(bad.scored--);
    EXPECT_REFUSED(bad.rows[3] = -1);
    EXPECT_REFUSED(bad.scores[3] = NAN);
    EXPECT_REFUSED(bad.scores[3] = INFINITY);
    EXPECT_REFUSED(bad.bytes--);
    EXPECT_REFUSED(bad.bytes = 0);
    EXPECT_REFUSED(bad.text[bad.bytes++] = 'x');
    EXPECT_REFUSED(bad.text[0] = '\0');
    EXPECT_REFUSED(memset(bad.text, 'x', SOUK_ID_MAX_BYTES + 1));
}

Test(candidatemerge, refuses_a_shard_of_other_quotas)
{
    static struct pieces p;
    take_pieces(0, 2, &p);
    souk_candidate_merge_start(&merge);
    cr_assert_eq(add(0, &p), SOUK_OK);
    take_pieces(1, 2, &p);
    p.quotas[2]++;
    cr_expect_eq(add(1, &p), SOUK_EFORMAT);
    souk_message_fini(&message[1]);
    p.quotas[2]--;
    p.heads--;
    cr_expect_eq(add(1, &p), SOUK_EFORMAT);
    souk_message_fini(&message[1]);
    p.heads++;
    cr_expect_eq(add(1, &p), SOUK_OK);
    cr_assert_eq(souk_candidate_merge_finish(&merge), SOUK_OK);
    expect_lists_of_one_shard();
    souk_message_fini(&message[0]);
    souk_message_fini(&message[1]);
}
