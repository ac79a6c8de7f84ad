#include "shared/base/options.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 16 };

/* One program with an option of every type, and what a parse of it left. */
static struct {
    bool verbose, header, done;
    int64_t count, limit, half_life;
    double alpha;
    const char *dataset, *shards;
    int objective;
    char *argv[ARGUMENTS_MAX + 1];
    struct souk_options *options;
    struct souk_error err;
} run;

static char config_path[] = "/tmp/souk_test_options.XXXXXX";

static const struct souk_option table[] = {
    {.name = "", .help = "input"},
    {.name = "dataset",
     .type = SOUK_OPTION_TEXT,
     .target = &run.dataset,
     .unit = "DIR",
     .help = "what to read",
     .required = true},
    {.name = "count",
     .letter = 'n',
     .type = SOUK_OPTION_INT,
     .target = &run.count,
     .fallback = "10",
     .min = 1,
     .max = 100000,
     .help = "how many"},
    {.name = "verbose",
     .letter = 'v',
     .type = SOUK_OPTION_FLAG,
     .target = &run.verbose,
     .help = "talk"},
    {.name = "header",
     .type = SOUK_OPTION_FLAG,
     .target = &run.header,
     .fallback = "true",
     .help = "names first"},
    {.name = "", .help = "model"},
    {.name = "memory-limit",
     .type = SOUK_OPTION_BYTES,
     .target = &run.limit,
     .fallback = "2G",
     .help = "per rank"},
    {.name = "half-life",
     .type = SOUK_OPTION_DURATION,
     .target = &run.half_life,
     .fallback = "7d",
     .min = 1000,
     .max = 1e15,
     .help = "of weights"},
    {.name = "alpha", .type = SOUK_OPTION_REAL, .target = &run.alpha, .help = "confidence"},
    {.name = "objective",
     .type = SOUK_OPTION_CHOICE,
     .target = &run.objective,
     .fallback = "ials",
     .choices = "implicit|ials",
     .help = "the loss"},
    {.name = "shards", .type = SOUK_OPTION_TEXT, .target = &run.shards, .help = "addresses"},
    {0},
};

static const struct souk_program program = {
    .name = "souk-try",
    .summary = "try the options",
    .operands = "FILE...",
    .examples = "  souk-try --dataset a b\n",
    .options = table,
    .max_operands = 2,
};

static void forget_run(void)
{
    souk_options_free(run.options);
    for (int i = 0; i < ARGUMENTS_MAX; i++)
        free(run.argv[i]);
    memset(&run, 0, sizeof run);
    run.alpha = 0.25; /* has no default in the table: this one stays */
}

/* Parse a command line whose words are separated by '|'. */
static souk_status parse(const char *line)
{
    int argc = 0;
    forget_run();
    run.argv[argc++] = strdup("souk-try");
    for (const char *word = line; *word; argc++) {
        const size_t len = strcspn(word, "|");
        run.argv[argc] = strndup(word, len);
        word += len + (word[len] == '|');
    }
    return souk_options_parse(&program, argc, run.argv, true, &run.done, &run.options, &run.err);
}

static void assert_usage_error(const char *line, const char *message)
{
    cr_assert_eq(parse(line), SOUK_EUSAGE, "%s", line);
    cr_assert_str_eq(run.err.msg, message);
    cr_assert_null(run.options);
    cr_assert_not(run.done);
}

static void write_config(const char *text)
{
    static bool exists;
    if (!exists)
        close(mkstemp(config_path));
    exists = true;
    FILE *file = fopen(config_path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static souk_status parse_with_config(const char *text, const char *line)
{
    char full[512];
    write_config(text);
    snprintf(full, sizeof full, "--config|%s|%s", config_path, line);
    return parse(full);
}

static void assert_config_error(const char *text, const char *line, const char *message)
{
    char full[512];
    cr_assert_eq(parse_with_config(text, line), SOUK_EUSAGE, "%s", text);
    snprintf(full, sizeof full, "%s%s", config_path, message);
    cr_assert_str_eq(run.err.msg, full);
}

static void clean_up(void)
{
    forget_run();
    unlink(config_path);
}

TestSuite(options, .fini = clean_up);

Test(options, takes_defaults_where_nothing_is_said)
{
    cr_assert_eq(parse("--dataset|or.ds"), SOUK_OK);
    cr_assert_str_eq(run.dataset, "or.ds");
    cr_assert_eq(run.count, 10);
    cr_assert_not(run.verbose);
    cr_assert(run.header);
    cr_assert_eq(run.limit, INT64_C(2) << 30);
    cr_assert_eq(run.half_life, INT64_C(7) * 86400000);
    cr_assert_eq(run.alpha, 0.25);
    cr_assert_eq(run.objective, 1);
    cr_assert_null(run.shards);
    cr_assert(souk_options_was_set(run.options, "dataset"));
    cr_assert_not(souk_options_was_set(run.options, "count"));
    cr_assert_not(souk_options_was_set(run.options, "no-such-option"));
}

Test(options, reads_every_type)
{
    cr_assert_eq(parse("--dataset=d|-v|--no-header|-n|5k|--memory-limit|512MiB|--half-life|250ms|"
                       "--alpha|-1e-3|--objective|implicit"),
                 SOUK_EUSAGE); /* 250ms is below the minimum */
    cr_assert_eq(parse("--dataset=d|-v|--no-header|-n|5k|--memory-limit|512MiB|--half-life|90s|"
                       "--alpha|-1e-3|--objective|implicit"),
                 SOUK_OK);
    cr_assert(run.verbose);
    cr_assert_not(run.header);
    cr_assert_eq(run.count, 5000);
    cr_assert_eq(run.limit, INT64_C(512) << 20);
    cr_assert_eq(run.half_life, 90000);
    cr_assert_eq(run.alpha, -1e-3);
    cr_assert_eq(run.objective, 0);
}

Test(options, reads_the_units)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } sizes[] = {{"0", 0},        {"7", 7},        {"7B", 7},
                 {"3k", 3072},    {"3KB", 3072},   {"3KiB", 3072},
                 {"2M", 2 << 20}, {"1G", 1 << 30}, {"2T", INT64_C(2) << 40}};
    static const struct {
        const char *text;
        int64_t ms;
    } spans[] = {{"1000ms", 1000},  {"30s", 30000},    {"5m", 300000},
                 {"12h", 43200000}, {"7d", 604800000}, {"none", -1}};
    char line[64];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        snprintf(line, sizeof line, "--dataset|d|--memory-limit|%s", sizes[i].text);
        cr_assert_eq(parse(line), SOUK_OK);
        cr_assert_eq(run.limit, sizes[i].bytes, "%s", sizes[i].text);
    }
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        snprintf(line, sizeof line, "--dataset|d|--half-life|%s", spans[i].text);
        cr_assert_eq(parse(line), SOUK_OK);
        cr_assert_eq(run.half_life, spans[i].ms, "%s", spans[i].text);
    }
}

Test(options, refuses_what_is_not_a_value)
{
    static const char *const words[] = {
        "--count|",
        "--count|x",
        "--count|1.5",
        "--count|5kk",
        "--count|0",
        "--count|100001",
        "--count| 5",
        "--count|0x10",
        "--count|9223372036854775808",
        "--count|9223372036854775807G",
        "--alpha|nan",
        "--alpha|inf",
        "--alpha|1,5",
        "--alpha|1e999",
        "--alpha| 1",
        "--memory-limit|-1",
        "--memory-limit|1X",
        "--memory-limit|B",
        "--memory-limit|9999999T",
        "--half-life|7",
        "--half-life|-7d",
        "--half-life|1.5h",
        "--half-life|0",
        "--half-life|None",
        "--objective|ial",
        "--objective|ialss",
        "--objective|implicit\\|ials",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char line[96];
        snprintf(line, sizeof line, "--dataset|d|%s", words[i]);
        cr_assert_eq(parse(line), SOUK_EUSAGE, "%s", words[i]);
        cr_assert_null(run.options);
        cr_assert_null(run.dataset); /* targets are written by a whole parse only */
    }
}

Test(options, says_what_an_option_takes)
{
    assert_usage_error("--dataset|d|-n|0", "--count '0': takes a whole number from 1 to 100000");
    assert_usage_error("--dataset|d|--half-life|3x",
                       "--half-life '3x': takes a duration such as 250ms, 30s, 12h, 7d or none, at "
                       "least 1s");
    assert_usage_error("--dataset|d|--objective|als",
                       "--objective 'als': takes one of implicit|ials");
    assert_usage_error("--dataset|d|-n", "--count needs a value: a whole number from 1 to 100000");
    assert_usage_error("--dataset|d|--config", "--config needs a value: a file");
    assert_usage_error("--verbose=3", "--verbose=3: this option takes no value");
    assert_usage_error("--facters|64", "unknown or ambiguous option '--facters': see --help");
    assert_usage_error("-q", "unknown option '-q': see --help");
    assert_usage_error("-n|3", "--dataset is required: what to read");
    assert_usage_error("--dataset|d|a|b|c", "unexpected argument 'c': see --help");
}

Test(options, gives_the_operands_wherever_they_stand)
{
    cr_assert_eq(parse("a|--dataset|d|--|-n"), SOUK_OK);
    cr_assert_eq(souk_options_operand_count(run.options), 2);
    cr_assert_str_eq(souk_options_operand(run.options, 0), "a");
    cr_assert_str_eq(souk_options_operand(run.options, 1), "-n");
}

Test(options, lets_flag_win_over_environment_over_file_over_default)
{
    const char *file = "count = 2\nalpha = 2\nhalf-life = 2s\n";
    setenv("SOUK_COUNT", "3", 1);
    setenv("SOUK_ALPHA", "3", 1);
    setenv("SOUK_MEMORY_LIMIT", "", 1); /* empty is as good as not set */
    cr_assert_eq(parse_with_config(file, "--dataset|d|--count|4"), SOUK_OK);
    cr_assert_eq(run.count, 4);
    cr_assert_eq(run.alpha, 3);
    cr_assert_eq(run.half_life, 2000);
    cr_assert_eq(run.limit, INT64_C(2) << 30);
    setenv("SOUK_ALPHA", "x", 1);
    assert_usage_error("--dataset|d", "SOUK_ALPHA 'x': takes a finite number");
}

Test(options, finds_the_file_through_the_environment)
{
    write_config("count = 77\n");
    setenv("SOUK_CONFIG", config_path, 1);
    cr_assert_eq(parse("--dataset|d"), SOUK_OK);
    cr_assert_eq(run.count, 77);
}

Test(options, reads_a_file_with_comments_and_long_values)
{
    cr_assert_eq(
        parse_with_config(
            "# the fleet\n\n  count = 8 ; not of a value above\nshards = tcp://a:1,tcp://b:1\n"
            "    tcp://a:2 ; the second\n"
            "verbose = yes\r\n"
            "header=off",
            "--dataset|d"),
        SOUK_OK);
    cr_assert_eq(run.count, 8);
    cr_assert_str_eq(run.shards, "tcp://a:1,tcp://b:1 tcp://a:2");
    cr_assert(run.verbose);
    cr_assert_not(run.header);
}

Test(options, names_the_line_of_a_file_that_it_refuses)
{
    char text[400];
    assert_config_error("count = 5\n\nfacters = 64\n", "--dataset|d",
                        ":3: unknown key 'facters': see --dump-config");
    assert_config_error("count = 5\ncount = 6\n", "--dataset|d", ":2: 'count' was set in line 1");
    assert_config_error("[model]\ncount = 5\n", "--dataset|d",
                        ":2: 'count' is in section [model]: use no sections");
    assert_config_error("count\n", "--dataset|d", ":1: not of the form 'key = value'");
    assert_config_error("\nalpha = much\n", "--dataset|d",
                        ":2: alpha 'much': takes a finite number");
    snprintf(text, sizeof text, "shards = %0300d\n", 1);
    assert_config_error(text, "--dataset|d",
                        ":1: longer than 198 bytes: go on in an indented line");
    cr_assert_eq(parse("--dataset|d|--config|/nonexistent.ini"), SOUK_ENOTFOUND);
}

Test(options, writes_values_in_effect_as_json)
{
    cr_assert_eq(parse("--dataset|a \"b\"|--alpha|0.5|-n|1k"), SOUK_OK);
    cr_assert_str_eq(souk_options_json(run.options),
                     "{\"dataset\":\"a \\\"b\\\"\",\"count\":1000,\"verbose\":false,"
                     "\"header\":true,\"memory-limit\":2147483648,\"half-life\":604800000,"
                     "\"alpha\":0.5,\"objective\":\"ials\",\"shards\":null}");
    cr_assert_eq(parse("--dataset|\xff\xfe"), SOUK_OK); /* a file name need not be UTF-8 */
    cr_assert_not_null(strstr(souk_options_json(run.options), "\"dataset\":\"??\""));
}

static const char *output(void)
{
    static char text[8192];
    fflush(stdout);
    FILE *file = cr_get_redirected_stdout();
    const size_t len = fread(text, 1, sizeof text - 1, file);
    text[len] = '\0';
    return text;
}

Test(options, prints_help_with_every_option, .init = cr_redirect_stdout)
{
    cr_assert_eq(parse("--help"), SOUK_OK); /* although --dataset is missing */
    cr_assert(run.done);
    fclose(stdout); /* ends the pipe that output() reads */
    const char *text = output();
    for (const struct souk_option *o = table; o->name; o++)
        cr_assert_not_null(strstr(text, o->name[0] ? o->name : o->help), "%s", o->name);
    cr_assert_not_null(strstr(text, "usage: souk-try [OPTION...] FILE..."));
    cr_assert_not_null(strstr(text, "  -n, --count N"));
    cr_assert_not_null(strstr(text, "how many (from 1 to 100000, default 10)"));
    cr_assert_not_null(strstr(text, "--[no-]header"));
    cr_assert_not_null(strstr(text, "the loss (implicit|ials, default ials)"));
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        cr_assert_leq(strcspn(line, "\n"), 80u);
}

Test(options, prints_the_version, .init = cr_redirect_stdout)
{
    cr_assert_eq(parse("--version"), SOUK_OK);
    cr_assert(run.done);
    fclose(stdout);
    cr_assert_eq(strncmp(output(), "souk-try ", 9), 0);
}

Test(options, dumps_a_file_that_gives_the_same_values, .init = cr_redirect_stdout)
{
    char shards[1024] = "", line[1400], before[2048];
    for (int i = 0; i < 20; i++)
        snprintf(shards + strlen(shards), sizeof shards - strlen(shards), "%stcp://127.0.0.1:%d",
                 i ? " " : "", 7101 + i);
    snprintf(line, sizeof line, "--dataset|d|-n|5k|--alpha|0.1|--half-life|none|-v|--shards|%s",
             shards);
    cr_assert_eq(parse(line), SOUK_OK);
    snprintf(before, sizeof before, "%s", souk_options_json(run.options));
    strcat(line, "|--dump-config");
    cr_assert_eq(parse(line), SOUK_OK);
    cr_assert(run.done);
    fclose(stdout);
    cr_assert_eq(parse_with_config(output(), ""), SOUK_OK);
    cr_assert_str_eq(souk_options_json(run.options), before);
}

Test(options, is_silent_where_another_rank_speaks, .init = cr_redirect_stdout)
{
    char name[] = "souk-try", flag[] = "--help";
    char *argv[] = {name, flag, NULL};
    cr_assert_eq(souk_options_parse(&program, 2, argv, false, &run.done, &run.options, &run.err),
                 SOUK_OK);
    cr_assert(run.done);
    fclose(stdout);
    cr_assert_str_eq(output(), "");
}
