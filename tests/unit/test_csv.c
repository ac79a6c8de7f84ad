#include "shared/data/csv.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 16, RANDOM_INPUTS = 20000 };

/* Records as one text: each field in brackets, each record on a line with its line number. A quote
 * that never ends is marked by `!`. This is what the tests compare. */
struct listing {
    char text[TEXT_MAX];
    size_t len;
};

static void put(struct listing *l, const char *bytes, size_t len)
{
    cr_assert_lt(l->len + len + 1, (size_t)TEXT_MAX);
    memcpy(l->text + l->len, bytes, len);
    l->len += len;
    l->text[l->len] = '\0';
}

static void list_record(struct listing *l, int64_t line, const struct souk_csv_field *fields,
                        int count, bool unterminated)
{
    char number[32];
    put(l, number, (size_t)snprintf(number, sizeof number, "%lld", (long long)line));
    for (int i = 0; i < count; i++) {
        put(l, "[", 1);
        put(l, fields[i].text, fields[i].len);
        put(l, "]", 1);
    }
    put(l, unterminated ? "!\n" : "\n", unterminated ? 2 : 1);
}

/* What the reader under test makes of [begin, end). `base` is added to lines. */
static void list_range(struct listing *l, const char *begin, const char *end, int64_t first_line)
{
    struct souk_csv csv;
    struct souk_csv_field fields[SOUK_CSV_FIELDS_MAX];
    int count;
    bool unterminated;
    cr_assert_eq(souk_csv_init(&csv, begin, end, ',', first_line), SOUK_OK);
    for (int64_t line = csv.line; souk_csv_next(&csv, fields, &count, &unterminated);
         line = csv.line)
        list_record(l, line, fields, count, unterminated);
    cr_assert_eq(csv.at, end);
    souk_csv_fini(&csv);
}

static void list_all(struct listing *l, const char *input, size_t len)
{
    l->len = 0;
    l->text[0] = '\0';
    /* A copy of exactly this size, so that a sanitizer sees a read behind the end. */
    char *copy = malloc(len ? len : 1);
    memcpy(copy, input, len);
    list_range(l, copy, copy + len, 1);
    free(copy);
}

/* The oracle: one byte after the other, as RFC 4180 and csv.h say. */
static void list_plainly(struct listing *l, const char *input, size_t len)
{
    struct souk_csv_field fields[SOUK_CSV_FIELDS_MAX];
    static char texts[TEXT_MAX];
    size_t at = 0, used = 0;
    int64_t line = 1;

    l->len = 0;
    l->text[0] = '\0';
    if (len >= 3 && memcmp(input, "\xef\xbb\xbf", 3) == 0)
        at = 3;
    while (at < len) {
        const int64_t record_line = line;
        int count = 0;
        bool unterminated = false, quoted_any = false, more = true;
        used = 0;
        while (more) {
            const size_t start = used;
            bool closed = true;
            if (at < len && input[at] == '"') {
                quoted_any = true;
                closed = false;
                for (at++; at < len && !closed; at++) {
                    if (input[at] != '"')
                        texts[used++] = input[at];
                    else if (at + 1 < len && input[at + 1] == '"')
                        texts[used++] = input[++at];
                    else
                        closed = true;
                    line += !closed && input[at] == '\n';
                }
            }
            unterminated |= !closed;
            const size_t tail = used;
            while (at < len && input[at] != ',' && input[at] != '\n')
                texts[used++] = input[at++];
            if (used > tail && texts[used - 1] == '\r' && (at == len || input[at] == '\n'))
                used--;
            fields[count++] = (struct souk_csv_field){texts + start, used - start};
            more = at < len && input[at] == ',';
            at += more;
        }
        if (at < len) {
            at++;
            line++;
        }
        if (count > 1 || fields[0].len > 0 || quoted_any)
            list_record(l, record_line, fields, count, unterminated);
    }
}

static void expect(const char *input, const char *records)
{
    struct listing found;
    list_all(&found, input, strlen(input));
    cr_expect_str_eq(found.text, records, "of %s:\n%s", input, found.text);
}

Test(csv, reads_plain_fields)
{
    expect("a,b\nc,d\n", "1[a][b]\n2[c][d]\n");
    expect("a,,\n,b\n", "1[a][][]\n2[][b]\n");
}

Test(csv, reads_a_last_record_without_newline)
{
    expect("a,b\nc,d", "1[a][b]\n2[c][d]\n");
    expect("a,b\nc,", "1[a][b]\n2[c][]\n");
}

Test(csv, takes_crlf_for_a_newline_and_a_lone_cr_for_text)
{
    expect("a,b\r\nc,d\r\n", "1[a][b]\n2[c][d]\n");
    expect("\"a\",\"b\"\r\nc,d\r", "1[a][b]\n2[c][d]\n");
    expect("a\rb,c\n", "1[a\rb][c]\n");
    expect("a,\"b\r\"\r\n", "1[a][b\r]\n");
}

Test(csv, keeps_separators_and_newlines_in_quotes)
{
    expect("\"a,b\",\"c\nd\"\ne,f\n", "1[a,b][c\nd]\n3[e][f]\n");
    expect("\"\",x\n\"\"\n", "1[][x]\n2[]\n");
}

Test(csv, makes_two_quotes_one)
{
    expect("\"a \"\"b\"\" c\",\"\"\"\"\n", "1[a \"b\" c][\"]\n");
}

Test(csv, takes_stray_quotes_for_text)
{
    expect("5\" pipe,b\"c\"\n", "1[5\" pipe][b\"c\"]\n");
    expect("\"a\"b,\"c\" \"d\"\n", "1[ab][c \"d\"]\n");
}

Test(csv, says_where_a_quote_never_ends)
{
    expect("a,b\nc,\"d\ne\n", "1[a][b]\n2[c][d\ne\n]!\n");
}

Test(csv, skips_a_byte_order_mark_and_empty_lines)
{
    expect("\xef\xbb\xbf\"a\",b\n\n\r\nc,d\n\n", "1[a][b]\n4[c][d]\n");
    expect("", "");
    expect("\n\n", "");
    expect("\xef\xbb\xbf", "");
}

Test(csv, does_not_copy_where_no_quote_is_doubled)
{
    const char input[] = "plain,\"quoted, text\"\n";
    struct souk_csv csv;
    struct souk_csv_field fields[SOUK_CSV_FIELDS_MAX];
    int count;
    bool unterminated;
    cr_assert_eq(souk_csv_init(&csv, input, input + sizeof input - 1, ',', 1), SOUK_OK);
    cr_assert(souk_csv_next(&csv, fields, &count, &unterminated));
    cr_expect_eq(fields[0].text, input);
    cr_expect_eq(fields[1].text, input + 7);
    souk_csv_fini(&csv);
}

Test(csv, counts_more_fields_than_there_is_room_for)
{
    char input[2 * SOUK_CSV_FIELDS_MAX + 8];
    struct souk_csv csv;
    struct souk_csv_field fields[SOUK_CSV_FIELDS_MAX];
    int count;
    bool unterminated;
    for (int extra = -1; extra <= 2; extra++) {
        const int commas = SOUK_CSV_FIELDS_MAX - 1 + extra;
        memset(input, ',', (size_t)commas);
        input[commas] = '\n';
        cr_assert_eq(souk_csv_init(&csv, input, input + commas + 1, ',', 1), SOUK_OK);
        cr_assert(souk_csv_next(&csv, fields, &count, &unterminated));
        cr_expect_eq(count, SOUK_CSV_FIELDS_MAX + (extra < 1 ? extra : 1));
        cr_expect_not(souk_csv_next(&csv, fields, &count, &unterminated));
        souk_csv_fini(&csv);
    }
}

Test(csv, takes_other_separators)
{
    const char input[] = "a;b,c\t;\"d;e\"\n";
    struct souk_csv csv;
    struct souk_csv_field fields[SOUK_CSV_FIELDS_MAX];
    int count;
    bool unterminated;
    cr_assert_eq(souk_csv_init(&csv, input, input + sizeof input - 1, ';', 1), SOUK_OK);
    cr_assert(souk_csv_next(&csv, fields, &count, &unterminated));
    cr_expect_eq(count, 3);
    cr_expect_eq(fields[2].len, (size_t)3);
    souk_csv_fini(&csv);
}

/* xorshift: the inputs are the same in every run. */
static unsigned next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (unsigned)(*state >> 33);
}

/* Mostly text, so that fields cross the 64 bytes that are looked at together. */
static size_t random_input(uint64_t *state, char *input, size_t max)
{
    static const char alphabet[] = "\"\"\n,\r\nab,\"";
    const size_t len = next_random(state) % max;
    const unsigned texty = next_random(state) % 4;
    for (size_t i = 0; i < len; i++)
        input[i] = next_random(state) % 8 < texty * 2
                       ? 'x'
                       : alphabet[next_random(state) % (sizeof alphabet - 1)];
    return len;
}

Test(csv, reads_random_bytes_as_the_plain_reader_does)
{
    static struct listing found, wanted;
    char input[300];
    uint64_t state = 20240611;
    for (int n = 0; n < RANDOM_INPUTS; n++) {
        const size_t len = random_input(&state, input, sizeof input);
        list_all(&found, input, len);
        list_plainly(&wanted, input, len);
        cr_assert_str_eq(found.text, wanted.text, "input %d: %.*s\nis:\n%s\nwanted:\n%s", n,
                         (int)len, input, found.text, wanted.text);
    }
}

Test(csv, goes_on_in_other_bytes)
{
    const char first[] = "a,\"b\"\"c\"\n", second[] = "\n\nd,e\n";
    struct souk_csv csv;
    struct souk_csv_field fields[SOUK_CSV_FIELDS_MAX];
    int count;
    bool unterminated;
    cr_assert_eq(souk_csv_init(&csv, first, first + sizeof first - 1, ',', 1), SOUK_OK);
    cr_assert(souk_csv_next(&csv, fields, &count, &unterminated));
    cr_assert_not(souk_csv_next(&csv, fields, &count, &unterminated));
    cr_assert_eq(souk_csv_continue(&csv, second, second + sizeof second - 1), SOUK_OK);
    cr_expect_eq(csv.line, 4);
    cr_assert(souk_csv_next(&csv, fields, &count, &unterminated));
    cr_expect_eq(*fields[1].text, 'e');
    souk_csv_fini(&csv);
}

/* The bytes from the first record of each range to that of the next, as ranks would read them. */
static void list_cut(struct listing *l, const char *input, size_t len, const size_t *cuts,
                     int count)
{
    uint8_t state = SOUK_CSV_RECORD;
    const char *end = input + len;
    const char *starts[8];
    for (int i = 0; i < count; i++) {
        const char *from = input + cuts[i];
        const char *to = i + 1 < count ? input + cuts[i + 1] : end;
        starts[i] = souk_csv_first_record(from, to, (enum souk_csv_state)state, ',');
        if (starts[i] == to) /* none begins here: the next range's first one will do */
            starts[i] = NULL;
        state = souk_csv_transition(from, (size_t)(to - from), ',').to[state];
    }
    l->len = 0;
    l->text[0] = '\0';
    for (int i = 0; i < count; i++) {
        const char *stop = end;
        for (int k = count - 1; k > i; k--)
            stop = starts[k] ? starts[k] : stop;
        int64_t line = 1;
        for (const char *c = input; starts[i] && c < starts[i]; c++)
            line += *c == '\n';
        /* A line of 1 is for byte 0 only: it lets a byte order mark be skipped. */
        if (starts[i])
            list_range(l, starts[i], stop, line);
    }
}

static void expect_the_same_however_cut(const char *input, size_t len)
{
    static struct listing whole, cut;
    list_all(&whole, input, len);
    for (size_t a = 0; a <= len; a++) {
        for (size_t b = a; b <= len; b++) {
            const size_t cuts[] = {0, a, b};
            list_cut(&cut, input, len, cuts, 3);
            cr_assert_str_eq(cut.text, whole.text, "cut at %zu and %zu: %.*s\nis:\n%s", a, b,
                             (int)len, input, cut.text);
        }
    }
}

Test(csv, gives_the_same_records_wherever_the_input_is_cut)
{
    static const char *const inputs[] = {
        "a,b\nc,d\n",
        "a,\"b\nc\",d\ne,f\n",
        "a,\"b\"\"c\"\r\n\r\n\n\"d\",e\r\nf",
        "\"\"\"\n\"\"\",x\n\"y\nz",
        "5\" pipe,b\n\"q\"r\"s,t\nu\",v\nw,x\n",
        "\n\n\n,\n\n",
        "\"a,\"\"\n\"\"b\"\nc\n",
    };
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
        expect_the_same_however_cut(inputs[i], strlen(inputs[i]));
}

Test(csv, gives_the_same_records_wherever_random_bytes_are_cut)
{
    char input[40];
    uint64_t state = 7;
    for (int n = 0; n < 500; n++)
        expect_the_same_however_cut(input, random_input(&state, input, sizeof input));
}

Test(csv, composes_transitions_in_any_grouping)
{
    char input[60];
    uint64_t state = 99;
    for (int n = 0; n < 1000; n++) {
        const size_t len = random_input(&state, input, sizeof input);
        const size_t cut = len ? next_random(&state) % len : 0;
        const struct souk_csv_transition whole = souk_csv_transition(input, len, ',');
        const struct souk_csv_transition halves = souk_csv_compose(
            souk_csv_transition(input, cut, ','), souk_csv_transition(input + cut, len - cut, ','));
        cr_assert_arr_eq(whole.to, halves.to, SOUK_CSV_STATES);
    }
}
