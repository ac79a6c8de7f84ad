#include "shared/base/options.h"

#include "shared/base/memory.h"
#include "shared/base/optionset.h"
#include "shared/base/optionvalue.h"

#include <assert.h>
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int count_rows(const struct souk_option *table)
{
    int rows = 0;
    while (table[rows].name)
        rows++;
    return rows;
}

int souk_option_find(const struct souk_options *options, const char *name)
{
    for (int i = 0; i < options->count; i++)
        if (name[0] != '\0' && strcmp(options->settings[i].name, name) == 0)
            return i;
    return -1;
}

souk_status souk_option_set(struct souk_options *options, int index, enum souk_option_origin origin,
                            const char *text, struct souk_error *err)
{
    struct souk_option_setting *setting = &options->settings[index];
    if (origin < setting->origin)
        return SOUK_OK;
    char *copy = souk_strndup(text, strlen(text));
    if (!copy)
        return souk_fail(err, SOUK_ENOMEM, "no memory for option '%s'", setting->name);
    free(setting->text);
    setting->text = copy;
    setting->origin = origin;
    return SOUK_OK;
}

souk_status souk_option_set_config(struct souk_options *options, const char *path,
                                   struct souk_error *err)
{
    free(options->config);
    options->config = souk_strndup(path, strlen(path));
    return options->config ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for the options");
}

static souk_status set_defaults(struct souk_options *options, const struct souk_option *table,
                                struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int i = 0; i < options->count && status == SOUK_OK; i++)
        if (!souk_option_is_group(&table[i]) && table[i].fallback)
            status = souk_option_set(options, i, SOUK_ORIGIN_DEFAULT, table[i].fallback, err);
    return status;
}

static souk_status new_set(const struct souk_option *table, struct souk_options **out,
                           struct souk_error *err)
{
    const int rows = count_rows(table);
    struct souk_options *options = calloc(1, sizeof *options);
    *out = options;
    if (options)
        options->settings = souk_zalloc_array((size_t)rows, sizeof *options->settings);
    if (!options || !options->settings)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the options");
    for (options->count = 0; options->count < rows; options->count++) {
        const char *name = table[options->count].name;
        assert(strlen(name) <= SOUK_OPTION_NAME_MAX);
        assert(souk_option_find(options, name) < 0);
        options->settings[options->count].name = souk_strndup(name, strlen(name));
        if (!options->settings[options->count].name)
            return souk_fail(err, SOUK_ENOMEM, "no memory for the options");
    }
    return set_defaults(options, table, err);
}

void souk_options_free(struct souk_options *options)
{
    if (!options)
        return;
    for (int i = 0; i < options->count; i++) {
        free(options->settings[i].name);
        free(options->settings[i].text);
    }
    free(options->settings);
    free(options->config);
    free(options->json);
    free(options);
}

/* "half-life" -> SOUK_HALF_LIFE */
static void environment_name(const char *name, char variable[SOUK_OPTION_NAME_MAX + 8])
{
    int len = snprintf(variable, SOUK_OPTION_NAME_MAX + 8, "SOUK_%s", name);
    for (int i = 0; i < len; i++)
        variable[i] = variable[i] == '-' ? '_' : (char)toupper((unsigned char)variable[i]);
}

static souk_status read_environment(struct souk_options *options, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int i = 0; i < options->count && status == SOUK_OK; i++) {
        char variable[SOUK_OPTION_NAME_MAX + 8];
        environment_name(options->settings[i].name, variable);
        const char *text = getenv(variable);
        if (text && text[0] != '\0' && options->settings[i].name[0] != '\0')
            status = souk_option_set(options, i, SOUK_ORIGIN_ENVIRONMENT, text, err);
    }
    return status;
}

static souk_status refuse_value(const struct souk_options *options,
                                const struct souk_option *option,
                                const struct souk_option_setting *setting, struct souk_error *err)
{
    char place[160], takes[128], variable[SOUK_OPTION_NAME_MAX + 8];
    souk_option_value_describe(option, takes, sizeof takes);
    if (setting->origin == SOUK_ORIGIN_FILE) {
        snprintf(place, sizeof place, "%s:%d: %s", options->config, setting->line, option->name);
    } else if (setting->origin == SOUK_ORIGIN_ENVIRONMENT) {
        environment_name(option->name, variable);
        snprintf(place, sizeof place, "%s", variable);
    } else {
        snprintf(place, sizeof place, "--%s", option->name);
    }
    return souk_fail(err, SOUK_EUSAGE, "%s '%.60s': takes %s", place, setting->text, takes);
}

/* The value in effect of one row; false: nothing set it and the target keeps its own. */
static bool value_of(const struct souk_options *options, const struct souk_option *table, int row,
                     union souk_option_value *value)
{
    const char *text = options->settings[row].text;
    return text && souk_option_value_parse(&table[row], text, value);
}

static souk_status check_values(const struct souk_options *options, const struct souk_option *table,
                                struct souk_error *err)
{
    union souk_option_value value;
    for (int i = 0; i < options->count; i++)
        if (options->settings[i].text && !value_of(options, table, i, &value))
            return refuse_value(options, &table[i], &options->settings[i], err);
    return SOUK_OK;
}

static souk_status check_presence(const struct souk_options *options,
                                  const struct souk_program *program, struct souk_error *err)
{
    const struct souk_option *table = program->options;
    for (int i = 0; i < options->count; i++)
        if (table[i].required && !options->settings[i].text)
            return souk_fail(err, SOUK_EUSAGE, "--%s is required: %s", table[i].name,
                             table[i].help);
    const int count = options->operand_count;
    if (count < program->min_operands)
        return souk_fail(err, SOUK_EUSAGE, "%s expected: see --help",
                         program->operands ? program->operands : "an operand");
    if (program->max_operands >= 0 && count > program->max_operands)
        return souk_fail(err, SOUK_EUSAGE, "unexpected argument '%.100s': see --help",
                         options->operands[program->max_operands]);
    return SOUK_OK;
}

/* A file name need not be UTF-8, JSON must be. */
static json_t *json_of_text(const char *text)
{
    if (!text)
        return json_null();
    json_t *json = json_string(text);
    char *copy = json ? NULL : souk_strndup(text, strlen(text));
    for (char *c = copy; c && *c; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    if (copy)
        json = json_string(copy);
    free(copy);
    return json;
}

static json_t *json_of_value(const struct souk_option *option, const union souk_option_value *value)
{
    char buffer[SOUK_OPTION_VALUE_TEXT];
    switch (option->type) {
    case SOUK_OPTION_FLAG:
        return json_boolean(value->flag);
    case SOUK_OPTION_INT:
    case SOUK_OPTION_BYTES:
    case SOUK_OPTION_DURATION:
        return json_integer(value->integer);
    case SOUK_OPTION_REAL:
        return json_real(value->real);
    case SOUK_OPTION_TEXT:
    case SOUK_OPTION_CHOICE:
        break;
    }
    return json_of_text(option->type == SOUK_OPTION_TEXT && !value->text
                            ? NULL
                            : souk_option_value_format(option, value, buffer));
}

static souk_status write_json(struct souk_options *options, const struct souk_option *table,
                              struct souk_error *err)
{
    json_t *object = json_object();
    int failed = object == NULL;
    for (int i = 0; i < options->count && !failed; i++) {
        union souk_option_value value;
        if (souk_option_is_group(&table[i]))
            continue;
        if (!value_of(options, table, i, &value))
            souk_option_value_load(&table[i], &value);
        failed = json_object_set_new(object, table[i].name, json_of_value(&table[i], &value));
    }
    if (!failed)
        options->json = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return options->json ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for the options");
}

static void store_values(const struct souk_options *options, const struct souk_option *table)
{
    union souk_option_value value;
    for (int i = 0; i < options->count; i++)
        if (value_of(options, table, i, &value))
            souk_option_value_store(&table[i], &value);
}

/* Files and environment are read after the flags, which name the file; the stronger origin stays.
 */
static souk_status read_other_origins(struct souk_options *options, struct souk_error *err)
{
    const char *config = getenv("SOUK_CONFIG");
    souk_status status = read_environment(options, err);
    if (status == SOUK_OK && !options->config && config && config[0] != '\0')
        status = souk_option_set_config(options, config, err);
    if (status == SOUK_OK && options->config)
        status = souk_option_file_read(options, options->config, err);
    return status;
}

static souk_status finish(struct souk_options *options, const struct souk_program *program,
                          const struct souk_option_request *request, bool speak, bool *done,
                          struct souk_error *err)
{
    souk_status status = SOUK_OK;
    *done = request->help || request->version || request->dump_config;
    if (request->help)
        return speak ? souk_option_help_print(program, err) : SOUK_OK;
    if (request->version)
        return speak ? souk_option_version_print(program, err) : SOUK_OK;
    if ((status = read_other_origins(options, err)) != SOUK_OK ||
        (status = check_values(options, program->options, err)) != SOUK_OK)
        return status;
    if (request->dump_config)
        return speak ? souk_option_config_print(program, options, err) : SOUK_OK;
    if ((status = check_presence(options, program, err)) == SOUK_OK)
        status = write_json(options, program->options, err);
    if (status == SOUK_OK)
        store_values(options, program->options);
    return status;
}

souk_status souk_options_parse(const struct souk_program *program, int argc, char **argv,
                               bool speak, bool *done, struct souk_options **out,
                               struct souk_error *err)
{
    struct souk_options *options = NULL;
    struct souk_option_request request = {0};
    *done = false;
    *out = NULL;
    souk_status status = new_set(program->options, &options, err);
    if (status == SOUK_OK)
        status = souk_option_flags_read(options, program->options, argc, argv, &request, err);
    if (status == SOUK_OK)
        status = finish(options, program, &request, speak, done, err);
    if (status != SOUK_OK) {
        *done = false;
        souk_options_free(options);
        return status;
    }
    *out = options;
    return SOUK_OK;
}

int souk_options_operand_count(const struct souk_options *options)
{
    return options->operand_count;
}

const char *souk_options_operand(const struct souk_options *options, int index)
{
    assert(index >= 0 && index < options->operand_count);
    return options->operands[index];
}

bool souk_options_was_set(const struct souk_options *options, const char *name)
{
    const int index = souk_option_find(options, name);
    return index >= 0 && options->settings[index].origin > SOUK_ORIGIN_DEFAULT;
}

const char *souk_options_json(const struct souk_options *options)
{
    return options->json;
}
