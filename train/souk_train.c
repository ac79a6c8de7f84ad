/* souk-train: finds the subcommand and hands the rest of the command line to it. */
#include "train/command.h"

#include "souk_version.h"

#include <stdio.h>
#include <string.h>

static const struct souk_command *const commands[] = {&souk_command_als, &souk_command_popular};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void print_help(void)
{
    puts("Usage: souk-train COMMAND [OPTION]...\n"
         "Train a model on a dataset that souk-ingest made.\n\n"
         "Commands:");
    for (int i = 0; i < COMMAND_COUNT; i++)
        printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
    puts("\n`souk-train COMMAND --help` lists the options of one.\n\n"
         "Examples:\n"
         "  mpirun -n 2 souk-train als --dataset shop.ds --out shop.model\n"
         "  mpirun -n 2 souk-train popular --dataset shop.ds --half-life 7d --out popular.model");
}

static const struct souk_command *find_command(const char *name)
{
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static souk_status dispatch(struct souk_comm *comm, int argc, char **argv, struct souk_error *err)
{
    char title[64];
    const struct souk_command *command = NULL;
    if (argc < 2)
        return souk_fail(err, SOUK_EUSAGE, "no command given: see souk-train --help");
    if (strcmp(argv[1], "--help") == 0) {
        if (comm->rank == 0)
            print_help();
        return SOUK_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        if (comm->rank == 0)
            printf("souk-train %s (%s)\n", SOUK_VERSION, SOUK_GIT_HASH);
        return SOUK_OK;
    }
    command = find_command(argv[1]);
    if (!command)
        return souk_fail(err, SOUK_EUSAGE, "unknown command '%s': see souk-train --help", argv[1]);
    snprintf(title, sizeof title, "souk-train %s", command->name);
    argv[1] = title;
    return command->run(comm, argc - 1, argv + 1, err);
}

int main(int argc, char **argv)
{
    struct souk_comm comm = {0};
    struct souk_error err = {0};
    souk_status status = souk_comm_start(&argc, &argv, "souk-train", &comm, &err);
    if (!status)
        status = dispatch(&comm, argc, argv, &err);
    return souk_comm_finish(&comm, status, &err);
}
