#include "shared/events/postgresarray.h"

#include "shared/base/memory.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* A group of 4096 texts of 128 bytes needs 541 KB. */
static const size_t bytes_max = (size_t)16 << 20;

static void add(struct souk_postgres_array *a, const void *bytes, size_t size)
{
    if (a->lost || souk_grow(&a->bytes, &a->capacity, a->size + size, bytes_max, 1) != SOUK_OK) {
        a->lost = true;
        return;
    }
    memcpy(a->bytes + a->size, bytes, size);
    a->size += size;
}

static void add_int32(struct souk_postgres_array *a, uint32_t value)
{
    const uint32_t net = htonl(value);
    add(a, &net, sizeof net);
}

static void add_int64(struct souk_postgres_array *a, uint64_t value)
{
    const uint64_t net = htobe64(value);
    add_int32(a, sizeof net);
    add(a, &net, sizeof net);
}

void souk_postgres_array_begin(struct souk_postgres_array *a, enum souk_postgres_type type,
                               int count)
{
    const uint32_t head[] = {1, 0, (uint32_t)type, (uint32_t)count, 1};
    a->size = 0;
    a->lost = false;
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++)
        add_int32(a, head[i]);
}

void souk_postgres_array_add_text(struct souk_postgres_array *a, const char *text)
{
    const size_t len = strlen(text);
    add_int32(a, (uint32_t)len);
    add(a, text, len);
}

void souk_postgres_array_add_bigint(struct souk_postgres_array *a, int64_t value)
{
    add_int64(a, (uint64_t)value);
}

void souk_postgres_array_add_float8(struct souk_postgres_array *a, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    add_int64(a, bits);
}

void souk_postgres_array_fini(struct souk_postgres_array *a)
{
    free(a->bytes);
    *a = (struct souk_postgres_array){0};
}
