#include "serve/client/event_command.h"

#include "serve/client/clientoptions.h"
#include "serve/client/eventfile.h"
#include "serve/client/eventreplay.h"
#include "serve/net/shutdown.h"

#include <stdio.h>
#include <sys/random.h>

struct event_options {
    const char *proxy, *token_file, *time, *file;
    struct souk_client_tls tls;
    struct souk_visitor_event event;
    int64_t in_flight, batch, timeout_ms, patience_ms;
    double value;
    bool json, quiet;
};

/* An id that no other run gives. */
static void make_prefix(char prefix[17])
{
    unsigned char bits[8] = {0};
    if (getrandom(bits, sizeof bits, 0) != (ssize_t)sizeof bits)
        bits[0] = 1;
    for (size_t i = 0; i < sizeof bits; i++)
        snprintf(prefix + 2 * i, 3, "%02x", bits[i]);
}

static void print(const struct event_options *o, const struct souk_event_replayed *r)
{
    int64_t all = 0;
    for (int f = 0; f < SOUK_SENT_FATES; f++)
        all += r->fates[f];
    const double rate = r->seconds > 0 ? (double)all / r->seconds : 0;
    if (o->json) {
        printf("{\"events\":%lld,\"seconds\":%.6f,\"rate\":%.1f,\"retries\":%lld", (long long)all,
               r->seconds, rate, (long long)r->retries);
        for (int f = 0; f < SOUK_SENT_FATES; f++)
            printf(",\"%s\":%lld", souk_sent_name((enum souk_sent)f), (long long)r->fates[f]);
        puts("}");
        return;
    }
    printf("%lld events acknowledged in %.3f s, %.0f a second:", (long long)all, r->seconds, rate);
    for (int f = 0; f < SOUK_SENT_FATES; f++)
        if (r->fates[f] > 0)
            printf(" %lld %s", (long long)r->fates[f], souk_sent_name((enum souk_sent)f));
    printf("%s", r->retries > 0 ? "" : "\n");
    if (r->retries > 0)
        printf("; %lld requests were sent again\n", (long long)r->retries);
}

static souk_status send_all(const struct event_options *o, const struct souk_visitor_event *events,
                            int64_t count, struct souk_error *err)
{
    struct souk_event_replay plan = {.events = events,
                                     .count = count,
                                     .in_flight = (int)o->in_flight,
                                     .batch = (int)o->batch,
                                     .timeout_ms = o->timeout_ms,
                                     .patience_ms = o->patience_ms,
                                     .quiet = o->quiet || !o->file};
    struct souk_event_replayed done;
    struct souk_client *client = NULL;
    souk_status status = souk_client_new_tls(o->proxy, plan.in_flight, &o->tls, &client, err);
    if (!status)
        status = souk_client_load_token(client, o->token_file, err);
    if (!status) {
        status = souk_event_replay_run(client, &plan, &done, err);
        print(o, &done);
    }
    if (!status && done.fates[SOUK_SENT_INVALID] > 0)
        status = souk_fail(err, SOUK_EFORMAT, "%lld events are not as they should be",
                           (long long)done.fates[SOUK_SENT_INVALID]);
    souk_client_free(client);
    return status;
}

static souk_status send_file(const struct event_options *o, struct souk_error *err)
{
    struct souk_event_file file;
    char prefix[17];
    make_prefix(prefix);
    souk_status status = souk_event_file_read(o->file, prefix, &file, err);
    if (!status)
        status = send_all(o, file.events, file.count, err);
    souk_event_file_fini(&file);
    return status;
}

static souk_status send_one(struct event_options *o, struct souk_error *err)
{
    struct souk_visitor_event *e = &o->event;
    char id[17];
    if (!e->user || !e->item || !e->type)
        return souk_fail(err, SOUK_EUSAGE, "give --user, --item and --type, or --file");
    make_prefix(id);
    if (!e->event_id)
        e->event_id = id;
    e->value = o->value;
    o->in_flight = o->batch = 1;
    const souk_status status = souk_moment_parse(o->time, &e->ms, err);
    return status ? status : send_all(o, e, 1, err);
}

souk_status souk_event_command(int argc, char **argv, struct souk_error *err)
{
    struct event_options o = {0};
    struct souk_options *parsed = NULL;
    bool done = false;
    const struct souk_option table[] = {
        SOUK_PROXY_ROW(o),
        SOUK_TLS_ROWS(o.tls),
        SOUK_TOKEN_FILE_ROW(o),
        {"user", 'u', SOUK_OPTION_TEXT, &o.event.user, NULL, 0, 0, NULL, "ID", "visitor", false},
        {"item", 'i', SOUK_OPTION_TEXT, &o.event.item, NULL, 0, 0, NULL, "ID", "item", false},
        {"type", 0, SOUK_OPTION_TEXT, &o.event.type, NULL, 0, 0, NULL, "NAME",
         "what the visitor did: view, addtocart, transaction, ...", false},
        {"time", 0, SOUK_OPTION_TEXT, &o.time, NULL, 0, 0, NULL, "TIME",
         "when (2011-11-09T08:26, or milliseconds since 1970): now", false},
        {"value", 0, SOUK_OPTION_REAL, &o.value, "0", -1e30, 1e30, NULL, "X", "revenue", false},
        {"event-id", 0, SOUK_OPTION_TEXT, &o.event.event_id, NULL, 0, 0, NULL, "ID",
         "makes the event unique: sent again, it counts once", false},
        {"request-id", 0, SOUK_OPTION_TEXT, &o.event.request_id, NULL, 0, 0, NULL, "ID",
         "the recommendation that led to it", false},
        {"file", 'f', SOUK_OPTION_TEXT, &o.file, NULL, 0, 0, NULL, "FILE.csv",
         "send a file instead: columns user, item, type, and ms, value, event_id, request_id",
         false},
        {"in-flight", 0, SOUK_OPTION_INT, &o.in_flight, "64", 1, 4096, NULL, "N",
         "requests under way at once, with --file", false},
        {"batch", 0, SOUK_OPTION_INT, &o.batch, "1", 1, 1000, NULL, "N",
         "events in a request, with --file", false},
        {"patience", 0, SOUK_OPTION_DURATION, &o.patience_ms, "30s", 0, 1e9, NULL, "DURATION",
         "send again what was not acknowledged, until nothing is for so long", false},
        {"json", 0, SOUK_OPTION_FLAG, &o.json, NULL, 0, 0, NULL, NULL, "print JSON", false},
        {"quiet", 'q', SOUK_OPTION_FLAG, &o.quiet, NULL, 0, 0, NULL, NULL, "no progress", false},
        SOUK_TIMEOUT_ROW(o),
        SOUK_END_ROW,
    };
    const struct souk_program program = {
        .name = argv[0],
        .summary = "tell a fleet what visitors did; events are durable when this says so",
        .examples = "  souk event --user 17850 --item 85123A --type view\n"
                    "  souk event --user 17850 --item 85123A --type transaction --value 15.3\n"
                    "  souk event --file events.csv --in-flight 256\n",
        .options = table,
    };
    souk_status status = souk_options_parse(&program, argc, argv, true, &done, &parsed, err);
    souk_shutdown_prepare();
    if (!status && !done)
        status = o.file ? send_file(&o, err) : send_one(&o, err);
    souk_options_free(parsed);
    return status;
}
