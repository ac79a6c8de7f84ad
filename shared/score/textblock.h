/** @file
 *  Reading a text of KEY=VALUE lines by blocks, from memory, with the place of every complaint.
 *  Private to foresttext.
 */
#ifndef SOUK_SCORE_TEXTBLOCK_H
#define SOUK_SCORE_TEXTBLOCK_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Text of somebody else; no NUL behind it. */
struct souk_span {
    const char *at;
    size_t len;
};

struct souk_textblock {
    const char *at, *end; /**< what is left */
    const char *name;     /**< of the file, for messages */
    int64_t line;         /**< of the one that was read last */
    struct souk_error *err;
};

/** A key of a block, and what stood behind it. */
struct souk_text_entry {
    const char *key;
    struct souk_span value;
    int64_t line; /**< 0: not there */
};

/** Lines that are kept as they are, each with a newline, and a NUL behind all. */
struct souk_text_kept {
    char *text; /**< NULL: none; free() it */
    size_t len, cap;
};

/** `name:line: reason` into the error. @return status */
souk_status souk_text_fail(const struct souk_textblock *b, int64_t line, souk_status status,
                           const char *fmt, ...) SOUK_PRINTF(4, 5);

/** The next line without its end (LF, and any CR before it). @return false at the end */
bool souk_text_next(struct souk_textblock *b, struct souk_span *line);

/** Step back before the line that was read last. */
void souk_text_unread(struct souk_textblock *b, const struct souk_span *line);

bool souk_span_is(const struct souk_span *span, const char *text);
bool souk_span_starts(const struct souk_span *span, const char *text);

/** @return SOUK_OK, SOUK_ENOMEM, SOUK_ELIMIT */
souk_status souk_text_keep(const struct souk_textblock *b, struct souk_text_kept *kept,
                           const struct souk_span *line) SOUK_MUST_CHECK;

/** Put the line that was read last where its key belongs, or among those that are kept.
 *  @return SOUK_OK, SOUK_EFORMAT (the key was there already), SOUK_ENOMEM, SOUK_ELIMIT */
souk_status souk_text_take(const struct souk_textblock *b, const struct souk_span *line,
                           struct souk_text_entry *entries, size_t count,
                           struct souk_text_kept *kept) SOUK_MUST_CHECK;

/** An entry's value as an integer of low..high.
 *  @return SOUK_OK, SOUK_EFORMAT (not there, or not such a number) */
souk_status souk_text_integer(const struct souk_textblock *b, const struct souk_text_entry *e,
                              int64_t low, int64_t high, int64_t *out) SOUK_MUST_CHECK;

#endif
