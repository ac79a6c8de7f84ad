/* CSV: a file read at once, and cut in two at any byte, gives the same records. */
#include "shared/data/csv.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Records of [begin, end) that start before `stop`, into a hash of their fields. */
static uint64_t read_records(const char *begin, const char *end, const char *stop, uint64_t hash)
{
    static struct souk_csv_field fields[SOUK_CSV_FIELDS_MAX];
    struct souk_csv csv;
    int count = 0;
    bool unterminated = false;
    /* Line 2: no byte order mark is looked for in the middle of a file. */
    if (souk_csv_init(&csv, begin, end, ',', 2) != SOUK_OK)
        return hash;
    for (;;) {
        while (csv.at < stop && (*csv.at == '\n' || *csv.at == '\r'))
            csv.at++; /* empty lines belong to nobody */
        if (csv.at >= stop || !souk_csv_next(&csv, fields, &count, &unterminated))
            break;
        hash = hash * 31 + (uint64_t)count + (unterminated ? 1000 : 0);
        for (int f = 0; f < count && f < SOUK_CSV_FIELDS_MAX; f++)
            for (size_t i = 0; i < fields[f].len; i++)
                hash = hash * 31 + (unsigned char)fields[f].text[i];
    }
    souk_csv_fini(&csv);
    return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const size_t len = size - 1, cut = data[0] % len;
    char *text = malloc(len);
    if (!text)
        return 0;
    memcpy(text, data + 1, len);
    for (size_t i = 0; i < len; i++)
        if (text[i] == '\r')
            text[i] = 'r'; /* a lone CR is text or an end by its neighbours; test_csv.c has those */
    const char *end = text + len;
    const struct souk_csv_transition before = souk_csv_transition(text, cut, ',');
    const struct souk_csv_transition after = souk_csv_transition(text + cut, len - cut, ',');
    const struct souk_csv_transition whole = souk_csv_transition(text, len, ',');
    const struct souk_csv_transition both = souk_csv_compose(before, after);
    if (memcmp(&whole, &both, sizeof whole) != 0)
        abort();
    const enum souk_csv_state state = (enum souk_csv_state)before.to[SOUK_CSV_RECORD];
    const char *first = souk_csv_first_record(text + cut, end, state, ',');
    const uint64_t at_once = read_records(text, end, end, 7);
    const uint64_t in_two = read_records(first, end, end, read_records(text, end, text + cut, 7));
    if (at_once != in_two)
        abort();
    free(text);
    return 0;
}
