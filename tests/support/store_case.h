/** @file
 *  What the tests of the stores of events share: stores that are new, records, and calls that must
 *  succeed. Asserts with Criterion.
 */
#ifndef SOUK_TESTS_STORE_CASE_H
#define SOUK_TESTS_STORE_CASE_H

#include "shared/events/eventstore.h"

#include <stddef.h>

enum { STORE_URL_MAX = 512 };

/** The name of a file in a folder that is removed when the process ends. @param path [size] */
void store_case_path(char *path, size_t size);

/** A URL of a SQLite store that is not there yet. @param url [STORE_URL_MAX] */
void store_case_new_sqlite(char url[STORE_URL_MAX]);

/** A URL of a new database of the server that SOUK_TEST_POSTGRES names (a URL without a database).
 *  @return false: there is none; skip */
bool store_case_new_postgres(char url[STORE_URL_MAX]);

struct souk_event_store *store_case_open(const char *url, enum souk_event_access access);

/** A record of a type "view" of the item "i". */
struct souk_event_record store_case_event(const char *event_id, const char *user, int64_t ms);

/** Store one; its fate. */
enum souk_event_fate store_case_append(struct souk_event_store *s, const char *event_id,
                                       const char *user, int64_t ms);

/** The event_ids of all, or of a user, in the order read, with a blank behind each. Static. */
const char *store_case_all(struct souk_event_store *s, int64_t after);
const char *store_case_of_user(struct souk_event_store *s, const char *user, int64_t since_ms,
                               int64_t max);

/** The users that a watch tells of within timeout_ms, with a blank behind each; "* " for any. */
const char *store_case_watch(struct souk_event_store *s, int64_t timeout_ms);

#endif
