/** @file
 *  Programs with subcommands: `souk recommend ...`, `souk-registry publish ...`.
 */
#ifndef SOUK_BASE_SUBCOMMAND_H
#define SOUK_BASE_SUBCOMMAND_H

#include "shared/base/status.h"

#include <stdbool.h>

struct souk_subcommand {
    const char *name;    /**< "recommend" */
    const char *summary; /**< one line of the program's --help */
};

struct souk_subcommand_program {
    const char *name;     /**< "souk" */
    const char *summary;  /**< one sentence */
    const char *examples; /**< lines for the end of --help */
    const struct souk_subcommand *commands;
    int count;
};

/** Find the subcommand that argv[1] names. --help and --version are answered here, on stdout where
 *  `speak`. On success argv[1] is replaced by "PROGRAM COMMAND", which the subcommand's own options
 *  take as their argv[0].
 *  @param title [64], holds that text; must live as long as argv is used
 *  @param index of the command; -1: --help or --version, all is done
 *  @return SOUK_OK, SOUK_EUSAGE (none, or an unknown one) */
souk_status souk_subcommand_find(const struct souk_subcommand_program *program, int argc,
                                 char **argv, bool speak, char title[64], int *index,
                                 struct souk_error *err) SOUK_MUST_CHECK;

#endif
