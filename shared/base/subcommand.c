#include "shared/base/subcommand.h"

#include "souk_version.h"

#include <stdio.h>
#include <string.h>

static void print_help(const struct souk_subcommand_program *p)
{
    printf("Usage: %s COMMAND [OPTION]...\n%s\n\nCommands:\n", p->name, p->summary);
    for (int i = 0; i < p->count; i++)
        printf("  %-10s %s\n", p->commands[i].name, p->commands[i].summary);
    printf("\n`%s COMMAND --help` lists the options of one.\n\nExamples:\n%s", p->name,
           p->examples);
}

souk_status souk_subcommand_find(const struct souk_subcommand_program *program, int argc,
                                 char **argv, bool speak, char title[64], int *index,
                                 struct souk_error *err)
{
    *index = -1;
    if (argc < 2)
        return souk_fail(err, SOUK_EUSAGE, "no command given: see %s --help", program->name);
    if (strcmp(argv[1], "--help") == 0) {
        if (speak)
            print_help(program);
        return SOUK_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        if (speak)
            printf("%s %s (%s)\n", program->name, SOUK_VERSION, SOUK_GIT_HASH);
        return SOUK_OK;
    }
    for (int i = 0; i < program->count; i++) {
        if (strcmp(program->commands[i].name, argv[1]) == 0) {
            snprintf(title, 64, "%s %s", program->name, argv[1]);
            argv[1] = title;
            *index = i;
            return SOUK_OK;
        }
    }
    return souk_fail(err, SOUK_EUSAGE, "unknown command '%s': see %s --help", argv[1],
                     program->name);
}
