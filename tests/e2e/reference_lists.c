/* reference_lists MODEL N SHARDS USERS: what `souk load --reference` checks answers against
 * (docs/load.md), by a plain scan (tests/support/plain_scan.h), for the users in the lines of a
 * file and for strangers. Not of two-stage models. */
#include "tests/support/plain_scan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHARDS_MAX = 16, ID_MAX = 256 };

static void print_head(const struct plain_scan *s, int64_t n, int shards)
{
    int64_t items[SHARDS_MAX] = {0};
    for (int p = 0; p < s->model->parts; p++)
        items[p % shards] += s->parts[p].items.count;
    printf("souk-reference\t1\nmodel\t%s\nn\t%" PRId64 "\nitems", s->model->id, n);
    for (int shard = 0; shard < shards; shard++)
        printf("\t%" PRId64, items[shard]);
    putchar('\n');
}

/* Of the whole ranking what is among the best n of its shard. */
static void print_user(struct plain_scan *s, const char *id, int64_t n, int shards)
{
    int64_t printed[SHARDS_MAX] = {0};
    plain_scan_user(s, id);
    printf("user\t%s\n", id);
    for (int64_t k = 0; k < s->count; k++) {
        const int shard = s->hits[k].part % shards;
        if (printed[shard]++ < n)
            printf("%.9g\t%d\t%s\n", (double)s->hits[k].score, shard, s->hits[k].id);
    }
}

int main(int argc, char **argv)
{
    struct souk_error err = {0};
    struct plain_scan scan = {.model = NULL};
    char id[ID_MAX];
    FILE *users = argc == 5 ? fopen(argv[4], "r") : NULL;
    const int64_t n = argc == 5 ? atoll(argv[2]) : 0;
    const int shards = argc == 5 ? atoi(argv[3]) : 0;
    int code = 1;
    if (!users || n < 1 || shards < 1 || shards > SHARDS_MAX) {
        fputs("usage: reference_lists MODEL N SHARDS USERS\n", stderr);
        return 2;
    }
    if (plain_scan_open(argv[1], &scan, &err) != SOUK_OK) {
        fprintf(stderr, "reference_lists: %s\n", err.msg);
        goto out;
    }
    if (scan.model->stages.source_count > 0) {
        fprintf(stderr, "reference_lists: %s is a two-stage model\n", argv[1]);
        goto out;
    }
    print_head(&scan, n, shards);
    print_user(&scan, "", n, shards);
    while (fgets(id, sizeof id, users)) {
        id[strcspn(id, "\r\n")] = '\0';
        if (*id)
            print_user(&scan, id, n, shards);
    }
    code = fflush(stdout) != 0 || ferror(stdout);
out:
    plain_scan_fini(&scan);
    fclose(users);
    return code;
}
