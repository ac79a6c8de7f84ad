#include "shared/base/optionset.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    struct souk_options *options;
    const char *path;
    FILE *file;
    int line;
    int last;      /* row of the key above, or -1 */
    bool indented; /* the line goes on with the value of the key above */
    souk_status status;
    struct souk_error *err;
};

/* fgets() for inih, which does not tell its handler where it is, and takes the rest of a line that
 * is longer than its buffer (200 bytes in Debian's build) for another line. */
static char *read_line(char *buffer, int size, void *user)
{
    struct reading *r = user;
    if (r->status != SOUK_OK || !fgets(buffer, size, r->file))
        return NULL;
    r->line++;
    r->indented = buffer[0] == ' ' || buffer[0] == '\t';
    if (strchr(buffer, '\n') || feof(r->file))
        return buffer;
    r->status =
        souk_fail(r->err, SOUK_EUSAGE, "%s:%d: longer than %d bytes: go on in an indented line",
                  r->path, r->line, size - 2);
    return NULL;
}

/* Of an indented line inih leaves the comment in the text. */
static int length_without_comment(const char *text)
{
    const char *comment = strstr(text, " ;");
    return comment ? (int)(comment - text) : (int)strlen(text);
}

static souk_status append(struct souk_option_setting *setting, const char *text,
                          struct souk_error *err)
{
    char *joined = NULL;
    if (asprintf(&joined, "%s %.*s", setting->text, length_without_comment(text), text) < 0)
        return souk_fail(err, SOUK_ENOMEM, "no memory for option '%s'", setting->name);
    free(setting->text);
    setting->text = joined;
    return SOUK_OK;
}

static souk_status take_pair(struct reading *r, const char *section, const char *name,
                             const char *value)
{
    const int index = souk_option_find(r->options, name);
    if (section[0] != '\0')
        return souk_fail(r->err, SOUK_EUSAGE, "%s:%d: '%s' is in section [%s]: use no sections",
                         r->path, r->line, name, section);
    if (index < 0)
        return souk_fail(r->err, SOUK_EUSAGE, "%s:%d: unknown key '%s': see --dump-config", r->path,
                         r->line, name);
    struct souk_option_setting *setting = &r->options->settings[index];
    if (r->indented && index == r->last)
        return setting->origin == SOUK_ORIGIN_FILE ? append(setting, value, r->err) : SOUK_OK;
    if (setting->line > 0)
        return souk_fail(r->err, SOUK_EUSAGE, "%s:%d: '%s' was set in line %d", r->path, r->line,
                         name, setting->line);
    setting->line = r->line;
    r->last = index;
    return souk_option_set(r->options, index, SOUK_ORIGIN_FILE, value, r->err);
}

static int handle_pair(void *user, const char *section, const char *name, const char *value)
{
    struct reading *r = user;
    if (r->status == SOUK_OK)
        r->status = take_pair(r, section, name, value);
    return r->status == SOUK_OK;
}

souk_status souk_option_file_read(struct souk_options *options, const char *path,
                                  struct souk_error *err)
{
    struct reading r = {.options = options, .path = path, .err = err, .last = -1};
    r.file = fopen(path, "r");
    if (!r.file)
        return souk_fail_errno(err, "%s", path);
    const int line = ini_parse_stream(read_line, &r, handle_pair, &r);
    if (r.status == SOUK_OK && ferror(r.file))
        r.status = souk_fail_errno(err, "%s", path);
    else if (r.status == SOUK_OK && line > 0)
        r.status = souk_fail(err, SOUK_EUSAGE, "%s:%d: not of the form 'key = value'", path, line);
    else if (r.status == SOUK_OK && line < 0)
        r.status = souk_fail(err, SOUK_ENOMEM, "%s: no memory to read it", path);
    fclose(r.file);
    return r.status;
}
