/* souk-registry: publish, list, roll back and verify versions of a model. */
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/options.h"
#include "shared/base/subcommand.h"
#include "shared/model/registry.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct registry_options {
    const char *registry;
    int64_t version;
    bool json;
};

static souk_status publish(const struct registry_options *o, const char *model,
                           struct souk_error *err)
{
    int number = 0;
    const souk_status status = souk_registry_publish(o->registry, model, &number, err);
    if (!status)
        printf("published %s as version %d, now current\n", model, number);
    return status;
}

static void print_json(const struct souk_registry_version *v, int count)
{
    json_t *list = json_array();
    char *text;
    for (int i = 0; i < count; i++)
        json_array_append_new(
            list, json_pack("{s:i, s:b, s:s, s:s, s:I, s:I, s:s}", "version", v[i].number,
                            "current", v[i].is_current, "model", v[i].model_id, "kind", v[i].kind,
                            "created_ms", (json_int_t)v[i].created_ms, "bytes",
                            (json_int_t)v[i].size_bytes, "state", souk_status_text(v[i].state)));
    text = json_dumps(list, JSON_INDENT(1));
    puts(text ? text : "[]");
    free(text);
    json_decref(list);
}

static souk_status list(const struct registry_options *o, struct souk_error *err)
{
    struct souk_registry_version *v = NULL;
    int count = 0;
    const souk_status status = souk_registry_list(o->registry, &v, &count, err);
    if (status)
        return status;
    if (o->json)
        print_json(v, count);
    else
        printf("  %-8s %-17s %-10s %-25s %12s  %s\n", "version", "model", "kind", "created",
               "bytes", "state");
    for (int i = 0; i < count && !o->json; i++) {
        char created[25];
        souk_time_format(v[i].created_ms, created);
        printf("%c %-8d %-17s %-10s %-25s %12" PRId64 "  %s\n", v[i].is_current ? '*' : ' ',
               v[i].number, v[i].model_id, v[i].kind, created, v[i].size_bytes,
               souk_status_text(v[i].state));
    }
    free(v);
    return SOUK_OK;
}

static souk_status rollback(const struct registry_options *o, struct souk_error *err)
{
    int number = 0;
    const souk_status status = souk_registry_rollback(o->registry, (int)o->version, &number, err);
    if (!status)
        printf("version %d is current\n", number);
    return status;
}

static souk_status verify(const char *model, struct souk_error *err)
{
    const souk_status status = souk_registry_verify(model, err);
    if (!status)
        printf("%s: whole\n", model);
    return status;
}

/* A table with the rows that the command takes. */
static souk_status run(int argc, char **argv, const char *command, struct souk_error *err)
{
    struct registry_options o = {.registry = NULL};
    struct souk_options *parsed = NULL;
    const bool is_verify = strcmp(command, "verify") == 0;
    const bool is_publish = strcmp(command, "publish") == 0;
    bool done = false;
    const struct souk_option table[] = {
        {"registry", 'r', SOUK_OPTION_TEXT, &o.registry, "registry", 0, 0, NULL, "DIR",
         "folder of the versions", false},
        {"version", 0, SOUK_OPTION_INT, &o.version, "0", 0, 999999, NULL, "N",
         "rollback: the version to serve; 0: the one before", false},
        {"json", 0, SOUK_OPTION_FLAG, &o.json, NULL, 0, 0, NULL, NULL, "list: print JSON", false},
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = argv[0],
        .summary = "versions of a model, and which of them is served",
        .operands = is_verify || is_publish ? "MODEL" : NULL,
        .examples = "  souk-registry publish --registry registry shop.model\n"
                    "  souk-registry list --registry registry\n"
                    "  souk-registry rollback --registry registry\n"
                    "  souk-registry verify registry/current\n",
        .options = table,
        .min_operands = is_verify || is_publish,
        .max_operands = is_verify || is_publish,
    };
    souk_status status = souk_options_parse(&program, argc, argv, true, &done, &parsed, err);
    if (!status && !done) {
        if (is_publish)
            status = publish(&o, souk_options_operand(parsed, 0), err);
        else if (is_verify)
            status = verify(souk_options_operand(parsed, 0), err);
        else if (strcmp(command, "list") == 0)
            status = list(&o, err);
        else
            status = rollback(&o, err);
    }
    souk_options_free(parsed);
    return status;
}

static const struct souk_subcommand commands[] = {
    {"publish", "copy a model in, verify it, and make it current"},
    {"list", "show the versions"},
    {"rollback", "make an earlier version current"},
    {"verify", "read a model whole, as a replica would"},
};

static const struct souk_subcommand_program registry_program = {
    .name = "souk-registry",
    .summary = "Publish models, and choose which is served.",
    .examples = "  souk-registry publish --registry registry shop.model\n"
                "  souk-registry rollback --registry registry\n",
    .commands = commands,
    .count = sizeof commands / sizeof commands[0],
};

int main(int argc, char **argv)
{
    struct souk_error err = {0};
    char title[64];
    int index = -1;
    souk_status status;
    souk_log_setup("souk-registry", 0, SOUK_LOG_INFO);
    status = souk_subcommand_find(&registry_program, argc, argv, true, title, &index, &err);
    if (!status && index >= 0)
        status = run(argc - 1, argv + 1, commands[index].name, &err);
    if (status)
        souk_complain(&err);
    return souk_exit_code(status);
}
