/** @file
 *  What tests of visitors with later events share: small models, a fleet (small_fleet.h), and
 *  questions to it.
 */
#ifndef SOUK_TESTS_LATER_CASE_H
#define SOUK_TESTS_LATER_CASE_H

#include "tests/support/small_fleet.h"
#include "tests/support/small_model.h"

enum { LATER_N = 12, LATER_MOMENT_MS = 5000, LATER_DID = 8 };

extern const struct small_model later_als, later_ease, later_popular, later_staged;

/** Views of i3, i7 and i150, a cart and a purchase of i7; one unknown item, one unknown type. All
 *  after the model's data and before the moment. */
extern struct souk_recent_event later_did[LATER_DID];

/** The fleet under test; the test starts and stops it. */
extern struct small_fleet later_fleet;

/** Write a model into a folder of its own, and remove it again. @return its path */
const char *later_model(const struct small_model *m);
void later_clean(void);

/** The store holds these of the user, and nothing else. @param events borrowed */
void later_store(const char *user, struct souk_recent_event *events, int count);

/** `recommend` LATER_N items at the moment, or another operation about a user.
 *  @param events that the request brings */
void later_write(struct souk_writer *w, const char *operation, const char *user,
                 const struct souk_recent_event *events, int count);
int64_t later_ask(const char *operation, const char *user, const struct souk_recent_event *events,
                  int count);

#endif
