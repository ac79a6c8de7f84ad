/** @file
 *  Command-line options from one table per program.
 *
 *      table row -> --flag, SOUK_FLAG (environment), key in --config FILE (INI), line in --help,
 *                   line in --dump-config
 *
 *  Precedence: flag, then environment, then file, then default. Every program also takes
 *  --help (stdout, exit 0), --version (with the git hash), --config FILE and --dump-config.
 *  An unknown key in the file is an error with file:line. A value out of its range, a number that
 *  is not one, an unknown flag: SOUK_EUSAGE, naming the option and what it takes. SOUK_CONFIG names
 *  the file where no --config does; an empty variable is as good as none.
 *
 *  The file: `key = value`, each key once, no sections; `;` or `#` begins a comment line, ` ;` a
 *  comment behind a value; a long value goes on in indented lines, joined by blanks.
 */
#ifndef SOUK_BASE_OPTIONS_H
#define SOUK_BASE_OPTIONS_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum souk_option_type {
    SOUK_OPTION_FLAG,   /**< bool *; takes no value; `--no-NAME` sets it to false */
    SOUK_OPTION_INT,    /**< int64_t *; decimal, with an optional k, M or G (powers of 1000) */
    SOUK_OPTION_REAL,   /**< double *; finite */
    SOUK_OPTION_TEXT,   /**< const char **; owned by the parsed options */
    SOUK_OPTION_CHOICE, /**< int *; index into `choices`, "implicit|ials" */
    SOUK_OPTION_BYTES, /**< int64_t *; with an optional K, M, G, T (powers of 1024), and `iB` or `B`
                        */
    SOUK_OPTION_DURATION, /**< int64_t *, milliseconds; 250ms, 30s, 5m, 12h, 7d; "none" is -1 */
};

/** One option. A table is an array of these, ended by a row with name NULL. A row with name ""
 *  starts a group in --help, titled by its `help`. */
struct souk_option {
    const char *name; /**< "half-life": --half-life, SOUK_HALF_LIFE, half-life = 7d */
    char letter;      /**< 'n' for -n, or 0 */
    enum souk_option_type type;
    void *target;         /**< of the type's C type; written on success of the parse only */
    const char *fallback; /**< default, as text; NULL: the target keeps the value it had */
    double min, max;      /**< range of INT, REAL, BYTES, DURATION; both 0: no range */
    const char *choices;  /**< of CHOICE, separated by '|' */
    const char *unit;     /**< what --help shows for the value: FILE, N, "ms"; NULL for flags */
    const char *help;     /**< one sentence, lower-case, no full stop */
    bool required;        /**< a usage error when nothing sets it */
};

struct souk_program {
    const char *name;     /**< "souk-train als" */
    const char *summary;  /**< one line */
    const char *operands; /**< "FILE..." as shown in the usage line, or NULL */
    const char *examples; /**< lines for the end of --help */
    const struct souk_option *options;
    int min_operands, max_operands; /**< max -1: any number */
};

/** What a parse leaves: the operands, and the text that targets point into. */
struct souk_options;

/** Parse. Writes --help, --version or --dump-config to stdout when asked, and then sets *done.
 *  In an MPI program every rank parses, and `speak` is true on rank 0 only.
 *  @param done  true: main should exit with 0 now
 *  @param out   owned by the caller, free with souk_options_free(); NULL on failure
 *  @return SOUK_OK, SOUK_EUSAGE, SOUK_ENOMEM, SOUK_EIO, SOUK_ENOTFOUND (the config file) */
souk_status souk_options_parse(const struct souk_program *program, int argc, char **argv,
                               bool speak, bool *done, struct souk_options **out,
                               struct souk_error *err) SOUK_MUST_CHECK;

/** Operands, argv's own strings. */
int souk_options_operand_count(const struct souk_options *options);
const char *souk_options_operand(const struct souk_options *options, int index);

/** Whether anything but the default set this option. */
bool souk_options_was_set(const struct souk_options *options, const char *name);

/** All values in effect as one JSON object text, for manifests; owned by `options`. Durations are
 *  milliseconds and -1 for none, a text that nothing set is null. */
const char *souk_options_json(const struct souk_options *options);

void souk_options_free(struct souk_options *options);

#endif
