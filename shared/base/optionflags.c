#include "shared/base/memory.h"
#include "shared/base/optionset.h"
#include "shared/base/optionvalue.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* getopt_long() names what it found by a number: a letter, one of these, or FIRST_ROW + 2 * row,
 * and one more for the row's --no-NAME. */
enum { HELP = 256, VERSION, CONFIG, DUMP_CONFIG, FIRST_ROW };

/* The table in getopt's terms. */
struct flags {
    struct option *words;                      /* [2 * rows + 5] */
    char *letters;                             /* ":n:v" */
    char (*negated)[SOUK_OPTION_NAME_MAX + 4]; /* [rows], "no-NAME" */
};

static void free_flags(struct flags *flags)
{
    free(flags->words);
    free(flags->letters);
    free(flags->negated);
}

static souk_status build_flags(const struct souk_option *table, int rows, struct flags *flags,
                               struct souk_error *err)
{
    flags->words = souk_zalloc_array(2 * (size_t)rows + 5, sizeof *flags->words);
    flags->letters = souk_zalloc_array(2 * (size_t)rows + 2, 1);
    flags->negated = souk_zalloc_array((size_t)rows, sizeof *flags->negated);
    if (!flags->words || !flags->letters || !flags->negated)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the options");

    struct option *word = flags->words;
    char *letter = flags->letters;
    *word++ = (struct option){"help", no_argument, NULL, HELP};
    *word++ = (struct option){"version", no_argument, NULL, VERSION};
    *word++ = (struct option){"config", required_argument, NULL, CONFIG};
    *word++ = (struct option){"dump-config", no_argument, NULL, DUMP_CONFIG};
    *letter++ = ':'; /* tells a missing value from an unknown option */
    for (int i = 0; i < rows; i++) {
        const bool is_flag = table[i].type == SOUK_OPTION_FLAG;
        if (souk_option_is_group(&table[i]))
            continue;
        *word++ = (struct option){table[i].name, is_flag ? no_argument : required_argument, NULL,
                                  FIRST_ROW + 2 * i};
        if (is_flag) {
            snprintf(flags->negated[i], sizeof *flags->negated, "no-%s", table[i].name);
            *word++ = (struct option){flags->negated[i], no_argument, NULL, FIRST_ROW + 2 * i + 1};
        }
        if (table[i].letter)
            *letter++ = table[i].letter;
        if (table[i].letter && !is_flag)
            *letter++ = ':';
    }
    return SOUK_OK;
}

static int row_of_letter(const struct souk_option *table, int letter)
{
    for (int i = 0; table[i].name; i++)
        if (!souk_option_is_group(&table[i]) && table[i].letter == letter)
            return i;
    return -1;
}

static souk_status take_row(struct souk_options *options, const struct souk_option *table, int row,
                            bool negated, struct souk_error *err)
{
    const char *text = table[row].type != SOUK_OPTION_FLAG ? optarg : negated ? "false" : "true";
    return souk_option_set(options, row, SOUK_ORIGIN_FLAG, text, err);
}

/* getopt_long() found `?` or `:`; the argument that it stumbled over is the last one it took. */
static souk_status refuse_argument(const struct souk_option *table, int found, char **argv,
                                   struct souk_error *err)
{
    char takes[128];
    const char *given = optind > 0 ? argv[optind - 1] : "";
    const int row = optopt >= FIRST_ROW ? (optopt - FIRST_ROW) / 2 : row_of_letter(table, optopt);
    if (found == ':' && row >= 0) {
        souk_option_value_describe(&table[row], takes, sizeof takes);
        return souk_fail(err, SOUK_EUSAGE, "--%s needs a value: %s", table[row].name, takes);
    }
    if (found == ':')
        return souk_fail(err, SOUK_EUSAGE, "--config needs a value: a file");
    if (optopt >= HELP)
        return souk_fail(err, SOUK_EUSAGE, "%s: this option takes no value", given);
    if (optopt != 0)
        return souk_fail(err, SOUK_EUSAGE, "unknown option '-%c': see --help", optopt);
    return souk_fail(err, SOUK_EUSAGE, "unknown or ambiguous option '%s': see --help", given);
}

static souk_status scan_arguments(struct souk_options *options, const struct souk_option *table,
                                  const struct flags *flags, int argc, char **argv,
                                  struct souk_option_request *request, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    int found;
    opterr = 0;
    optind = 0; /* glibc: begin anew, also after an earlier parse in this process */
    while (status == SOUK_OK &&
           (found = getopt_long(argc, argv, flags->letters, flags->words, NULL)) != -1) {
        if (found == '?' || found == ':')
            status = refuse_argument(table, found, argv, err);
        else if (found == HELP)
            request->help = true;
        else if (found == VERSION)
            request->version = true;
        else if (found == DUMP_CONFIG)
            request->dump_config = true;
        else if (found == CONFIG)
            status = souk_option_set_config(options, optarg, err);
        else if (found >= FIRST_ROW)
            status =
                take_row(options, table, (found - FIRST_ROW) / 2, (found - FIRST_ROW) % 2, err);
        else
            status = take_row(options, table, row_of_letter(table, found), false, err);
    }
    options->operands = argv + optind;
    options->operand_count = argc - optind;
    return status;
}

souk_status souk_option_flags_read(struct souk_options *options, const struct souk_option *table,
                                   int argc, char **argv, struct souk_option_request *request,
                                   struct souk_error *err)
{
    struct flags flags = {0};
    souk_status status = build_flags(table, options->count, &flags, err);
    if (status == SOUK_OK)
        status = scan_arguments(options, table, &flags, argc, argv, request, err);
    free_flags(&flags);
    return status;
}
