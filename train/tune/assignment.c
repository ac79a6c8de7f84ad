#include "train/tune/assignment.h"

#include <inttypes.h>
#include <string.h>

void souk_assignment_make(struct souk_assignment *a, const struct souk_space *space,
                          const double *point)
{
    a->space = space;
    for (int d = 0; d < space->count; d++)
        souk_dimension_value(&space->dimensions[d], point[d], a->text[d]);
}

static void add(struct souk_assignment_line *line, const char *name, const char *value)
{
    char *text = line->text[line->argc];
    snprintf(text, sizeof line->text[0], value ? "--%s=%s" : "%s", name, value);
    line->argv[line->argc++] = text;
    line->argv[line->argc] = NULL;
}

void souk_assignment_line(const struct souk_assignment *a, int64_t seed,
                          struct souk_assignment_line *line)
{
    char number[24];
    line->argc = 0;
    add(line, "trial", NULL);
    add(line, "dataset", "-");
    add(line, "out", "-");
    for (int d = 0; d < a->space->count; d++)
        add(line, a->space->dimensions[d].name, a->text[d]);
    if (seed < 0)
        return;
    snprintf(number, sizeof number, "%" PRId64, seed);
    add(line, "seed", number);
}

json_t *souk_assignment_json(const struct souk_assignment *a)
{
    json_t *json = json_object();
    for (int d = 0; d < a->space->count && json; d++)
        json_object_set_new(json, a->space->dimensions[d].name, json_string(a->text[d]));
    return json;
}

void souk_assignment_format(const struct souk_assignment *a, bool constants, char *text,
                            size_t size)
{
    size_t at = 0;
    text[0] = '\0';
    for (int d = 0; d < a->space->count && at < size; d++) {
        if (!constants && souk_dimension_is_constant(&a->space->dimensions[d]))
            continue;
        const int n = snprintf(text + at, size - at, "%s%s=%s", at > 0 ? " " : "",
                               a->space->dimensions[d].name, a->text[d]);
        at += n > 0 ? (size_t)n : 0;
    }
}
