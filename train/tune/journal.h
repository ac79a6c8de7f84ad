/** @file
 *  What a search has found out so far, on disk after every wave of trials.
 *
 *      {"souk-tune": 1, "search": {...}}                                what is searched for
 *      {"trial": 0, "epochs": 15, "parameters": {...}, "values": [..], "seconds": 1.2}
 *      ...                                                              "failed": "why" for values
 *
 *  A search that goes on makes the same decisions again and looks up what they led to. A line that
 *  a kill cut off is forgotten. One rank has the journal.
 */
#ifndef SOUK_TUNE_JOURNAL_H
#define SOUK_TUNE_JOURNAL_H

#include "shared/base/status.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct souk_journal;

/** @param search  what must agree for a journal to go on; borrowed
 *  @param resume  go on with what is there (nothing: begin); false: begin a new one
 *  @param out     close with souk_journal_close(); NULL on failure
 *  @return SOUK_OK, SOUK_EEXIST (there is one: the message names the ways out), SOUK_EINTEGRITY
 *          (another search's, or not a journal), SOUK_EIO, SOUK_ENOTFOUND (no folder), SOUK_ENOMEM
 */
souk_status souk_journal_open(const char *path, bool resume, const json_t *search,
                              struct souk_journal **out, struct souk_error *err) SOUK_MUST_CHECK;
void souk_journal_close(struct souk_journal *j);

/** Results that were there. */
int64_t souk_journal_count(const struct souk_journal *j);

/** The entry of a trial trained this long; NULL: not known. Borrowed. */
const json_t *souk_journal_find(const struct souk_journal *j, int64_t trial, int epochs);

/** Write an entry and sync it. @param entry borrowed */
souk_status souk_journal_add(struct souk_journal *j, const json_t *entry,
                             struct souk_error *err) SOUK_MUST_CHECK;

#endif
