/** @file
 *  What the parse of one command line knows of each option: the text in effect and who set it.
 *  Internal to shared/base: optionflags.c and optionfile.c gather texts here, options.c settles
 *  which of them is in effect, optionhelp.c prints them.
 */
#ifndef SOUK_BASE_OPTIONSET_H
#define SOUK_BASE_OPTIONSET_H

#include "shared/base/options.h"

#define SOUK_OPTION_NAME_MAX 60 /* bytes */

/** Who set an option, weakest first. */
enum souk_option_origin {
    SOUK_ORIGIN_NONE, /**< nobody: the target keeps the value it had */
    SOUK_ORIGIN_DEFAULT,
    SOUK_ORIGIN_FILE,
    SOUK_ORIGIN_ENVIRONMENT,
    SOUK_ORIGIN_FLAG,
};

struct souk_option_setting {
    char *name; /**< a copy: the table may live on the caller's stack */
    char *text; /**< NULL while the origin is NONE */
    enum souk_option_origin origin;
    int line; /**< of the INI file that last set it, else 0 */
};

struct souk_options {
    struct souk_option_setting *settings; /**< [count], one per row of the table, groups included */
    int count;
    char *config;    /**< INI file, or NULL */
    char **operands; /**< [operand_count], inside argv */
    int operand_count;
    char *json;
};

/** What a command line asks for besides values. */
struct souk_option_request {
    bool help, version, dump_config;
};

/** Set an option's text, unless a stronger origin has set it.
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_option_set(struct souk_options *options, int index, enum souk_option_origin origin,
                            const char *text, struct souk_error *err) SOUK_MUST_CHECK;

/** Name the INI file to read. @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_option_set_config(struct souk_options *options, const char *path,
                                   struct souk_error *err) SOUK_MUST_CHECK;

/** The row of this name. @return -1: there is none */
int souk_option_find(const struct souk_options *options, const char *name);

/** Whether the row is the title of a group and not an option. */
static inline bool souk_option_is_group(const struct souk_option *option)
{
    return option->name[0] == '\0';
}

/** Read the command line: flags into the settings, the operands, --config FILE, and the request.
 *  Not thread-safe: getopt_long() is not.
 *  @return SOUK_OK, SOUK_EUSAGE, SOUK_ENOMEM */
souk_status souk_option_flags_read(struct souk_options *options, const struct souk_option *table,
                                   int argc, char **argv, struct souk_option_request *request,
                                   struct souk_error *err) SOUK_MUST_CHECK;

/** Read an INI file: `key = value`, `;` and `#` begin a comment, an indented line goes on with the
 *  value above it. A key stands once, and in no section.
 *  @return SOUK_OK, SOUK_EUSAGE (with file:line), SOUK_ENOTFOUND, SOUK_EIO, SOUK_ENOMEM */
souk_status souk_option_file_read(struct souk_options *options, const char *path,
                                  struct souk_error *err) SOUK_MUST_CHECK;

/** Write --help, --version, or the values in effect as an INI file to stdout.
 *  @return SOUK_OK, SOUK_EIO */
souk_status souk_option_help_print(const struct souk_program *program,
                                   struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_option_version_print(const struct souk_program *program,
                                      struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_option_config_print(const struct souk_program *program,
                                     const struct souk_options *options,
                                     struct souk_error *err) SOUK_MUST_CHECK;

#endif
