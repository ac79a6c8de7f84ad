#include "shared/data/csv.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { WINDOW_BYTES = 64 };

static uint8_t step(uint8_t state, char c, char separator)
{
    if (state == SOUK_CSV_QUOTED)
        return c == '"' ? SOUK_CSV_QUOTE : SOUK_CSV_QUOTED;
    if (c == '"' && state != SOUK_CSV_PLAIN)
        return SOUK_CSV_QUOTED;
    return c == '\n' ? SOUK_CSV_RECORD : c == separator ? SOUK_CSV_START : SOUK_CSV_PLAIN;
}

struct souk_csv_transition souk_csv_transition(const char *bytes, size_t len, char separator)
{
    struct souk_csv_transition t;
    const char *at = bytes, *const end = bytes + len;

    for (int s = 0; s < SOUK_CSV_STATES; s++)
        t.to[s] = (uint8_t)s;
    while (at < end) {
        const char *quote = memchr(at, '"', (size_t)(end - at));
        const char *stop = quote ? quote : end;
        /* Between quotes the last byte alone decides, whatever the state was. */
        for (int s = 0; s < SOUK_CSV_STATES && stop > at; s++)
            t.to[s] = step(t.to[s], stop[-1], separator);
        for (int s = 0; s < SOUK_CSV_STATES && quote; s++)
            t.to[s] = step(t.to[s], '"', separator);
        at = quote ? quote + 1 : end;
    }
    return t;
}

struct souk_csv_transition souk_csv_compose(struct souk_csv_transition first,
                                            struct souk_csv_transition then)
{
    for (int s = 0; s < SOUK_CSV_STATES; s++)
        first.to[s] = then.to[first.to[s]];
    return first;
}

const char *souk_csv_first_record(const char *from, const char *end, enum souk_csv_state state,
                                  char separator)
{
    uint8_t now = (uint8_t)state;
    while (now != SOUK_CSV_RECORD && from < end) {
        if (now == SOUK_CSV_QUOTED) {
            from = memchr(from, '"', (size_t)(end - from));
            if (!from)
                return end;
        }
        now = step(now, *from++, separator);
    }
    return from;
}

/* Bit i: byte i of the 64 at `bytes` is a separator, a newline or a quote. */
#ifdef __SSE2__
static uint64_t marks_of_window(const char *bytes, char separator)
{
    const __m128i separators = _mm_set1_epi8(separator), newlines = _mm_set1_epi8('\n'),
                  quotes = _mm_set1_epi8('"');
    uint64_t marks = 0;
    for (int i = 0; i < WINDOW_BYTES / 16; i++) {
        const __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * i));
        const __m128i m =
            _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(b, separators), _mm_cmpeq_epi8(b, newlines)),
                         _mm_cmpeq_epi8(b, quotes));
        marks |= (uint64_t)(uint32_t)_mm_movemask_epi8(m) << (16 * i);
    }
    return marks;
}
#else
static uint64_t marks_of_window(const char *bytes, char separator)
{
    uint64_t marks = 0;
    for (int i = 0; i < WINDOW_BYTES; i++)
        marks |= (uint64_t)(bytes[i] == separator || bytes[i] == '\n' || bytes[i] == '"') << i;
    return marks;
}
#endif

static uint64_t marks_at(const char *window, const char *end, char separator)
{
    if (end - window >= WINDOW_BYTES)
        return marks_of_window(window, separator);
    char padded[WINDOW_BYTES] = {0};
    memcpy(padded, window, (size_t)(end - window));
    return marks_of_window(padded, separator);
}

/* Forget the marks before `at`. */
static void seek(struct souk_csv *csv, const char *at)
{
    csv->at = at;
    if (at - csv->window < WINDOW_BYTES) {
        csv->marks &= ~UINT64_C(0) << (at - csv->window);
    } else {
        csv->window = at;
        csv->marks = marks_at(at, csv->end, csv->separator);
    }
}

/* The next separator, newline or quote, or the end. */
static inline const char *next_mark(struct souk_csv *csv)
{
    while (csv->marks == 0) {
        if (csv->end - csv->window <= WINDOW_BYTES)
            return csv->end;
        csv->window += WINDOW_BYTES;
        csv->marks = marks_at(csv->window, csv->end, csv->separator);
    }
    const char *mark = csv->window + __builtin_ctzll(csv->marks);
    csv->marks &= csv->marks - 1;
    return mark;
}

static bool ends_line(const char *at, const char *end)
{
    return at < end && (*at == '\n' || (*at == '\r' && end - at > 1 && at[1] == '\n'));
}

/* So that `line` is the line of the record that comes next. */
static void skip_empty_lines(struct souk_csv *csv)
{
    const char *at = csv->at;
    while (ends_line(at, csv->end)) {
        at += *at == '\r' ? 2 : 1;
        csv->line++;
    }
    if (at != csv->at)
        seek(csv, at);
}

souk_status souk_csv_continue(struct souk_csv *csv, const char *begin, const char *end)
{
    const size_t size = (size_t)(end - begin);
    if (size > csv->scratch_size || !csv->scratch) {
        char *scratch = souk_alloc_array(size, 1);
        if (!scratch)
            return SOUK_ENOMEM;
        free(csv->scratch);
        csv->scratch = scratch;
        csv->scratch_size = size;
    }
    csv->at = csv->window = begin;
    csv->end = end;
    csv->marks = marks_at(begin, end, csv->separator);
    skip_empty_lines(csv);
    return SOUK_OK;
}

souk_status souk_csv_init(struct souk_csv *csv, const char *begin, const char *end, char separator,
                          int64_t line)
{
    static const char mark[] = {'\xef', '\xbb', '\xbf'};
    *csv = (struct souk_csv){.separator = separator, .line = line};
    if (line == 1 && end - begin >= 3 && memcmp(begin, mark, sizeof mark) == 0)
        begin += sizeof mark;
    return souk_csv_continue(csv, begin, end);
}

void souk_csv_fini(struct souk_csv *csv)
{
    free(csv->scratch);
    *csv = (struct souk_csv){0};
}

static int64_t count_newlines(const char *from, const char *end)
{
    int64_t n = 0;
    while (from < end && (from = memchr(from, '\n', (size_t)(end - from)))) {
        n++;
        from++;
    }
    return n;
}

/* The quote that closes a field whose text starts at `from`, or the end; whether any is doubled. */
static const char *closing_quote(const char *from, const char *end, bool *doubled)
{
    *doubled = false;
    while ((from = memchr(from, '"', (size_t)(end - from)))) {
        if (end - from == 1 || from[1] != '"')
            return from;
        *doubled = true;
        from += 2;
    }
    return end;
}

/* Copy, two quotes becoming one. @return bytes written */
static size_t unescape(char *to, const char *from, const char *end)
{
    char *const start = to;
    while (from < end) {
        const char *quote = memchr(from, '"', (size_t)(end - from));
        const size_t len = (size_t)((quote ? quote + 1 : end) - from);
        memcpy(to, from, len);
        to += len;
        from = quote ? quote + 2 : end;
    }
    return (size_t)(to - start);
}

/* A field that begins with the quote at `open`. Leaves the reader on the mark behind the field.
 * @return that mark: separator, newline or the end */
static const char *take_quoted(struct souk_csv *csv, const char *open, size_t *used,
                               struct souk_csv_field *field, bool *unterminated)
{
    bool doubled;
    const char *text = open + 1;
    const char *close = closing_quote(text, csv->end, &doubled);
    const char *rest = close < csv->end ? close + 1 : csv->end; /* behind the closing quote */
    const char *mark = rest;

    *unterminated |= close == csv->end;
    csv->line += count_newlines(text, close);
    seek(csv, rest);
    do /* a quote behind the closing one is text */
        mark = next_mark(csv);
    while (mark < csv->end && *mark == '"');
    const char *rest_end = mark;
    if (rest_end > rest && rest_end[-1] == '\r' && (mark == csv->end || *mark == '\n'))
        rest_end--;
    if (!doubled && rest_end == rest) {
        *field = (struct souk_csv_field){text, (size_t)(close - text)};
        return mark;
    }
    char *to = csv->scratch + *used;
    size_t len = unescape(to, text, close);
    memcpy(to + len, rest, (size_t)(rest_end - rest));
    len += (size_t)(rest_end - rest);
    *used += len;
    *field = (struct souk_csv_field){to, len};
    return mark;
}

bool souk_csv_next(struct souk_csv *csv, struct souk_csv_field *fields, int *count,
                   bool *unterminated)
{
    const char *start = csv->at; /* of the current field */
    const char *const end = csv->end;
    size_t used = 0;
    bool quoted = false;
    int n = 0;

    *count = 0;
    *unterminated = false;
    for (;;) {
        struct souk_csv_field field;
        const char *mark = next_mark(csv);
        if (mark < end && *mark == '"') {
            if (mark != start)
                continue; /* in the middle of an unquoted field: text */
            mark = take_quoted(csv, mark, &used, &field, unterminated);
            quoted = true;
        } else {
            field = (struct souk_csv_field){start, (size_t)(mark - start)};
            if (field.len && mark[-1] == '\r' && (mark == end || *mark == '\n'))
                field.len--;
        }
        if (n < SOUK_CSV_FIELDS_MAX)
            fields[n] = field;
        n += n <= SOUK_CSV_FIELDS_MAX;
        if (mark < end && *mark == csv->separator) {
            start = mark + 1;
            continue;
        }
        csv->at = mark;
        if (mark == end) {
            if (n == 1 && field.len == 0 && !quoted)
                return false;
        } else {
            csv->at = mark + 1;
            csv->line++;
            skip_empty_lines(csv);
        }
        *count = n;
        return true;
    }
}
