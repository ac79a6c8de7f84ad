#include "serve/events/eventexport.h"

#include "shared/base/progress.h"
#include "shared/base/staging.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct writing {
    struct souk_event_export *export;
    struct souk_progress progress;
    FILE *out;
    int64_t read;
};

static void write_text(FILE *out, const char *text)
{
    if (!text[strcspn(text, "\",\r\n")]) {
        fputs(text, out);
        return;
    }
    putc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', out);
        putc(*text, out);
    }
    putc('"', out);
}

static void write_number(FILE *out, double value)
{
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    fputs(text, out);
}

static void write_event(FILE *out, const struct souk_event_record *e)
{
    const char *const head[] = {e->user, e->item, e->type};
    const char *const tail[] = {e->event_id, e->request_id, e->model, e->arm};
    for (int i = 0; i < 3; i++) {
        write_text(out, head[i]);
        putc(',', out);
    }
    fprintf(out, "%" PRId64 ",", e->ms);
    write_number(out, e->value);
    for (int i = 0; i < 4; i++) {
        putc(',', out);
        write_text(out, tail[i]);
    }
    fprintf(out, ",%" PRId64 ",%" PRId64 "\n", e->stored_ms, e->seq);
}

static bool take_event(void *context, const struct souk_event_record *e)
{
    struct writing *w = context;
    w->read++;
    if (e->ms >= w->export->since_ms && e->ms < w->export->until_ms) {
        write_event(w->out, e);
        w->export->events++;
    }
    souk_progress_update(&w->progress, w->read, NULL);
    return !ferror(w->out);
}

souk_status souk_event_export_write(struct souk_event_export *e, struct souk_event_store *store,
                                    FILE *out, struct souk_error *err)
{
    struct writing w = {.export = e, .out = out};
    souk_progress_init(&w.progress, "export", 0, "events", e->quiet);
    fputs("user,item,event,timestamp,value,event_id,request_id,model,arm,stored,seq\n", out);
    e->events = 0;
    const souk_status status = souk_event_store_scan(store, e->after, take_event, &w, err);
    souk_progress_finish(&w.progress, w.read, NULL);
    if (!status && (fflush(out) != 0 || ferror(out)))
        return souk_fail_errno(err, "the events cannot be written");
    return status;
}

static souk_status write_staged(struct souk_event_export *e, struct souk_event_store *store,
                                struct souk_staging *staging, struct souk_error *err)
{
    FILE *out = fopen(staging->partial, "w");
    if (!out)
        return souk_fail_errno(err, "%s", staging->partial);
    souk_status status = souk_event_export_write(e, store, out, err);
    if (fclose(out) != 0 && !status)
        status = souk_fail_errno(err, "%s", staging->partial);
    return status ? status : souk_staging_commit(staging, err);
}

souk_status souk_event_export_file(struct souk_event_export *e, struct souk_event_store *store,
                                   const char *path, struct souk_error *err)
{
    struct souk_staging staging = {0};
    if (strcmp(path, "-") == 0)
        return souk_event_export_write(e, store, stdout, err);
    souk_status status = souk_staging_begin(&staging, path, false, NULL, true, err);
    if (status)
        return status;
    souk_staging_guard(&staging);
    status = write_staged(e, store, &staging, err);
    souk_staging_end(&staging, true);
    return status;
}
