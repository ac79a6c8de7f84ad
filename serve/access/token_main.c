/* souk-token: the tokens that clients of a fleet ask with. */
#include "serve/access/tokencommand.h"
#include "serve/access/tokensecret.h"
#include "shared/base/log.h"
#include "shared/base/options.h"
#include "shared/base/subcommand.h"

#include <sys/resource.h>

static const char examples[] =
    "  (umask 077; souk-token add shop --scopes read,write --rate 200 >shop.token)\n"
    "  souk-token add reports --scopes read --rate 5:20 --tokens /etc/souk/tokens\n"
    "  souk-token list\n"
    "  souk-token check <shop.token\n"
    "  souk-token revoke shop && systemctl reload souk-proxy\n";

static const struct command {
    souk_status (*run)(const struct souk_token_command *c, struct souk_error *err);
    bool has_name;
} runs[] = {
    {souk_token_command_add, true},
    {souk_token_command_list, false},
    {souk_token_command_revoke, true},
    {souk_token_command_check, false},
};

static const struct souk_subcommand commands[] = {
    {"add", "NAME: make a token, print it (once: only its hash is kept)"},
    {"list", "the tokens: name, scopes, end, rate"},
    {"revoke", "NAME: take a token back"},
    {"check", "whose token standard input holds; exit code 3: nobody's, or expired"},
};

static const struct souk_subcommand_program program_of_all = {
    .name = "souk-token",
    .summary = "Make and revoke the tokens of a proxy (souk-proxy --tokens FILE). Proxies read the "
               "file again on SIGHUP.",
    .examples = examples,
    .commands = commands,
    .count = sizeof commands / sizeof commands[0],
};

static souk_status run(int argc, char **argv, int index, struct souk_error *err)
{
    struct souk_token_command c = {.name = NULL};
    struct souk_options *parsed = NULL;
    bool done = false;
    const bool adds = runs[index].run == souk_token_command_add;
    const struct souk_option tokens = {"tokens",
                                       0,
                                       SOUK_OPTION_TEXT,
                                       &c.path,
                                       "/etc/souk/tokens",
                                       0,
                                       0,
                                       NULL,
                                       "FILE",
                                       "the file; only its owner may write it",
                                       false};
    const struct souk_option end = {.name = NULL};
    const struct souk_option table[] = {
        tokens,
        adds ? (struct souk_option){"scopes", 's', SOUK_OPTION_TEXT, &c.scopes, "read", 0, 0, NULL,
                                    "SCOPE,...", "what it is for: some of read,write,admin", false}
             : end,
        {"expires", 'e', SOUK_OPTION_TEXT, &c.expires, "90d", 0, 0, NULL, "DURATION|TIME|never",
         "until when", false},
        {"rate", 'r', SOUK_OPTION_TEXT, &c.rate, NULL, 0, 0, NULL, "RATE[:BURST]",
         "requests a second, and at once (a second's worth); no limit by default", false},
        end,
    };
    const struct souk_program program = {
        .name = argv[0],
        .summary = commands[index].summary,
        .operands = runs[index].has_name ? "NAME" : NULL,
        .examples = examples,
        .options = table,
        .min_operands = runs[index].has_name,
        .max_operands = runs[index].has_name,
    };
    souk_status status = souk_options_parse(&program, argc, argv, true, &done, &parsed, err);
    if (!status && !done)
        status = souk_token_prepare(err);
    if (!status && !done) {
        c.name = runs[index].has_name ? souk_options_operand(parsed, 0) : NULL;
        status = runs[index].run(&c, err);
    }
    souk_options_free(parsed);
    return status;
}

int main(int argc, char **argv)
{
    const struct rlimit no_core = {0, 0};
    struct souk_error err = {0};
    char title[64];
    int index = -1;
    souk_status status = SOUK_OK;
    souk_log_setup("souk-token", 0, SOUK_LOG_INFO);
    if (setrlimit(RLIMIT_CORE, &no_core) != 0) /* a secret in memory is not for a file */
        status = souk_fail_errno(&err, "core files cannot be turned off");
    if (!status)
        status = souk_subcommand_find(&program_of_all, argc, argv, true, title, &index, &err);
    if (!status && index >= 0)
        status = run(argc - 1, argv + 1, index, &err);
    if (status)
        souk_complain(&err);
    return souk_exit_code(status);
}
