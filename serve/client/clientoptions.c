#include "serve/client/clientoptions.h"

#include "shared/base/clock.h"
#include "shared/base/memory.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS_MAX = 1000 };

/* A time such as 2011-11-09T08:26, or milliseconds. */
static bool parse_time(const char *text, int64_t *ms)
{
    char *end = NULL;
    if (souk_time_parse(text, strlen(text), ms))
        return true;
    errno = 0;
    *ms = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *ms > 0;
}

souk_status souk_moment_parse(const char *text, int64_t *ms, struct souk_error *err)
{
    *ms = 0;
    if (!text || parse_time(text, ms))
        return SOUK_OK;
    return souk_fail(err, SOUK_EUSAGE,
                     "--moment '%s' is neither a time such as 2011-11-09T08:26 nor milliseconds "
                     "since 1970",
                     text);
}

/* The type stands behind the last '=', the time behind an '@' there: an id may hold both. */
static souk_status add_entry(struct souk_event_list *list, char *entry, struct souk_error *err)
{
    char *const equals = strrchr(entry, '=');
    char *const at = equals ? strchr(equals, '@') : NULL;
    struct souk_context_event e = {.item = entry, .type = equals ? equals + 1 : NULL};
    if (!equals || equals == entry || equals[1] == '\0' || at == equals + 1 ||
        (at && !parse_time(at + 1, &e.ms)))
        return souk_fail(err, SOUK_EUSAGE, "--events '%s' is not ITEM=TYPE[@TIME]", entry);
    if (list->count == EVENTS_MAX)
        return souk_fail(err, SOUK_EUSAGE, "--events names more than %d", EVENTS_MAX);
    *equals = '\0';
    if (at)
        *at = '\0';
    list->events[list->count++] = e;
    return SOUK_OK;
}

souk_status souk_event_list_parse(const char *text, struct souk_event_list *out,
                                  struct souk_error *err)
{
    char *rest = NULL;
    souk_status status = SOUK_OK;
    *out = (struct souk_event_list){0};
    if (!text)
        return SOUK_OK;
    out->text = souk_strndup(text, strlen(text));
    out->events = souk_alloc_array(EVENTS_MAX, sizeof *out->events);
    if (!out->text || !out->events)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the events");
    for (char *entry = strtok_r(out->text, ",", &rest); entry && !status;
         entry = strtok_r(NULL, ",", &rest))
        status = add_entry(out, entry, err);
    return status;
}

void souk_event_list_fini(struct souk_event_list *list)
{
    free(list->events);
    free(list->text);
    *list = (struct souk_event_list){0};
}
