/** @file
 *  Arrays of many megabytes.
 */
#ifndef SOUK_BASE_LARGEARRAY_H
#define SOUK_BASE_LARGEARRAY_H

#include "shared/base/status.h"

#include <stddef.h>

/** As souk_alloc_array(), on huge pages where the system has them: an array that is filled once
 *  then costs a page fault per 2 MiB, not per 4 KiB. Freed with free(). */
void *souk_large_array(size_t count, size_t size) SOUK_MUST_CHECK;

#endif
