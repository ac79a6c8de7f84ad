/** @file
 *  `souk event`: tell a fleet what visitors did.
 */
#ifndef SOUK_CLIENT_EVENT_COMMAND_H
#define SOUK_CLIENT_EVENT_COMMAND_H

#include "shared/base/status.h"

souk_status souk_event_command(int argc, char **argv, struct souk_error *err) SOUK_MUST_CHECK;

#endif
