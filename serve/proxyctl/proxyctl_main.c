/* souk-proxyctl: change and watch the replicas of running proxies. */
#include "serve/proxyctl/proxyctl.h"
#include "shared/base/log.h"
#include "shared/base/subcommand.h"

#include <string.h>

static const char examples[] =
    "  souk-proxyctl add 0 tcp://10.0.0.5:7101 --at ipc:///run/souk/p0,ipc:///run/souk/p1\n"
    "  souk-proxyctl drain tcp://10.0.0.1:7101 --at ipc:///run/souk/p0\n"
    "  souk-proxyctl undrain tcp://10.0.0.1:7101 --at ipc:///run/souk/p0\n"
    "  souk-proxyctl remove tcp://10.0.0.1:7101 --at ipc:///run/souk/p0\n"
    "  souk-proxyctl canary .05 --at ipc:///run/souk/p0,ipc:///run/souk/p1\n"
    "  souk-proxyctl list --at ipc:///run/souk/p0 >fleet.new && mv fleet.new fleet\n"
    "  souk-proxyctl top --at ipc:///run/souk/p0,ipc:///run/souk/p1\n";

static const struct souk_subcommand commands[] = {
    {"add", "SHARD URL: let a replica in that answers and fits"},
    {"drain", "URL: no new questions to it; those under way go on"},
    {"undrain", "URL: take it back"},
    {"remove", "URL: drain it, then close its connections"},
    {"canary", "SHARE: so many of the users get the version that is not in use; off: all the same"},
    {"list", "the replicas, in the format of --fleet FILE of souk-proxy"},
    {"top", "the fleet, live: rates, latencies, replicas"},
};

static const struct souk_subcommand_program program_of_all = {
    .name = "souk-proxyctl",
    .summary = "Change and watch the replicas of running proxies (souk-proxy --admin).",
    .examples = examples,
    .commands = commands,
    .count = sizeof commands / sizeof commands[0],
};

static int operands_of(const char *command)
{
    if (strcmp(command, "add") == 0)
        return 2;
    return strcmp(command, "list") == 0 || strcmp(command, "top") == 0 ? 0 : 1;
}

static souk_status run_command(const struct souk_proxyctl *o, const char *command,
                               const struct souk_options *parsed, struct souk_error *err)
{
    const int operands = operands_of(command);
    if (strcmp(command, "list") == 0)
        return souk_proxyctl_list(o, err);
    if (strcmp(command, "top") == 0)
        return souk_proxyctl_top(o, err);
    if (strcmp(command, "canary") == 0)
        return souk_proxyctl_canary(o, souk_options_operand(parsed, 0), err);
    return souk_proxyctl_change(o, command, operands == 2 ? souk_options_operand(parsed, 0) : NULL,
                                souk_options_operand(parsed, operands - 1), err);
}

/* A table with the rows that the command takes. */
static souk_status run(int argc, char **argv, const struct souk_subcommand *command,
                       struct souk_error *err)
{
    struct souk_proxyctl o = {.at = NULL};
    struct souk_options *parsed = NULL;
    const int operands = operands_of(command->name);
    bool done = false;
    const struct souk_option table[] = {
        {"at", 'a', SOUK_OPTION_TEXT, &o.at, NULL, 0, 0, NULL, "URL,...",
         "admin listeners of proxies (--admin), asked one after another", true},
        {"token-file", 0, SOUK_OPTION_TEXT, &o.token_file, NULL, 0, 0, NULL, "FILE",
         "token to show, of the scope admin, where --at is no ipc; default: the variable "
         "SOUK_TOKEN",
         false},
        {"timeout", 't', SOUK_OPTION_DURATION, &o.timeout_ms, "5s", 1, 1e9, NULL, "DURATION",
         "give up on a proxy after this", false},
        {"force", 0, SOUK_OPTION_FLAG, &o.force, NULL, 0, 0, NULL, NULL,
         "drain, remove: also the last replica of a shard that answers; answers become partial",
         false},
        {"wait", 'w', SOUK_OPTION_DURATION, &o.wait_ms, "2s", 0, 10000, NULL, "DURATION",
         "drain, remove: wait at most so long until nothing is under way to it", false},
        {"json", 0, SOUK_OPTION_FLAG, &o.json, NULL, 0, 0, NULL, NULL, "list: print JSON", false},
        {"interval", 'i', SOUK_OPTION_DURATION, &o.interval_ms, "1s", 100, 3600000, NULL,
         "DURATION", "top: time between two frames", false},
        {"once", 0, SOUK_OPTION_FLAG, &o.once, NULL, 0, 0, NULL, NULL,
         "top: one frame after one interval, for scripts", false},
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = argv[0],
        .summary = command->summary,
        .operands = operands == 0                          ? NULL
                    : operands == 2                        ? "SHARD URL"
                    : strcmp(command->name, "canary") == 0 ? "SHARE"
                                                           : "URL",
        .examples = examples,
        .options = table,
        .min_operands = operands,
        .max_operands = operands,
    };
    souk_status status = souk_options_parse(&program, argc, argv, true, &done, &parsed, err);
    if (!status && !done)
        status = run_command(&o, command->name, parsed, err);
    souk_options_free(parsed);
    return status;
}

int main(int argc, char **argv)
{
    struct souk_error err = {0};
    char title[64];
    int index = -1;
    souk_status status;
    souk_log_setup("souk-proxyctl", 0, SOUK_LOG_INFO);
    status = souk_subcommand_find(&program_of_all, argc, argv, true, title, &index, &err);
    if (!status && index >= 0)
        status = run(argc - 1, argv + 1, &commands[index], &err);
    if (status)
        souk_complain(&err);
    return souk_exit_code(status);
}
