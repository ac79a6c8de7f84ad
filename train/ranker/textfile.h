/** @file
 *  A text file in memory, cut into one slice of lines for each rank.
 *
 *      | rank 0 ......... | rank 1 ......... | rank 2 ......... |     at any byte, moved on to the
 *                                                                     next start of a line
 *
 *  A rank keeps the query groups whose first row starts in its slice, to their last row, which may
 *  lie behind it: every rank sees the whole file.
 */
#ifndef SOUK_RANKER_TEXTFILE_H
#define SOUK_RANKER_TEXTFILE_H

#include "train/comm/comm.h"

struct souk_textfile {
    const char *path;       /**< borrowed, for messages */
    const char *text, *end; /**< the whole file */
    const char *slice, *slice_end;
};

/** Map a file. Not collective, but all ranks open the same.
 *  @param f close with souk_textfile_close(), also after a failure
 *  @return SOUK_OK, SOUK_ENOTFOUND, SOUK_EIO */
souk_status souk_textfile_open(struct souk_textfile *f, const struct souk_comm *comm,
                               const char *path, struct souk_error *err) SOUK_MUST_CHECK;
void souk_textfile_close(struct souk_textfile *f);

/** The end of the line at `at`: its newline, or the end of the file. */
const char *souk_textfile_line_end(const struct souk_textfile *f, const char *at);

/** Number of the line at `at`, from 1: it is counted when a message needs it. */
int64_t souk_textfile_line(const struct souk_textfile *f, const char *at);

/** A number at the start of [at, end): digits, sign, fraction, exponent; `nan`, `inf`.
 *  @param next behind it; NULL where there is none
 *  @return the number, the nearest double */
double souk_text_number(const char *at, const char *end, const char **next);

#endif
