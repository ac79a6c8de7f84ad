/** @file
 *  Rows that did not become data: why, how many, and the first lines of each kind.
 *
 *  A reason is either the format's meaning (a row without customer in a purchase log: dropped and
 *  counted, as documented) or a bad row. More bad rows than --max-bad allows stop the program with
 *  nothing written. One struct per input (the events, the properties, a catalogue).
 */
#ifndef SOUK_INGEST_REJECTS_H
#define SOUK_INGEST_REJECTS_H

#include "shared/base/status.h"
#include "train/comm/comm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* X(name, is it bad, text). The order is that in which reasons are met. */
#define SOUK_REJECT_LIST(X)                                                                        \
    X(NO_CUSTOMER, 0, "no customer")                                                               \
    X(CANCELLATION, 0, "cancellation")                                                             \
    X(QUANTITY, 0, "quantity not positive")                                                        \
    X(PRICE, 0, "price not positive")                                                              \
    X(SAME_ID, 0, "same event id")                                                                 \
    X(ERASED, 0, "visitor erased")                                                                 \
    X(FIELDS, 1, "wrong number of fields")                                                         \
    X(OPEN_QUOTE, 1, "quote that never ends")                                                      \
    X(BAD_USER, 1, "not a user id")                                                                \
    X(BAD_ITEM, 1, "not an item id")                                                               \
    X(BAD_TIME, 1, "not a time")                                                                   \
    X(BAD_EVENT, 1, "unknown event")                                                               \
    X(BAD_NUMBER, 1, "not a number")                                                               \
    X(BAD_ORDER, 1, "not an order id")                                                             \
    X(BAD_PROPERTY, 1, "not a property name")                                                      \
    X(BAD_VALUE, 1, "not a property value")

enum souk_reject {
#define X(name, bad, text) SOUK_REJECT_##name,
    SOUK_REJECT_LIST(X)
#undef X
        SOUK_REJECTS
};

enum {
    SOUK_REJECT_SAMPLES = 5, /**< first rows kept of each reason */
    SOUK_REJECT_TEXT_BYTES = 40
};

/** One of the first rows of a reason. */
struct souk_reject_sample {
    int64_t line; /**< of its file, from 1 */
    int32_t file; /**< index into files */
    int32_t reason;
    char text[SOUK_REJECT_TEXT_BYTES]; /**< the field that was at fault, printable, cut */
};

struct souk_rejects {
    const char *input;           /**< "events": for messages; not owned */
    const char *const *files;    /**< names of the input's files; not owned */
    int64_t rows;                /**< records read, all of them; the caller counts */
    int64_t first[SOUK_REJECTS]; /**< rows by the first reason met */
    int64_t each[SOUK_REJECTS];  /**< rows that have this reason, first or not */
    int32_t file;                /**< being read */
    int sample_count[SOUK_REJECTS];
    struct souk_reject_sample samples[SOUK_REJECTS][SOUK_REJECT_SAMPLES];
};

/** @param files names of the input's files, in the order of reading; borrowed while r lives */
void souk_rejects_init(struct souk_rejects *r, const char *input, const char *const *files);

const char *souk_reject_text(enum souk_reject reason);
bool souk_reject_is_bad(enum souk_reject reason);

/** Count a row.
 *  @param reasons bits 1 << reason, not 0; the lowest is the first met
 *  @param line    counted in this rank's range of the file, see souk_source_close_all()
 *  @param text    [len] the field at fault, or NULL */
void souk_rejects_note(struct souk_rejects *r, unsigned reasons, int64_t line, const char *text,
                       size_t len);

/** Count rows whose lines are not known any more. */
void souk_rejects_count(struct souk_rejects *r, enum souk_reject reason, int64_t rows);

/** The file being read is done: its lines move by what souk_source_close_all() found, and the next
 *  file begins. */
void souk_rejects_next_file(struct souk_rejects *r, int64_t line_base);

/** Collective. Sums and first rows over all ranks, on every rank. */
souk_status souk_rejects_sum_all(const struct souk_comm *comm, struct souk_rejects *r,
                                 struct souk_error *err) SOUK_MUST_CHECK;

/** Rows that are bad, by the first reason met. After the sum. */
int64_t souk_rejects_bad(const struct souk_rejects *r);

/** One line per reason: count, text, first lines. */
void souk_rejects_print(const struct souk_rejects *r, FILE *to);

/** After the sum.
 *  @param max_bad share of the rows, 0.01 for 1 %
 *  @return SOUK_OK, SOUK_EFORMAT (more bad rows than that: names the first of them) */
souk_status souk_rejects_check(const struct souk_rejects *r, double max_bad,
                               struct souk_error *err) SOUK_MUST_CHECK;

#endif
