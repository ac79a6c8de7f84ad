/** @file
 *  `souk admin`: change the model of replicas, or take them out, one after another.
 */
#ifndef SOUK_CLIENT_ADMIN_COMMAND_H
#define SOUK_CLIENT_ADMIN_COMMAND_H

#include "shared/base/status.h"

/** Run `souk admin ...`; results go to stdout. @return SOUK_OK, SOUK_EUSAGE, SOUK_EUNAVAILABLE (a
 *  replica does not answer), SOUK_EFORMAT (it has refused; the text is its own) */
souk_status souk_admin_command(int argc, char **argv, struct souk_error *err) SOUK_MUST_CHECK;

#endif
