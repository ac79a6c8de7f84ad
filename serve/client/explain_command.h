/** @file
 *  souk explain: why items score as they do for a visitor.
 */
#ifndef SOUK_CLIENT_EXPLAIN_COMMAND_H
#define SOUK_CLIENT_EXPLAIN_COMMAND_H

#include "shared/base/status.h"

/** argv[0] is "souk explain". */
souk_status souk_explain_command(int argc, char **argv, struct souk_error *err) SOUK_MUST_CHECK;

#endif
