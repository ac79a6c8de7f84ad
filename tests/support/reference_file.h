/** @file
 *  Files of $SOUK_REFERENCE_DATA, for tests.
 */
#ifndef SOUK_TESTS_REFERENCE_FILE_H
#define SOUK_TESTS_REFERENCE_FILE_H

#include <stddef.h>

/** The text of `$SOUK_REFERENCE_DATA/NAME`, unpacked where the name ends in .zst.
 *  @return [*len] and a NUL, free() it; NULL where the folder or the file is not there */
char *souk_reference_text(const char *name, size_t *len);

#endif
