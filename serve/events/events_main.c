/* souk-events: what an operator does with the store of events, beside running proxies. */
#include "serve/events/eventcommand.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/base/options.h"
#include "shared/base/subcommand.h"

#include <stdlib.h>
#include <sys/stat.h>

static const char examples[] =
    "  souk-events stats --store sqlite:/var/lib/souk/events.db\n"
    "  souk-events export --store sqlite:/var/lib/souk/events.db --since 2026-11-01 --out nov.csv\n"
    "  souk-ingest --format csv --event-column event --value-column value --time-unit ms \\\n"
    "      --out nov.ds nov.csv\n"
    "  souk-events prune --store 'postgresql://souk@db/souk?passfile=/etc/souk/pgpass' "
    "--older-than 400d\n"
    "  souk-events erase --store sqlite:/var/lib/souk/events.db --from requests.txt\n";

enum command { EXPORT, PRUNE, STATS, ERASE, MIGRATE, COMMANDS };

static souk_status (*const runs[COMMANDS])(const struct souk_event_command *c,
                                           struct souk_error *err) = {
    souk_event_command_export, souk_event_command_prune, souk_event_command_stats,
    souk_event_command_erase, souk_event_command_migrate};

static const struct souk_subcommand commands[COMMANDS] = {
    {"export", "events as CSV, as souk-ingest reads it"},
    {"prune", "delete events that happened long ago"},
    {"stats", "how much is stored, of whom, from when"},
    {"erase", "USER...: delete a user's events and have everybody forget the user"},
    {"migrate", "make the store, or bring an older one up to date"},
};

static const struct souk_subcommand_program program_of_all = {
    .name = "souk-events",
    .summary = "Look after the store of events (souk-proxy --events URL), also while proxies run.",
    .examples = examples,
    .commands = commands,
    .count = COMMANDS,
};

/* Rows of one command's table begin at its place. */
static const struct souk_option *make_table(struct souk_event_command *c, enum command which,
                                            struct souk_option table[8])
{
    const struct souk_option rows[][6] = {
        [EXPORT] = {{"out", 'o', SOUK_OPTION_TEXT, &c->out, "-", 0, 0, NULL, "FILE",
                     "appears when it is whole; `-` is stdout", false},
                    {"after", 0, SOUK_OPTION_INT, &c->after, "0", 0, 9e15, NULL, "SEQ",
                     "events stored after the one with this seq", false},
                    {"since", 0, SOUK_OPTION_TEXT, &c->since, NULL, 0, 0, NULL, "TIME",
                     "that happened then or later (2026-11-09, or milliseconds)", false},
                    {"until", 0, SOUK_OPTION_TEXT, &c->until, NULL, 0, 0, NULL, "TIME",
                     "that happened earlier", false},
                    {"quiet", 'q', SOUK_OPTION_FLAG, &c->quiet, NULL, 0, 0, NULL, NULL,
                     "no progress on stderr", false},
                    {.name = NULL}},
        [PRUNE] = {{"older-than", 0, SOUK_OPTION_DURATION, &c->older_ms, NULL, 1, 1e15, NULL,
                    "DURATION", "that happened longer ago than this: 400d", true},
                   {.name = NULL}},
        [STATS] = {{"json", 0, SOUK_OPTION_FLAG, &c->json, NULL, 0, 0, NULL, NULL, "print JSON",
                    false},
                   {.name = NULL}},
        [ERASE] = {{"from", 0, SOUK_OPTION_TEXT, &c->from, NULL, 0, 0, NULL, "FILE",
                    "users, one to a line; `-` is stdin", false},
                   {.name = NULL}},
        [MIGRATE] = {{.name = NULL}},
    };
    int count = 0;
    table[count++] = (struct souk_option){"store",
                                          's',
                                          SOUK_OPTION_TEXT,
                                          &c->store,
                                          NULL,
                                          0,
                                          0,
                                          NULL,
                                          "URL",
                                          "sqlite:FILE or postgresql://USER@HOST/DATABASE",
                                          true};
    for (const struct souk_option *row = rows[which]; row->name; row++)
        table[count++] = *row;
    table[count] = (struct souk_option){.name = NULL};
    return table;
}

static souk_status take_users(struct souk_event_command *c, const struct souk_options *parsed,
                              struct souk_error *err)
{
    c->user_count = souk_options_operand_count(parsed);
    const char **users = souk_alloc_array((size_t)c->user_count, sizeof *users);
    if (!users)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the users");
    for (int i = 0; i < c->user_count; i++)
        users[i] = souk_options_operand(parsed, i);
    c->users = users;
    return SOUK_OK;
}

static souk_status run(int argc, char **argv, enum command which, struct souk_error *err)
{
    struct souk_event_command c = {.store = NULL};
    struct souk_option table[8];
    struct souk_options *parsed = NULL;
    bool done = false;
    const struct souk_program program = {
        .name = argv[0],
        .summary = commands[which].summary,
        .operands = which == ERASE ? "USER..." : NULL,
        .examples = examples,
        .options = make_table(&c, which, table),
        .max_operands = which == ERASE ? -1 : 0,
    };
    souk_status status = souk_options_parse(&program, argc, argv, true, &done, &parsed, err);
    if (!status && !done)
        status = take_users(&c, parsed, err);
    if (!status && !done)
        status = runs[which](&c, err);
    free((void *)c.users);
    souk_options_free(parsed);
    return status;
}

int main(int argc, char **argv)
{
    struct souk_error err = {0};
    char title[64];
    int index = -1;
    souk_log_setup("souk-events", 0, SOUK_LOG_INFO);
    umask(077); /* what visitors did is nobody's business but its owner's */
    souk_status status =
        souk_subcommand_find(&program_of_all, argc, argv, true, title, &index, &err);
    if (!status && index >= 0)
        status = run(argc - 1, argv + 1, (enum command)index, &err);
    if (status)
        souk_complain(&err);
    return souk_exit_code(status);
}
