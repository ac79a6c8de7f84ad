/* souk-train: finds the subcommand and hands the rest of the command line to it. */
#include "shared/base/subcommand.h"
#include "train/command.h"

static const struct souk_command *const commands[] = {
    &souk_command_all,     &souk_command_als,     &souk_command_ease,     &souk_command_svd,
    &souk_command_covisit, &souk_command_content, &souk_command_category, &souk_command_popular,
    &souk_command_ranker,  &souk_command_logistic};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static souk_status dispatch(struct souk_comm *comm, int argc, char **argv, struct souk_error *err)
{
    struct souk_subcommand names[COMMAND_COUNT];
    const struct souk_subcommand_program program = {
        .name = "souk-train",
        .summary = "Train a model on a dataset that souk-ingest made.",
        .examples =
            "  mpirun -n 2 souk-train als --dataset shop.ds --out shop.model\n"
            "  mpirun -n 4 souk-train ease --dataset shop.ds --lambda 300 --out shop.model\n"
            "  mpirun -n 2 souk-train popular --dataset shop.ds --half-life 7d --out "
            "popular.model\n",
        .commands = names,
        .count = COMMAND_COUNT,
    };
    char title[64];
    int index = -1;
    for (int i = 0; i < COMMAND_COUNT; i++)
        names[i] = (struct souk_subcommand){commands[i]->name, commands[i]->summary};
    const souk_status status =
        souk_subcommand_find(&program, argc, argv, comm->rank == 0, title, &index, err);
    return status || index < 0 ? status : commands[index]->run(comm, argc - 1, argv + 1, err);
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
