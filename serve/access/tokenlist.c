#include "serve/access/tokenlist.h"

#include "serve/access/access.h"
#include "serve/access/ratelimit.h"
#include "shared/base/clock.h"
#include "shared/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char blanks[] = " \t\r";

static const struct {
    const char *name;
    enum souk_scope scope;
} scopes_of_all[] = {
    {"read", SOUK_SCOPE_READ}, {"write", SOUK_SCOPE_WRITE}, {"admin", SOUK_SCOPE_ADMIN}};

enum { SCOPES = sizeof scopes_of_all / sizeof scopes_of_all[0] };

/* ---- the parts of a line ---- */

souk_status souk_token_name_check(const char *name, struct souk_error *err)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    const size_t len = strlen(name);
    if (len >= 1 && len <= SOUK_TOKEN_NAME_MAX && strspn(name, allowed) == len)
        return SOUK_OK;
    return souk_fail(err, SOUK_EUSAGE, "'%.64s' is not a name: 1 to %d of A-Z a-z 0-9 . _ -", name,
                     SOUK_TOKEN_NAME_MAX);
}

static unsigned scope_of(const char *name, size_t len)
{
    for (int i = 0; i < SCOPES; i++)
        if (strlen(scopes_of_all[i].name) == len && memcmp(scopes_of_all[i].name, name, len) == 0)
            return scopes_of_all[i].scope;
    return 0;
}

souk_status souk_token_scopes_parse(const char *text, unsigned *scopes, struct souk_error *err)
{
    *scopes = 0;
    for (const char *at = text; at; at = at[strcspn(at, ",")] ? strchr(at, ',') + 1 : NULL) {
        const size_t len = strcspn(at, ",");
        const unsigned scope = scope_of(at, len);
        if (!scope)
            return souk_fail(err, SOUK_EUSAGE,
                             "'%.*s' is not a scope: some of read,write,admin, separated by comma",
                             len > 32 ? 32 : (int)len, at);
        *scopes |= scope;
    }
    return SOUK_OK;
}

void souk_token_scopes_format(unsigned scopes, char *text)
{
    *text = '\0';
    for (int i = 0; i < SCOPES; i++)
        if (scopes & scopes_of_all[i].scope)
            text += sprintf(text, "%s%s", scopes & (scopes_of_all[i].scope - 1U) ? "," : "",
                            scopes_of_all[i].name);
}

souk_status souk_token_rate_parse(const char *text, double *rate, int64_t *burst,
                                  struct souk_error *err)
{
    char *end = NULL;
    *burst = 0;
    *rate = strtod(text, &end);
    if (end == text || !(*rate >= SOUK_RATE_MIN && *rate <= SOUK_RATE_MAX))
        *rate = 0;
    *burst = souk_rate_burst(*rate);
    if (*rate > 0 && *end == ':') {
        const char *const digits = end + 1;
        *burst = strtoll(digits, &end, 10);
        if (*digits < '1' || *digits > '9' || *burst > SOUK_BURST_MAX)
            *rate = 0;
    }
    if (*rate > 0 && *end == '\0')
        return SOUK_OK;
    return souk_fail(
        err, SOUK_EUSAGE,
        "'%.64s' is not a rate: requests a second from %g to %g, then `:` and how many "
        "may come at once, up to %d, where that is not a second's worth",
        text, SOUK_RATE_MIN, SOUK_RATE_MAX, SOUK_BURST_MAX);
}

static souk_status parse_expiry(const char *text, int64_t *expires_s, struct souk_error *err)
{
    int64_t ms;
    *expires_s = INT64_MAX;
    if (strcmp(text, "-") == 0)
        return SOUK_OK;
    if (!souk_time_parse(text, strlen(text), &ms))
        return souk_fail(err, SOUK_EUSAGE,
                         "'%.64s' is not a time such as 2027-02-24T00:00:00Z, or - for never",
                         text);
    *expires_s = ms / 1000 - (ms % 1000 < 0);
    return SOUK_OK;
}

void souk_token_entry_format(const struct souk_token_entry *e, char *text)
{
    char scopes[24], expires[25] = "-", rate[48] = "-", hex[SOUK_TOKEN_HEX + 1];
    souk_token_scopes_format(e->scopes, scopes);
    if (e->expires_s != INT64_MAX) {
        souk_time_format(e->expires_s * 1000, expires);
        memcpy(expires + 19, "Z", 2); /* without the milliseconds */
    }
    if (e->rate > 0)
        snprintf(rate, sizeof rate, "%.9g:%" PRId64, e->rate, e->burst);
    souk_token_digest_format(&e->digest, hex);
    snprintf(text, SOUK_TOKEN_LINE_MAX, "%s %s %s %s %s\n", e->name, scopes, expires, rate, hex);
}

/* ---- the text of a file ---- */

int souk_token_list_find(const struct souk_token_list *list, const char *name)
{
    for (int i = 0; i < list->count; i++)
        if (strcmp(list->entries[i].name, name) == 0)
            return i;
    return -1;
}

static souk_status add(struct souk_token_list *list, const struct souk_token_entry *e,
                       struct souk_error *err)
{
    for (int i = 0; i < list->count; i++) {
        const struct souk_token_entry *other = &list->entries[i];
        if (strcmp(other->name, e->name) == 0)
            return souk_fail(err, SOUK_EUSAGE, "%s stands in line %d already", e->name,
                             other->line);
        if (souk_token_digest_equal(&other->digest, &e->digest))
            return souk_fail(err, SOUK_EUSAGE, "the hash stands in line %d already", other->line);
    }
    const souk_status status = souk_grow(&list->entries, &list->room, (size_t)list->count + 1,
                                         SOUK_TOKENS_MAX, sizeof *list->entries);
    if (status == SOUK_ELIMIT)
        return souk_fail(err, SOUK_EUSAGE, "more than %d tokens", SOUK_TOKENS_MAX);
    if (status)
        return souk_fail(err, status, "no memory for the tokens");
    list->entries[list->count++] = *e;
    return SOUK_OK;
}

static souk_status take_fields(char *const *field, struct souk_token_entry *e,
                               struct souk_error *err)
{
    souk_status status = souk_token_name_check(field[0], err);
    if (!status)
        status = souk_token_scopes_parse(field[1], &e->scopes, err);
    if (!status)
        status = parse_expiry(field[2], &e->expires_s, err);
    if (!status && strcmp(field[3], "-") != 0)
        status = souk_token_rate_parse(field[3], &e->rate, &e->burst, err);
    if (!status && !souk_token_digest_parse(field[4], &e->digest))
        status = souk_fail(err, SOUK_EUSAGE, "the hash is not of %d hex digits", SOUK_TOKEN_HEX);
    if (!status)
        snprintf(e->name, sizeof e->name, "%s", field[0]);
    return status;
}

/* NAME SCOPES EXPIRES RATE HASH; nothing: a comment. */
static souk_status parse_line(char *line, int number, struct souk_token_list *list,
                              struct souk_error *err)
{
    enum { FIELDS = 5 };
    char *field[FIELDS + 1] = {NULL}, *rest = NULL;
    int count = 0;
    struct souk_token_entry e = {.line = number};
    line[strcspn(line, "#")] = '\0';
    for (char *word = strtok_r(line, blanks, &rest); word && count <= FIELDS;
         word = strtok_r(NULL, blanks, &rest))
        field[count++] = word;
    if (count == 0)
        return SOUK_OK;
    if (count != FIELDS)
        return souk_fail(err, SOUK_EUSAGE, "a line is NAME SCOPES EXPIRES RATE HASH");
    const souk_status status = take_fields(field, &e, err);
    return status ? status : add(list, &e, err);
}

souk_status souk_token_list_parse(const char *name, const char *text, struct souk_token_list *list,
                                  struct souk_error *err)
{
    char *copy = souk_strndup(text, strlen(text));
    souk_status status = SOUK_OK;
    int number = 0;
    *list = (struct souk_token_list){0};
    if (!copy)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory", name);
    for (char *line = copy; line && !status;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        status = parse_line(line, ++number, list, err);
        line = end ? end + 1 : NULL;
    }
    free(copy);
    if (status == SOUK_EUSAGE) /* a file that is wrong is bad input, not a wrong command line */
        status = SOUK_EFORMAT;
    return status ? souk_error_prefix(err, status, "%s:%d", name, number) : SOUK_OK;
}

void souk_token_list_fini(struct souk_token_list *list)
{
    free(list->entries);
    *list = (struct souk_token_list){0};
}

/* ---- a file ---- */

static souk_status check_rights(const char *path, const struct stat *info, struct souk_error *err)
{
    if (!S_ISREG(info->st_mode))
        return souk_fail(err, SOUK_EINVAL, "%s is not a regular file", path);
    if (info->st_uid != 0 && info->st_uid != geteuid())
        return souk_fail(err, SOUK_EINVAL, "%s belongs to user %u: it must be root's or our own",
                         path, (unsigned)info->st_uid);
    if (info->st_mode & (S_IWGRP | S_IRWXO))
        return souk_fail(err, SOUK_EINVAL,
                         "%s is open to others (mode %03o): chmod 600, or 640 for a group that may "
                         "read it",
                         path, (unsigned)info->st_mode & 0777);
    return SOUK_OK;
}

/* @param text [SOUK_TOKENS_FILE_BYTES_MAX + 1] */
static souk_status read_all(const char *path, int fd, char *text, struct souk_error *err)
{
    size_t len = 0;
    ssize_t got;
    while ((got = read(fd, text + len, SOUK_TOKENS_FILE_BYTES_MAX + 1 - len)) != 0) {
        if (got < 0 && errno != EINTR)
            return souk_fail_errno(err, "cannot read the tokens of %s", path);
        len += got > 0 ? (size_t)got : 0;
    }
    if (len > SOUK_TOKENS_FILE_BYTES_MAX || memchr(text, '\0', len))
        return souk_fail(err, SOUK_EFORMAT, "%s is no text of up to %d bytes", path,
                         SOUK_TOKENS_FILE_BYTES_MAX);
    text[len] = '\0';
    return SOUK_OK;
}

souk_status souk_token_text_read(const char *path, char **text, struct souk_error *err)
{
    struct stat info;
    souk_status status;
    *text = NULL;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &info) != 0) {
        status = souk_fail_errno(err, "cannot read the tokens of %s", path);
        goto out;
    }
    status = check_rights(path, &info, err);
    if (status)
        goto out;
    *text = souk_alloc_array(SOUK_TOKENS_FILE_BYTES_MAX + 1, 1);
    status =
        *text ? read_all(path, fd, *text, err) : souk_fail(err, SOUK_ENOMEM, "%s: no memory", path);
    if (status) {
        free(*text);
        *text = NULL;
    }
out:
    if (fd >= 0)
        close(fd);
    return status;
}

souk_status souk_token_list_read(const char *path, struct souk_token_list *list,
                                 struct souk_error *err)
{
    char *text;
    *list = (struct souk_token_list){0};
    souk_status status = souk_token_text_read(path, &text, err);
    if (!status)
        status = souk_token_list_parse(path, text, list, err);
    free(text);
    return status;
}
