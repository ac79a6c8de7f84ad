#include "serve/proxy/versionchoice.h"

#include <criterion/criterion.h>
#include <string.h>

#define VOTES(...)                                                                                 \
    (const struct souk_version_vote[])                                                             \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define ONE(s, a)                                                                                  \
    {                                                                                              \
        .shard = (s), .count = 1, .id = { a }                                                      \
    }
#define TWO(s, a, b)                                                                               \
    {                                                                                              \
        .shard = (s), .count = 2, .id = { a, b }                                                   \
    }

static void expect(const char *wanted, const struct souk_version_vote *votes, int count,
                   const char *in_use)
{
    const char *chosen = souk_version_choose(votes, count, in_use, "");
    if (wanted)
        cr_assert(chosen && strcmp(chosen, wanted) == 0, "chose %s instead of %s",
                  chosen ? chosen : "none", wanted);
    else
        cr_assert_null(chosen, "chose %s", chosen);
}

Test(versionchoice, takes_what_all_shards_hold)
{
    expect("A", VOTES(ONE(0, "A"), ONE(1, "A")), 2, "");
    expect("A", VOTES(ONE(0, "A"), TWO(1, "B", "A")), 2, "");
    expect(NULL, VOTES(ONE(0, "A"), ONE(1, "B")), 2, "");
    expect(NULL, VOTES(ONE(0, "A"), ONE(1, "B")), 2, "A");
    expect(NULL, NULL, 0, "A");
}

Test(versionchoice, moves_when_the_new_version_has_as_many_copies)
{
    expect("A", VOTES(TWO(0, "B", "A"), ONE(0, "A"), TWO(1, "B", "A"), TWO(1, "B", "A")), 4, "A");
    expect("B", VOTES(TWO(0, "B", "A"), TWO(0, "B", "A"), TWO(1, "B", "A"), TWO(1, "B", "A")), 4,
           "A");
}

Test(versionchoice, a_replica_that_fell_behind_keeps_the_fleet_on_the_old_version)
{
    expect("A", VOTES(TWO(0, "B", "A"), TWO(0, "B", "A"), TWO(1, "B", "A"), ONE(1, "A")), 4, "A");
    expect("B", VOTES(TWO(0, "B", "A"), TWO(0, "B", "A"), TWO(1, "B", "A")), 3, "A");
}

Test(versionchoice, rolls_back_by_the_order_in_the_replicas)
{
    expect("A", VOTES(TWO(0, "A", "B"), TWO(0, "A", "B"), TWO(1, "A", "B"), TWO(1, "B", "A")), 4,
           "B");
    expect("B", VOTES(TWO(0, "A", "B"), TWO(0, "B", "A"), TWO(1, "B", "A"), TWO(1, "B", "A")), 4,
           "B");
}

Test(versionchoice, one_after_another_where_two_do_not_fit)
{
    /* each replica holds one version only: half of each shard has changed */
    expect("A", VOTES(ONE(0, "B"), ONE(0, "A"), ONE(1, "A"), ONE(1, "A")), 4, "A");
    expect("A", VOTES(ONE(0, "B"), ONE(0, "A"), ONE(1, "B"), ONE(1, "A")), 4, "A");
    expect("B", VOTES(ONE(0, "B"), ONE(0, "B"), ONE(1, "B"), ONE(1, "A")), 4, "A");
}

Test(versionchoice, all_proxies_agree_when_nothing_else_decides)
{
    const struct souk_version_vote votes[] = {
        {.shard = 0, .count = 1, .id = {"A"}, .created_ms = {7}},
        {.shard = 0, .count = 1, .id = {"B"}, .created_ms = {5}},
    };
    const struct souk_version_vote turned[] = {votes[1], votes[0]};
    expect("A", votes, 2, "");
    expect("A", turned, 2, "");
    expect("B", votes, 2, "B");
    expect("B", VOTES(ONE(0, "A"), ONE(0, "B")), 2, "");
}

Test(versionchoice, a_canary_is_the_best_of_the_others)
{
    const struct souk_version_vote *const votes =
        VOTES(TWO(0, "B", "A"), ONE(0, "A"), TWO(1, "B", "A"), ONE(1, "A"));
    const char *chosen = souk_version_choose(votes, 4, "", "A");
    cr_assert(chosen && strcmp(chosen, "B") == 0, "one copy in every shard is enough");
    cr_assert(souk_version_is_everywhere(votes, 4, "A") &&
              souk_version_is_everywhere(votes, 4, "B"));
    cr_assert_null(souk_version_choose(VOTES(TWO(0, "B", "A"), ONE(1, "A")), 2, "", "A"));
    cr_assert_not(souk_version_is_everywhere(VOTES(TWO(0, "B", "A"), ONE(1, "A")), 2, "B"));
    cr_assert_not(souk_version_is_everywhere(NULL, 0, "A"));
}
