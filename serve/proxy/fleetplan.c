#include "serve/proxy/fleetplan.h"

#include "serve/proxy/balancer.h"
#include "shared/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOCKET_PATH_MAX = 107 }; /* of Linux: sun_path less its NUL */

static const char blanks[] = " \t\r";

/* ---- addresses ---- */

/* What stands behind the scheme; NULL: another scheme. */
static const char *behind(const char *address, const char *scheme)
{
    const size_t len = strlen(scheme);
    return strncmp(address, scheme, len) == 0 ? address + len : NULL;
}

static bool is_port(const char *text)
{
    char *end = NULL;
    const long port = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : 0;
    return port >= 1 && port <= 65535 && *end == '\0';
}

/* HOST:PORT; the host may be an IPv6 address in brackets. */
static bool is_host_and_port(const char *text)
{
    const char *colon = strrchr(text, ':');
    const bool bracketed = text[0] == '[';
    if (!colon || colon == text || !is_port(colon + 1))
        return false;
    return bracketed ? colon[-1] == ']' && colon - text > 2
                     : memchr(text, ':', (size_t)(colon - text)) == NULL;
}

/* Neither a file nor --shards could hold it otherwise. */
static bool is_one_word(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || *text == ',' || *text == '#')
            return false;
    return true;
}

souk_status souk_address_check(const char *address, struct souk_error *err)
{
    static const char *const hosts[] = {"tcp://", "tls+tcp://"};
    static const char *const names[] = {"ipc://", "inproc://"};
    const char *path = behind(address, "ipc://");
    if (strlen(address) > SOUK_ADDRESS_MAX)
        return souk_fail(err, SOUK_EUSAGE, "an address of more than %d bytes", SOUK_ADDRESS_MAX);
    if (path && strlen(path) > SOCKET_PATH_MAX)
        return souk_fail(err, SOUK_EUSAGE, "a socket's path of more than %d bytes",
                         SOCKET_PATH_MAX);
    for (int i = 0; i < 2; i++) {
        const char *host = behind(address, hosts[i]), *name = behind(address, names[i]);
        if ((host && is_one_word(host) && is_host_and_port(host)) ||
            (name && *name && is_one_word(name)))
            return SOUK_OK;
        if (host)
            return souk_fail(err, SOUK_EUSAGE, "'%s' lacks HOST:PORT, such as tcp://10.0.0.1:7101",
                             address);
    }
    return souk_fail(err, SOUK_EUSAGE,
                     "'%s' is not an address, such as tcp://10.0.0.1:7101 or ipc:///run/souk/a",
                     address);
}

/* ---- what makes a plan ---- */

const struct souk_planned_replica *souk_fleet_plan_find(const struct souk_fleet_plan *plan,
                                                        const char *address)
{
    for (int i = 0; i < plan->count; i++)
        if (strcmp(plan->replicas[i].address, address) == 0)
            return &plan->replicas[i];
    return NULL;
}

static souk_status add(struct souk_fleet_plan *plan, const struct souk_planned_replica *r,
                       struct souk_error *err)
{
    const struct souk_planned_replica *twin = souk_fleet_plan_find(plan, r->address);
    if (twin && twin->line > 0)
        return souk_fail(err, SOUK_EUSAGE, "%s stands in line %d already", r->address, twin->line);
    if (twin)
        return souk_fail(err, SOUK_EUSAGE, "%s stands twice", r->address);
    const souk_status status = souk_grow(&plan->replicas, &plan->room, (size_t)plan->count + 1,
                                         SOUK_FLEET_REPLICAS_MAX, sizeof *plan->replicas);
    if (status == SOUK_ELIMIT)
        return souk_fail(err, SOUK_EUSAGE, "more than %d replicas", SOUK_FLEET_REPLICAS_MAX);
    if (status)
        return souk_fail(err, status, "no memory for the fleet");
    plan->replicas[plan->count++] = *r;
    if (r->shard >= plan->shards)
        plan->shards = r->shard + 1;
    return SOUK_OK;
}

/* @param address ended by NUL */
static souk_status take_address(const char *address, struct souk_planned_replica *r,
                                struct souk_error *err)
{
    const souk_status status = souk_address_check(address, err);
    if (!status)
        snprintf(r->address, sizeof r->address, "%s", address);
    return status;
}

static souk_status check_counts(const struct souk_fleet_plan *plan, struct souk_error *err)
{
    if (plan->count == 0)
        return souk_fail(err, SOUK_EUSAGE, "there is no replica");
    for (int s = 0; s < plan->shards; s++) {
        int count = 0;
        for (int i = 0; i < plan->count; i++)
            count += plan->replicas[i].shard == s;
        if (count == 0)
            return souk_fail(err, SOUK_EUSAGE,
                             "shard %d has no replica, but there is a shard %d: shards are "
                             "numbered from 0 without a gap",
                             s, plan->shards - 1);
        if (count > SOUK_BALANCER_REPLICAS_MAX)
            return souk_fail(err, SOUK_EUSAGE, "shard %d has more than %d replicas", s,
                             SOUK_BALANCER_REPLICAS_MAX);
    }
    return SOUK_OK;
}

void souk_fleet_plan_fini(struct souk_fleet_plan *plan)
{
    free(plan->replicas);
    *plan = (struct souk_fleet_plan){0};
}

/* ---- --shards ---- */

static souk_status parse_shards(char *text, struct souk_fleet_plan *plan, struct souk_error *err)
{
    char *rest_of_text = NULL, *rest_of_shard = NULL;
    souk_status status = SOUK_OK;
    struct souk_planned_replica r = {.shard = 0};
    for (char *shard = strtok_r(text, " \t\n", &rest_of_text); shard && !status;
         shard = strtok_r(NULL, " \t\n", &rest_of_text), r.shard++)
        for (char *address = strtok_r(shard, ",", &rest_of_shard); address && !status;
             address = strtok_r(NULL, ",", &rest_of_shard)) {
            status = take_address(address, &r, err);
            if (!status)
                status = add(plan, &r, err);
        }
    return status ? status : check_counts(plan, err);
}

souk_status souk_fleet_plan_parse_shards(const char *text, struct souk_fleet_plan *plan,
                                         struct souk_error *err)
{
    char *copy = souk_strndup(text, strlen(text));
    souk_status status;
    *plan = (struct souk_fleet_plan){0};
    if (!copy)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the fleet");
    status = parse_shards(copy, plan, err);
    free(copy);
    return status ? souk_error_prefix(err, status, "--shards") : SOUK_OK;
}

/* ---- a file ---- */

/* SHARD ADDRESS [drained]; nothing: a comment. */
static souk_status parse_line(char *line, int number, struct souk_fleet_plan *plan,
                              struct souk_error *err)
{
    char *rest = NULL, *end = NULL;
    struct souk_planned_replica r = {.line = number};
    line[strcspn(line, "#")] = '\0';
    const char *shard = strtok_r(line, blanks, &rest);
    const char *address = strtok_r(NULL, blanks, &rest);
    const char *state = strtok_r(NULL, blanks, &rest);
    const char *more = strtok_r(NULL, blanks, &rest);
    if (!shard)
        return SOUK_OK;
    const long value = *shard >= '0' && *shard <= '9' ? strtol(shard, &end, 10) : -1;
    if (value < 0 || *end || value >= SOUK_FLEET_REPLICAS_MAX)
        return souk_fail(err, SOUK_EUSAGE,
                         "'%.64s' is not a shard: a line is SHARD ADDRESS [drained]", shard);
    if (!address)
        return souk_fail(err, SOUK_EUSAGE,
                         "the address is missing: a line is SHARD ADDRESS [drained]");
    if (more || (state && strcmp(state, "drained") != 0))
        return souk_fail(err, SOUK_EUSAGE,
                         "'%.64s' behind the address: only `drained` may stand there",
                         more ? more : state);
    r.shard = (int)value;
    r.drained = state != NULL;
    const souk_status status = take_address(address, &r, err);
    return status ? status : add(plan, &r, err);
}

/* A file that is wrong is bad input, not a wrong command line. */
static souk_status of_file(souk_status status)
{
    return status == SOUK_EUSAGE ? SOUK_EFORMAT : status;
}

static souk_status parse_lines(const char *name, char *text, struct souk_fleet_plan *plan,
                               struct souk_error *err)
{
    souk_status status = SOUK_OK;
    int number = 0;
    for (char *line = text; line && !status;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        status = parse_line(line, ++number, plan, err);
        line = end ? end + 1 : NULL;
    }
    if (status)
        return souk_error_prefix(err, of_file(status), "%s:%d", name, number);
    status = check_counts(plan, err);
    return status ? souk_error_prefix(err, of_file(status), "%s", name) : SOUK_OK;
}

souk_status souk_fleet_plan_parse_file(const char *name, const char *text,
                                       struct souk_fleet_plan *plan, struct souk_error *err)
{
    char *copy = souk_strndup(text, strlen(text));
    souk_status status;
    *plan = (struct souk_fleet_plan){0};
    if (!copy)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory", name);
    status = parse_lines(name, copy, plan, err);
    free(copy);
    return status;
}

/* @param text [SOUK_FLEET_FILE_BYTES_MAX + 1] */
static souk_status read_text(const char *path, char *text, struct souk_error *err)
{
    FILE *file = fopen(path, "r");
    souk_status status = SOUK_OK;
    if (!file) {
        souk_fail_errno(err, "cannot read the fleet's file %s", path);
        return SOUK_EFORMAT;
    }
    const size_t len = fread(text, 1, SOUK_FLEET_FILE_BYTES_MAX + 1, file);
    if (ferror(file)) {
        souk_fail_errno(err, "cannot read the fleet's file %s", path);
        status = SOUK_EFORMAT;
    } else if (len > SOUK_FLEET_FILE_BYTES_MAX || memchr(text, '\0', len)) {
        status = souk_fail(err, SOUK_EFORMAT, "%s is no text of up to %d bytes", path,
                           SOUK_FLEET_FILE_BYTES_MAX);
    } else {
        text[len] = '\0';
    }
    fclose(file);
    return status;
}

souk_status souk_fleet_plan_read(const char *path, struct souk_fleet_plan *plan,
                                 struct souk_error *err)
{
    char *text = souk_alloc_array(SOUK_FLEET_FILE_BYTES_MAX + 1, 1);
    souk_status status;
    *plan = (struct souk_fleet_plan){0};
    if (!text)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory", path);
    status = read_text(path, text, err);
    if (!status)
        status = souk_fleet_plan_parse_file(path, text, plan, err);
    free(text);
    return status;
}
