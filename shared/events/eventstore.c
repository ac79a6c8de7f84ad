#include "shared/base/identifier.h"
#include "shared/events/eventbackend.h"

#include <string.h>

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

souk_status souk_event_store_open(const char *url, enum souk_event_access access,
                                  struct souk_event_store **out, struct souk_error *err)
{
    static const char sqlite[] = "sqlite:";
    *out = NULL;
    if (starts_with(url, sqlite) && url[sizeof sqlite - 1] != '\0')
        return souk_sqlite_store_open(url + sizeof sqlite - 1, access, "FULL", out, err);
    if (starts_with(url, "postgresql://") || starts_with(url, "postgres://"))
        return souk_postgres_store_open(url, access, out, err);
    /* What it is instead may hold a password: it is not repeated. */
    return souk_fail(err, SOUK_EUSAGE,
                     "a store of events is sqlite:PATH or postgresql://USER@HOST/DATABASE");
}

void souk_event_store_close(struct souk_event_store *s)
{
    if (s)
        s->backend->close(s);
}

bool souk_event_store_is_shared(const struct souk_event_store *s)
{
    return s->backend->shared;
}

static souk_status check_writable(const struct souk_event_store *s, struct souk_error *err)
{
    return s->writable ? SOUK_OK
                       : souk_fail(err, SOUK_EINVAL, "the store of events was opened to be read");
}

static souk_status check_user(const char *user, struct souk_error *err)
{
    return souk_id_is_valid(user, strlen(user))
               ? SOUK_OK
               : souk_fail(err, SOUK_EINVAL,
                           "a user's id is 1 to %d bytes of UTF-8 without control "
                           "characters",
                           SOUK_ID_MAX_BYTES);
}

souk_status souk_event_store_claim(struct souk_event_store *s, struct souk_error *err)
{
    return s->backend->claim(s, err);
}

static souk_status check_group(const struct souk_event_record *events, int count,
                               struct souk_error *err)
{
    if (count < 0 || count > SOUK_EVENT_GROUP_MAX)
        return souk_fail(err, SOUK_EINVAL, "%d events in a group; at most %d", count,
                         SOUK_EVENT_GROUP_MAX);
    for (int i = 0; i < count; i++) {
        const souk_status status = souk_event_record_check(&events[i], err);
        if (status)
            return souk_error_prefix(err, status, "event %d of %d", i + 1, count);
    }
    return SOUK_OK;
}

souk_status souk_event_store_append(struct souk_event_store *s,
                                    const struct souk_event_record *events, int count,
                                    enum souk_event_fate *fates, struct souk_error *err)
{
    souk_status status = check_writable(s, err);
    if (!status)
        status = check_group(events, count, err);
    return status || count == 0 ? status : s->backend->append(s, events, count, fates, err);
}

souk_status souk_event_store_read_user(struct souk_event_store *s, const char *user,
                                       int64_t since_ms, int64_t max, souk_event_visit visit,
                                       void *context, struct souk_error *err)
{
    const souk_status status = check_user(user, err);
    return status || max <= 0 ? status
                              : s->backend->read_user(s, user, since_ms, max, visit, context, err);
}

souk_status souk_event_store_scan(struct souk_event_store *s, int64_t after, souk_event_visit visit,
                                  void *context, struct souk_error *err)
{
    return s->backend->scan(s, after, visit, context, err);
}

souk_status souk_event_store_count(struct souk_event_store *s, struct souk_event_counts *out,
                                   struct souk_error *err)
{
    *out = (struct souk_event_counts){.bytes = -1};
    return s->backend->count(s, out, err);
}

souk_status souk_event_store_prune(struct souk_event_store *s, int64_t before_ms, int64_t *deleted,
                                   struct souk_error *err)
{
    const souk_status status = check_writable(s, err);
    *deleted = 0;
    return status ? status : s->backend->prune(s, before_ms, deleted, err);
}

souk_status souk_event_store_erase(struct souk_event_store *s, const char *user, int64_t now_ms,
                                   int64_t *deleted, struct souk_error *err)
{
    souk_status status = check_writable(s, err);
    *deleted = 0;
    if (!status)
        status = check_user(user, err);
    return status ? status : s->backend->erase(s, user, now_ms, deleted, err);
}

souk_status souk_event_store_erased_ms(struct souk_event_store *s, const char *user, int64_t *out,
                                       struct souk_error *err)
{
    const souk_status status = check_user(user, err);
    *out = 0;
    return status ? status : s->backend->erased_ms(s, user, out, err);
}

souk_status souk_event_store_erasures(struct souk_event_store *s, souk_erasure_visit visit,
                                      void *context, struct souk_error *err)
{
    return s->backend->erasures(s, visit, context, err);
}

souk_status souk_event_store_watch(struct souk_event_store *s, int64_t timeout_ms,
                                   souk_event_changed changed, void *context,
                                   struct souk_error *err)
{
    return s->backend->watch(s, timeout_ms, changed, context, err);
}
