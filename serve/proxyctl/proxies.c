#include "serve/proxyctl/proxyctl.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

static souk_status open_all(char *list, struct souk_proxies *p, struct souk_error *err)
{
    char *rest = NULL;
    souk_status status = SOUK_OK;
    for (char *url = strtok_r(list, ", ", &rest); url && !status;
         url = strtok_r(NULL, ", ", &rest)) {
        if (p->count == SOUK_PROXYCTL_PROXIES_MAX)
            return souk_fail(err, SOUK_EUSAGE, "--at names more than %d proxies",
                             SOUK_PROXYCTL_PROXIES_MAX);
        status = souk_admin_peer_open(&p->peers[p->count], url, err);
        p->count += !status;
    }
    if (!status && p->count == 0)
        status = souk_fail(err, SOUK_EUSAGE, "--at names no proxy");
    return status;
}

souk_status souk_proxies_open(const struct souk_proxyctl *o, struct souk_proxies *out,
                              struct souk_error *err)
{
    char *list = souk_strndup(o->at, strlen(o->at));
    souk_status status;
    *out = (struct souk_proxies){
        .peers = souk_zalloc_array(SOUK_PROXYCTL_PROXIES_MAX, sizeof *out->peers)};
    status = list && out->peers ? open_all(list, out, err)
                                : souk_fail(err, SOUK_ENOMEM, "no memory for the proxies");
    free(list);
    return status ? status : souk_token_file_read(o->token_file, out->token, err);
}

void souk_proxies_begin(const struct souk_proxies *p, struct souk_writer *w, const char *operation,
                        size_t fields)
{
    const bool has_token = p->token[0] != '\0';
    souk_writer_map(w, 2 + has_token + fields);
    souk_writer_put_int(w, "v", SOUK_WIRE_VERSION);
    souk_writer_put_string(w, "op", operation);
    if (has_token)
        souk_writer_put_string(w, "token", p->token);
}

void souk_proxies_close(struct souk_proxies *p)
{
    for (int i = 0; i < p->count; i++)
        souk_admin_peer_close(&p->peers[i]);
    free(p->peers);
    explicit_bzero(p->token, sizeof p->token);
    *p = (struct souk_proxies){0};
}

souk_status souk_proxies_tell(struct souk_proxies *p, const struct souk_writer *request,
                              int64_t timeout_ms, souk_proxy_told told, void *context,
                              struct souk_error *err)
{
    souk_status first = SOUK_OK;
    for (int i = 0; i < p->count; i++) {
        const struct souk_message *reply;
        struct souk_error own = {0};
        souk_status status = souk_admin_peer_ask(&p->peers[i], request, timeout_ms, &reply, &own);
        if (!status)
            status = told(context, p->peers[i].caller.url, reply, &own);
        if (status && first)
            souk_complain(&own);
        else if (status) {
            first = status;
            *err = own;
        }
    }
    return first;
}

souk_status souk_proxies_status(struct souk_proxies *p, int index, const char *operation,
                                int64_t timeout_ms, struct souk_fleet_status *out,
                                struct souk_error *err)
{
    struct souk_writer w;
    const struct souk_message *reply;
    souk_status status;
    *out = (struct souk_fleet_status){0};
    souk_writer_init(&w);
    souk_proxies_begin(p, &w, operation, 0);
    status = souk_admin_peer_ask(&p->peers[index], &w, timeout_ms, &reply, err);
    if (!status) {
        status = souk_fleet_status_read(reply, out, err);
        if (status)
            souk_error_prefix(err, status, "%s", p->peers[index].caller.url);
    }
    souk_writer_fini(&w);
    return status;
}
