#include "serve/proxy/versionchoice.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

/* Place of a version in a vote, -1: it is not there. */
static int place_of(const struct souk_version_vote *v, const char *id)
{
    for (int i = 0; i < v->count; i++)
        if (strcmp(v->id[i], id) == 0)
            return i;
    return -1;
}

/* Copies in the shard of one vote. */
static int copies(const struct souk_version_vote *votes, int count, int shard, const char *id)
{
    int n = 0;
    for (int i = 0; i < count; i++)
        n += votes[i].shard == shard && place_of(&votes[i], id) >= 0;
    return n;
}

/* Copies in the shard that has the fewest. */
static int support(const struct souk_version_vote *votes, int count, const char *id)
{
    int least = INT_MAX;
    for (int i = 0; i < count; i++) {
        const int n = copies(votes, count, votes[i].shard, id);
        least = n < least ? n : least;
    }
    return least;
}

/* By how many replicas that hold both a was given after b. */
static int preference(const struct souk_version_vote *votes, int count, const char *a,
                      const char *b)
{
    int sum = 0;
    for (int i = 0; i < count; i++) {
        const int at_a = place_of(&votes[i], a), at_b = place_of(&votes[i], b);
        if (at_a >= 0 && at_b >= 0)
            sum += at_a < at_b ? 1 : -1;
    }
    return sum;
}

struct candidate {
    const char *id;
    int64_t created_ms;
    int support;
};

/* Whether a is the better choice; a total order where nobody holds both, so that all proxies agree.
 */
static bool is_better(const struct souk_version_vote *votes, int count, const char *in_use,
                      const struct candidate *a, const struct candidate *b)
{
    if (a->support != b->support)
        return a->support > b->support;
    const int preferred = preference(votes, count, a->id, b->id);
    if (preferred != 0)
        return preferred > 0;
    const bool a_used = strcmp(a->id, in_use) == 0, b_used = strcmp(b->id, in_use) == 0;
    if (a_used != b_used)
        return a_used;
    if (a->created_ms != b->created_ms)
        return a->created_ms > b->created_ms;
    return strcmp(a->id, b->id) > 0;
}

const char *souk_version_choose(const struct souk_version_vote *votes, int count,
                                const char *in_use, const char *but)
{
    struct candidate best = {.id = NULL};
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < votes[i].count; k++) {
            const struct candidate c = {.id = votes[i].id[k],
                                        .created_ms = votes[i].created_ms[k],
                                        .support = support(votes, count, votes[i].id[k])};
            if (c.support > 0 && strcmp(c.id, but) != 0 &&
                (!best.id || is_better(votes, count, in_use, &c, &best)))
                best = c;
        }
    }
    return best.id;
}

bool souk_version_is_everywhere(const struct souk_version_vote *votes, int count, const char *id)
{
    return count > 0 && support(votes, count, id) > 0;
}
