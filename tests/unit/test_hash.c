#include "shared/base/hash.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_BYTES = 700001 }; /* more than two of the reader's chunks, and odd */

static char path[] = "/tmp/souk_test_hash.XXXXXX";
static unsigned char content[FILE_BYTES];

static void write_file(void)
{
    const int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    for (int i = 0; i < FILE_BYTES; i++)
        content[i] = (unsigned char)(i * 2654435761u >> 24);
    cr_assert_eq(write(fd, content, sizeof content), FILE_BYTES);
    close(fd);
}

static void remove_file(void)
{
    unlink(path);
}

/* Where every identifier of every dataset lives hangs on these values; they are xxhsum's
 * (`printf abc | xxhsum -H3`). */
Test(hash, is_xxh3)
{
    cr_assert_eq(souk_hash_bytes("", 0), UINT64_C(0x2d06800538d394c2));
    cr_assert_eq(souk_hash_bytes("abc", 3), UINT64_C(0x78af5f94892f3950));
    cr_assert_eq(souk_hash_bytes("17850", 5), UINT64_C(0x54b331012e93d836));
}

Test(hash, spreads_identifiers_over_parts)
{
    int counts[16] = {0};
    for (int i = 0; i < 16000; i++) {
        char id[16];
        const int len = snprintf(id, sizeof id, "%d", i);
        counts[souk_part_of(souk_hash_bytes(id, (size_t)len), 16)]++;
    }
    for (int p = 0; p < 16; p++) { /* 1000 +- 5 sigma */
        cr_assert_gt(counts[p], 845);
        cr_assert_lt(counts[p], 1155);
    }
}

Test(hash, of_a_file_is_that_of_its_bytes, .init = write_file, .fini = remove_file)
{
    static const int64_t skips[] = {0, 1, 64, 262144, FILE_BYTES - 1, FILE_BYTES};
    for (int i = 0; i < 6; i++) {
        uint64_t digest = 0;
        int64_t size = 0;
        cr_assert_eq(souk_hash_file(path, skips[i], &digest, &size, NULL), SOUK_OK);
        cr_assert_eq(size, FILE_BYTES);
        cr_assert_eq(digest, souk_hash_bytes(content + skips[i], (size_t)(FILE_BYTES - skips[i])));
    }
}

Test(hash, tells_a_file_shorter_than_what_is_skipped, .init = write_file, .fini = remove_file)
{
    uint64_t digest = 0;
    int64_t size = 0;
    cr_assert_eq(souk_hash_file(path, FILE_BYTES + 100, &digest, &size, NULL), SOUK_OK);
    cr_assert_eq(size, FILE_BYTES);
}

Test(hash, names_the_file_that_it_cannot_read)
{
    struct souk_error err = {0};
    uint64_t digest = 5;
    int64_t size = 5;
    cr_assert_eq(souk_hash_file("/nonexistent/x", 0, &digest, &size, &err), SOUK_ENOTFOUND);
    cr_assert_not_null(strstr(err.msg, "/nonexistent/x"));
    cr_assert_eq(souk_hash_file("/", 0, &digest, &size, &err), SOUK_EIO);
    cr_assert_eq(digest, 5u);
    cr_assert_eq(size, 5);
}
