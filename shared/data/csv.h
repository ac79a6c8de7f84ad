/** @file
 *  CSV records out of a piece of memory (RFC 4180, and what shops really write).
 *
 *  Fields are separated by one byte, records end in LF or CRLF or the end of the input. A field
 * that begins with a quote runs to the next lone quote; two quotes inside it are one; separators
 * and newlines inside it are text; what stands behind its end is appended to it as it is. A quote
 * in the middle of an unquoted field is text.
 *
 *  A file is cut into ranges, one per rank, at any byte. To know where the first record of a range
 *  begins, one must know the state of the reader there, which is a function of all bytes before:
 *
 *      state' = f_range(state)        f_AB = f_B after f_A  (five states: a small table)
 *
 *  Each rank computes the table of its range (souk_csv_transition), and a scan over ranks composes
 *  them (souk_csv_compose). This is exact for every input.
 */
#ifndef SOUK_DATA_CSV_H
#define SOUK_DATA_CSV_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SOUK_CSV_FIELDS_MAX = 256 };

enum souk_csv_state {
    SOUK_CSV_RECORD, /**< at the start of a record: the state at byte 0 */
    SOUK_CSV_START,  /**< at the start of another field */
    SOUK_CSV_PLAIN,  /**< inside an unquoted field */
    SOUK_CSV_QUOTED, /**< inside a quoted field */
    SOUK_CSV_QUOTE,  /**< behind a quote inside a quoted field: its end, or the first of two */
    SOUK_CSV_STATES
};

struct souk_csv_transition {
    uint8_t to[SOUK_CSV_STATES];
};

struct souk_csv_field {
    const char *text; /**< into the input, or into the reader's scratch where quotes were doubled */
    size_t len;
};

struct souk_csv {
    const char *at, *end;
    char separator;
    int64_t line;  /**< of the record that comes next, from 1 */
    char *scratch; /**< unescaped fields of the current record */
    size_t scratch_size;
    const char *window; /**< 64 bytes of input, of which ... */
    uint64_t marks;     /**< ... these are separators, newlines and quotes from `at` on */
};

/** The effect of these bytes on each state. One memchr() where there is no quote. */
struct souk_csv_transition souk_csv_transition(const char *bytes, size_t len, char separator);
struct souk_csv_transition souk_csv_compose(struct souk_csv_transition first,
                                            struct souk_csv_transition then);

/** The first record that starts at or behind `from`, given the state there. A record belongs to the
 *  range in which its first byte lies. @return pointer into [from, end]; end: none in these bytes
 */
const char *souk_csv_first_record(const char *from, const char *end, enum souk_csv_state state,
                                  char separator);

/** Read records of [begin, end), borrowed. A UTF-8 byte order mark at `begin` is skipped where line
 *  is 1. Reserves a scratch of end - begin bytes, so that reading needs no more memory.
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_csv_init(struct souk_csv *csv, const char *begin, const char *end, char separator,
                          int64_t line) SOUK_MUST_CHECK;
void souk_csv_fini(struct souk_csv *csv);

/** Go on with other bytes, at the start of a record; csv->line goes on.
 *  @return SOUK_OK, SOUK_ENOMEM (for a scratch of that size) */
souk_status souk_csv_continue(struct souk_csv *csv, const char *begin,
                              const char *end) SOUK_MUST_CHECK;

/** Read one record. Fields stay valid until the next call. Empty lines are skipped.
 *  @param fields [SOUK_CSV_FIELDS_MAX]
 *  @return true with *count fields; false at the end. A record of more fields than there is room
 *          for has *count = SOUK_CSV_FIELDS_MAX + 1. A quoted field that never ends runs to the end
 *          of the input and sets *unterminated. */
bool souk_csv_next(struct souk_csv *csv, struct souk_csv_field *fields, int *count,
                   bool *unterminated);

#endif
