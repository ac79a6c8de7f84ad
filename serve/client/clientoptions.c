#include "serve/client/clientoptions.h"

#include "shared/base/clock.h"
#include "shared/base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS_MAX = 1000 };

souk_status souk_moment_parse(const char *text, int64_t *ms, struct souk_error *err)
{
    char *end = NULL;
    *ms = 0;
    if (!text || souk_time_parse(text, strlen(text), ms))
        return SOUK_OK;
    errno = 0;
    *ms = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *ms <= 0)
        return souk_fail(
            err, SOUK_EUSAGE,
            "--moment '%s' is neither a time such as 2011-11-09T08:26 nor milliseconds "
            "since 1970",
            text);
    return SOUK_OK;
}

/* The type stands behind the last '=': an id may hold one. */
static souk_status add_entry(struct souk_event_list *list, char *entry, struct souk_error *err)
{
    char *const equals = strrchr(entry, '=');
    if (!equals || equals == entry || equals[1] == '\0')
        return souk_fail(err, SOUK_EUSAGE, "--events '%s' is not ITEM=TYPE", entry);
    if (list->count == EVENTS_MAX)
        return souk_fail(err, SOUK_EUSAGE, "--events names more than %d", EVENTS_MAX);
    *equals = '\0';
    list->events[list->count++] = (struct souk_context_event){.item = entry, .type = equals + 1};
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
