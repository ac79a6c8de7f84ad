/* brute_force MODEL user|item ID N: the list that the fleet must give (tests/support/plain_scan.h).
 * Prints `item<TAB>score` with 9 digits. */
#include "tests/support/plain_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    struct souk_error err = {0};
    struct plain_scan scan = {.model = NULL};
    int code = 1;
    if (argc != 5) {
        fputs("usage: brute_force MODEL user|item ID N\n", stderr);
        return 2;
    }
    if (plain_scan_open(argv[1], &scan, &err) != SOUK_OK) {
        fprintf(stderr, "brute_force: %s\n", err.msg);
        goto out;
    }
    if (strcmp(argv[2], "user") == 0)
        plain_scan_user(&scan, argv[3]);
    else if (!plain_scan_item(&scan, argv[3])) {
        fprintf(stderr, "brute_force: no item '%s'\n", argv[3]);
        goto out;
    }
    for (int64_t k = 0; k < scan.count && k < atoll(argv[4]); k++)
        printf("%s\t%.9g\n", scan.hits[k].id, (double)scan.hits[k].score);
    code = 0;
out:
    plain_scan_fini(&scan);
    return code;
}
