/** @file
 *  souk load: put load on a fleet, measure it, check what it answers.
 */
#ifndef SOUK_CLIENT_LOAD_COMMAND_H
#define SOUK_CLIENT_LOAD_COMMAND_H

#include "shared/base/status.h"

/** argv[0] is "souk load". @return SOUK_ELIMIT: the fleet broke a promise, the report says which */
souk_status souk_load_command(int argc, char **argv, struct souk_error *err) SOUK_MUST_CHECK;

#endif
