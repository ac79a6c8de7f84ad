#include "serve/client/load_command.h"

#include "serve/client/clientoptions.h"
#include "serve/client/openload.h"
#include "shared/base/memory.h"

#include <nng/nng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TASK_THREADS = 2 }; /* of nng: they have little to do, and more only wake each other */

struct load_options {
    struct souk_open_load load;
    struct souk_load_limits limits;
    const char *users, *reference;
    bool json;
};

/* Lines of a file. The text stays alive in *memory. */
static souk_status read_lines(const char *path, char **memory, const char ***lines, int64_t *count,
                              struct souk_error *err)
{
    FILE *file = fopen(path, "r");
    size_t size = 0, cap = 0;
    char *rest = NULL;
    if (!file)
        return souk_fail_errno(err, "%s", path);
    if (getdelim(memory, &size, '\0', file) < 0)
        *memory = souk_strndup("", 0);
    fclose(file);
    for (char *line = *memory ? strtok_r(*memory, "\r\n", &rest) : NULL; line;
         line = strtok_r(NULL, "\r\n", &rest)) {
        const souk_status status =
            souk_grow(lines, &cap, (size_t)*count + 1, SIZE_MAX / 16, sizeof **lines);
        if (status)
            return souk_fail(err, status, "%s: no memory", path);
        (*lines)[(*count)++] = line;
    }
    return *count > 0 ? SOUK_OK : souk_fail(err, SOUK_EFORMAT, "%s: holds no user", path);
}

static souk_status run(struct load_options *o, struct souk_error *err)
{
    struct souk_load_report report = {.seconds = 0};
    struct souk_references *references = NULL;
    const char **lines = NULL;
    char *memory = NULL;
    souk_status status = read_lines(o->users, &memory, &lines, &o->load.user_count, err);
    if (!status && o->reference)
        status = souk_references_load(o->reference, o->load.n, &references, err);
    o->load.users = lines;
    o->load.references = references;
    if (o->load.deadline_ms == 0)
        o->load.deadline_ms = o->load.timeout_ms;
    if (!status)
        status = souk_open_load_run(&o->load, &report, err);
    if (!status) {
        souk_load_print(&report, o->json);
        status = souk_load_judge(&report, &o->limits, err);
    }
    souk_load_counts_fini(&report.counts);
    souk_references_free(references);
    free(lines);
    free(memory);
    return status;
}

souk_status souk_load_command(int argc, char **argv, struct souk_error *err)
{
    struct load_options o = {.json = false};
    struct souk_options *parsed = NULL;
    bool done = false;
    const struct souk_option table[] = {
        SOUK_PROXY_ROW(o.load),
        SOUK_TLS_ROWS(o.load.tls),
        SOUK_TOKEN_FILE_ROW(o.load),
        {"users", 'u', SOUK_OPTION_TEXT, &o.users, NULL, 0, 0, NULL, "FILE",
         "ids of visitors, one a line", true},
        {"draw", 0, SOUK_OPTION_CHOICE, &o.load.draw, "turn", 0, 0, "turn|uniform|zipf", NULL,
         "who asks next", false},
        {"zipf-exponent", 0, SOUK_OPTION_REAL, &o.load.zipf_exponent, "1", 0, 10, NULL, "S",
         "the visitor in line r of the file asks with a weight of r^-S", false},
        {"seed", 0, SOUK_OPTION_INT, &o.load.seed, "1", 0, 1e15, NULL, "N",
         "of the arrivals and of who asks", false},
        {"rate", 'r', SOUK_OPTION_REAL, &o.load.rate, "0", 0, 1e7, NULL, "R",
         "arrivals per second, a Poisson process (open loop); 0: as fast as answers come", false},
        {"in-flight", 'f', SOUK_OPTION_INT, &o.load.in_flight, "64", 1, 4096, NULL, "N",
         "requests under way at most", false},
        {"duration", 'd', SOUK_OPTION_DURATION, &o.load.duration_ms, "10s", 1, 1e9, NULL,
         "DURATION", "how long", false},
        {"n", 'n', SOUK_OPTION_INT, &o.load.n, "10", 0, 0, NULL, "N", "length of the lists", false},
        {"deadline", 0, SOUK_OPTION_DURATION, &o.load.deadline_ms, "0ms", 0, 60000, NULL,
         "DURATION", "that the fleet is told, from when a request is due; 0: the timeout", false},
        SOUK_TIMEOUT_ROW(o.load),
        {"reference", 0, SOUK_OPTION_TEXT, &o.reference, NULL, 0, 0, NULL, "FILE,...",
         "lists of each model version that answers are checked against (docs/load.md)", false},
        {"min-whole", 0, SOUK_OPTION_REAL, &o.limits.min_whole, "0", 0, 1, NULL, "SHARE",
         "fail when a smaller share of requests was answered, whole and right", false},
        {"max-late", 0, SOUK_OPTION_REAL, &o.limits.max_late, "1", 0, 1, NULL, "SHARE",
         "fail when a larger share ended later than the deadline + 5 ms; below 1, also when one "
         "ended later than + 50 ms",
         false},
        {"json", 0, SOUK_OPTION_FLAG, &o.json, NULL, 0, 0, NULL, NULL, "print JSON", false},
        SOUK_END_ROW,
    };
    const struct souk_program program = {
        .name = argv[0],
        .summary = "put load on a fleet, measure it, check what it answers",
        .examples = "  souk load --users users.txt --rate 1000 --duration 30s\n"
                    "  souk load --users users.txt --rate 3000 --draw zipf --deadline 200ms \\\n"
                    "      --reference old.ref,new.ref --min-whole .999 --max-late .001\n",
        .options = table,
    };
    souk_status status = souk_options_parse(&program, argc, argv, true, &done, &parsed, err);
    nng_init_set_parameter(NNG_INIT_NUM_TASK_THREADS, TASK_THREADS);
    if (!status && !done)
        status = run(&o, err);
    souk_options_free(parsed);
    return status;
}
