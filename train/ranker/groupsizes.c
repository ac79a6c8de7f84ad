#include "train/ranker/groupsizes.h"

#include "shared/base/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* @return whether `line` holds one whole number from 1, and blanks */
static bool parse_size(const char *line, int64_t *size)
{
    char *end;
    errno = 0;
    const long long value = strtoll(line, &end, 10);
    if (end == line || errno || value < 1 || value > INT32_MAX)
        return false;
    *size = value;
    return end[strspn(end, " \t\r\n")] == 0;
}

static souk_status read_lines(FILE *in, const char *path, int64_t **first, int64_t *groups,
                              struct souk_error *err)
{
    char *line = NULL;
    size_t room = 0, capacity = 0;
    int64_t number = 0, size;
    souk_status status = souk_grow(first, &capacity, 1, SIZE_MAX / 2, sizeof **first);
    if (status == SOUK_OK)
        (*first)[0] = 0;
    while (status == SOUK_OK && getline(&line, &room, in) >= 0) {
        number++;
        if (line[strspn(line, " \t\r\n")] == 0)
            continue;
        if (!parse_size(line, &size)) {
            status = souk_fail(err, SOUK_EFORMAT, "%s:%" PRId64 ": not the size of a query group",
                               path, number);
            break;
        }
        status = souk_grow(first, &capacity, (size_t)*groups + 2, SIZE_MAX / 2, sizeof **first);
        if (status == SOUK_OK) {
            (*first)[*groups + 1] = (*first)[*groups] + size;
            ++*groups;
        }
    }
    if (status == SOUK_ENOMEM)
        status = souk_fail(err, status, "no memory for %s", path);
    if (status == SOUK_OK && ferror(in))
        status = souk_fail_errno(err, "%s", path);
    free(line);
    return status;
}

souk_status souk_groupsizes_read(const char *path, int64_t **first, int64_t *groups,
                                 struct souk_error *err)
{
    *first = NULL;
    *groups = 0;
    FILE *in = fopen(path, "re");
    if (!in)
        return errno == ENOENT ? SOUK_OK : souk_fail_errno(err, "%s", path);
    souk_status status = read_lines(in, path, first, groups, err);
    fclose(in);
    if (status) {
        free(*first);
        *first = NULL;
    }
    return status;
}
