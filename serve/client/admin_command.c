#include "serve/client/admin_command.h"

#include "serve/net/adminpeer.h"
#include "serve/client/clientoptions.h"
#include "shared/base/memory.h"
#include "shared/wire/message.h"
#include "shared/wire/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum what { RELOAD, DRAIN, UNDRAIN, STATUS };

struct admin_options {
    const char *at, *model;
    int what;
    int64_t timeout_ms;
    bool replace;
};

static void write_request(struct souk_writer *w, const struct admin_options *o)
{
    const bool reload = o->what == RELOAD;
    const bool drain = o->what == DRAIN || o->what == UNDRAIN;
    souk_writer_map(w, 2 + (reload ? 1 + (o->model != NULL) : drain));
    souk_writer_put_int(w, "v", SOUK_WIRE_VERSION);
    souk_writer_put_string(w, "op", reload ? "reload" : drain ? "drain" : "health");
    if (reload) {
        souk_writer_put_bool(w, "replace", o->replace);
        if (o->model)
            souk_writer_put_string(w, "path", o->model);
    } else if (drain) {
        souk_writer_put_bool(w, "on", o->what == DRAIN);
    }
}

static void text_of(const struct souk_message *m, const char *key, const char *fallback,
                    const char **text, int *len)
{
    size_t size = strlen(fallback);
    *text = fallback;
    if (!souk_message_text(m, key, 1024, text, &size)) {
        *text = fallback;
        size = strlen(fallback);
    }
    *len = (int)size;
}

static void print_versions(const struct souk_message *m)
{
    const msgpack_object *list = souk_message_get(m, "versions");
    for (uint32_t i = 0; list && list->type == MSGPACK_OBJECT_ARRAY && i < list->via.array.size;
         i++) {
        const msgpack_object *id = souk_message_map_get(&list->via.array.ptr[i], "model");
        if (id && id->type == MSGPACK_OBJECT_STR)
            printf(" %.*s", (int)id->via.str.size, id->via.str.ptr);
    }
}

/* One line: the address, then what the replica says. */
static void print_reply(const struct admin_options *o, const char *url,
                        const struct souk_message *m)
{
    const char *text;
    int len;
    text_of(m, o->what == RELOAD ? "model" : "state", "?", &text, &len);
    printf("%s %.*s", url, len, text);
    if (o->what == RELOAD) {
        bool was_held = false;
        printf("%s", souk_message_bool(m, "was_held", &was_held) && was_held ? " held" : " loaded");
    } else {
        print_versions(m);
    }
    putchar('\n');
}

static souk_status ask(const struct admin_options *o, const char *url,
                       const struct souk_writer *request, struct souk_error *err)
{
    struct souk_admin_peer peer;
    const struct souk_message *reply;
    souk_status status = souk_admin_peer_open(&peer, url, err);
    if (status)
        return status;
    status = souk_admin_peer_ask(&peer, request, o->timeout_ms, &reply, err);
    if (!status)
        print_reply(o, url, reply);
    souk_admin_peer_close(&peer);
    return status;
}

/* One replica after another, so that the others serve; the first that fails ends it. */
static souk_status ask_all(const struct admin_options *o, struct souk_error *err)
{
    struct souk_writer request;
    char *list = souk_strndup(o->at, strlen(o->at)), *rest = NULL;
    souk_status status = list ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory");
    souk_writer_init(&request);
    write_request(&request, o);
    for (char *url = list ? strtok_r(list, ", ", &rest) : NULL; url && !status;
         url = strtok_r(NULL, ", ", &rest))
        status = ask(o, url, &request, err);
    souk_writer_fini(&request);
    free(list);
    return status;
}

souk_status souk_admin_command(int argc, char **argv, struct souk_error *err)
{
    struct admin_options o = {0};
    struct souk_options *parsed = NULL;
    bool done = false;
    const struct souk_option table[] = {
        {"at", 'a', SOUK_OPTION_TEXT, &o.at, NULL, 0, 0, NULL, "URL,...",
         "admin listeners of replicas, asked one after another", true},
        {"do", 'd', SOUK_OPTION_CHOICE, &o.what, "status", 0, 0, "reload|drain|undrain|status",
         NULL, "reload: make a model the newest; drain: proxies ask others; undrain: take it back",
         false},
        {"model", 'm', SOUK_OPTION_TEXT, &o.model, NULL, 0, 0, NULL, "DIR",
         "for reload, as the replica sees it; default: the replica's own --model", false},
        {"replace", 0, SOUK_OPTION_FLAG, &o.replace, NULL, 0, 0, NULL, NULL,
         "for reload: where two models do not fit, stop answering, drop the old one first", false},
        {"timeout", 't', SOUK_OPTION_DURATION, &o.timeout_ms, "10m", 1, 1e9, NULL, "DURATION",
         "give up on a replica after this", false},
        SOUK_END_ROW,
    };
    const struct souk_program program = {
        .name = argv[0],
        .summary = "change the model of replicas, or take them out",
        .examples = "  souk admin --at ipc:///run/souk/a0,ipc:///run/souk/a1 --do reload\n"
                    "  souk admin --at ipc:///run/souk/a0 --do reload --model registry/v000007\n"
                    "  souk admin --at ipc:///run/souk/a0 --do drain\n",
        .options = table,
    };
    souk_status status = souk_options_parse(&program, argc, argv, true, &done, &parsed, err);
    if (!status && !done)
        status = ask_all(&o, err);
    souk_options_free(parsed);
    return status;
}
