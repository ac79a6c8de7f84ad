#include "shared/base/optionset.h"
#include "shared/base/optionvalue.h"

#include "souk_version.h"

#include <stdio.h>
#include <string.h>

enum {
    WIDTH = 80,
    HELP_COLUMN = 28,
    FILE_WORD_MAX = 180, /* inih reads lines of 198 bytes; longer values go on in indented lines */
};

static souk_status flush(struct souk_error *err)
{
    return fflush(stdout) == 0 && !ferror(stdout) ? SOUK_OK
                                                  : souk_fail_errno(err, "standard output");
}

/* Words of text from `column` on, broken before WIDTH, next lines indented to HELP_COLUMN. */
static void print_wrapped(const char *text, int column)
{
    while (*text) {
        const int len = (int)strcspn(text, " ");
        if (column > HELP_COLUMN && column + 1 + len > WIDTH) {
            printf("\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        } else if (column > HELP_COLUMN) {
            putchar(' ');
            column++;
        }
        printf("%.*s", len, text);
        column += len;
        text += len;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static const char *value_name(const struct souk_option *option)
{
    static const char *const names[] = {
        [SOUK_OPTION_INT] = "N",      [SOUK_OPTION_REAL] = "X",
        [SOUK_OPTION_TEXT] = "TEXT",  [SOUK_OPTION_CHOICE] = "NAME",
        [SOUK_OPTION_BYTES] = "SIZE", [SOUK_OPTION_DURATION] = "TIME",
    };
    return option->unit ? option->unit : names[option->type];
}

/* "implicit|ials, default ials", "from 8 to 1024, default 64", "required" */
static void facts(const struct souk_option *option, char *text, size_t size)
{
    char range[80];
    souk_option_range_format(option, range, sizeof range);
    const char *first = option->type == SOUK_OPTION_CHOICE ? option->choices : range;
    const bool has_default =
        option->fallback && option->fallback[0] != '\0' && option->type != SOUK_OPTION_FLAG;
    snprintf(text, size, "%s%s%s%s", first,
             first[0] && (has_default || option->required) ? ", " : "",
             option->required ? "required"
             : has_default    ? "default "
                              : "",
             has_default && !option->required ? option->fallback : "");
}

static void print_option(const struct souk_option *option)
{
    char text[600], detail[300] = "", letter[8] = "    ";
    const bool is_flag = option->type == SOUK_OPTION_FLAG;
    const bool is_on = is_flag && option->fallback && strcmp(option->fallback, "true") == 0;
    if (option->letter)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    int column = printf("  %s--%s%s", letter, is_on ? "[no-]" : "", option->name);
    if (!is_flag)
        column += printf(" %s", value_name(option));
    facts(option, detail, sizeof detail);
    snprintf(text, sizeof text, "%s%s%s%s", option->help, detail[0] ? " (" : "", detail,
             detail[0] ? ")" : "");
    if (column > HELP_COLUMN - 2) {
        putchar('\n');
        column = 0;
    }
    printf("%*s", HELP_COLUMN - column, "");
    print_wrapped(text, HELP_COLUMN);
}

static void print_builtin_options(void)
{
    static const struct souk_option rows[] = {
        {.name = "config",
         .type = SOUK_OPTION_TEXT,
         .unit = "FILE",
         .help = "read options from an INI file; SOUK_NAME in the environment overrides it, and a "
                 "flag both"},
        {.name = "dump-config", .help = "print the options in effect as such a file"},
        {.name = "help", .help = "print this text"},
        {.name = "version", .help = "print version and git hash"},
    };
    puts("\ncommon:");
    for (int i = 0; i < (int)(sizeof rows / sizeof *rows); i++)
        print_option(&rows[i]);
}

souk_status souk_option_help_print(const struct souk_program *program, struct souk_error *err)
{
    const struct souk_option *table = program->options;
    printf("%s: %s\n\nusage: %s [OPTION...]%s%s\n", program->name, program->summary, program->name,
           program->operands ? " " : "", program->operands ? program->operands : "");
    if (table[0].name && table[0].name[0] != '\0')
        puts("\noptions:");
    for (int i = 0; table[i].name; i++) {
        if (table[i].name[0] == '\0')
            printf("\n%s:\n", table[i].help);
        else
            print_option(&table[i]);
    }
    print_builtin_options();
    if (program->examples)
        printf("\nexamples:\n%s", program->examples);
    return flush(err);
}

souk_status souk_option_version_print(const struct souk_program *program, struct souk_error *err)
{
    printf("%s %s (%s)\n", program->name, SOUK_VERSION, SOUK_GIT_HASH);
    return flush(err);
}

/* Whether an INI file gives this text back: no comment sign, no control character, no word longer
 * than a line. */
static bool fits_file(const char *text)
{
    if (text[0] == ' ' || strchr("; ", text[0]) || strstr(text, " ;") || strstr(text, "  "))
        return false;
    for (const char *word = text; *word;) {
        const size_t len = strcspn(word, " ");
        if (len > FILE_WORD_MAX)
            return false;
        word += len;
        word += *word == ' ';
        if (*word == '\0' && word[-1] == ' ')
            return false;
    }
    return strcspn(text, "\t\n\v\f\r") == strlen(text);
}

static void print_file_value(const char *text)
{
    int column = 0;
    while (*text) {
        const int len = (int)strcspn(text, " ");
        if (column > 0 && column + 1 + len > FILE_WORD_MAX) {
            printf("\n    ");
            column = 0;
        } else if (column > 0) {
            putchar(' ');
        }
        printf("%.*s", len, text);
        column += len + 1;
        text += len;
        text += *text == ' ';
    }
    putchar('\n');
}

/* A row that nothing set is shown commented out, with the value that the program starts from. */
static void print_setting(const struct souk_option *option,
                          const struct souk_option_setting *setting)
{
    char buffer[SOUK_OPTION_VALUE_TEXT];
    union souk_option_value value;
    const char *text = setting->text;
    if (!text) {
        souk_option_value_load(option, &value);
        text = souk_option_value_format(option, &value, buffer);
    }
    if (text[0] != '\0' && !fits_file(text)) {
        printf("; %s: its value cannot stand in a file, use the flag\n", option->name);
        return;
    }
    printf("%s%s = ", setting->text ? "" : "; ", option->name);
    print_file_value(text);
}

souk_status souk_option_config_print(const struct souk_program *program,
                                     const struct souk_options *options, struct souk_error *err)
{
    printf("; %s %s\n", program->name, SOUK_VERSION);
    for (int i = 0; i < options->count; i++) {
        if (program->options[i].name[0] == '\0')
            printf("\n; %s\n", program->options[i].help);
        else
            print_setting(&program->options[i], &options->settings[i]);
    }
    return flush(err);
}
