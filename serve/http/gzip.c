#include "serve/http/gzip.h"

#include "shared/base/memory.h"

#include <stdint.h>
#include <zlib.h>

/* A window of 4 KiB and small tables: 32 KiB in place of 256 KiB that are cleared for each answer.
 */
enum { WINDOW_BITS = 12, TABLES = 5, GZIP_FORMAT = 16, OUT_MAX = 64 << 20 };

size_t souk_gzip(const void *bytes, size_t len, bool is_best, char **out, size_t *cap)
{
    z_stream z = {.zalloc = NULL};
    size_t made = 0;
    if (len > UINT32_MAX / 2 ||
        deflateInit2(&z, is_best ? Z_BEST_COMPRESSION : Z_BEST_SPEED, Z_DEFLATED,
                     (is_best ? MAX_WBITS : WINDOW_BITS) + GZIP_FORMAT, is_best ? 9 : TABLES,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return 0;
    if (*cap >= len || souk_grow(out, cap, len, OUT_MAX, 1) == SOUK_OK) {
        z.next_in = (Bytef *)(uintptr_t)bytes;
        z.avail_in = (uInt)len;
        z.next_out = (Bytef *)*out;
        z.avail_out = (uInt)len;
        if (deflate(&z, Z_FINISH) == Z_STREAM_END)
            made = z.total_out;
    }
    deflateEnd(&z);
    return made;
}
