/* souk-proxyctl canary: a share of the users gets the version that is not in use. */
#include "serve/proxyctl/proxyctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static souk_status parse_share(const char *text, double *share, struct souk_error *err)
{
    char *end = NULL;
    *share = strcmp(text, "off") == 0 ? 0 : strtod(text, &end);
    if ((end && (end == text || *end != '\0')) || !(*share >= 0 && *share <= 1))
        return souk_fail(err, SOUK_EUSAGE,
                         "'%s' is not a share of the users: a number from 0 to 1, or off", text);
    return SOUK_OK;
}

static souk_status print_reply(void *context, const char *url, const struct souk_message *reply,
                               struct souk_error *err)
{
    const double share = *(const double *)context;
    const char *model = NULL, *canary = NULL;
    size_t model_len = 0, canary_len = 0;
    if (!souk_message_text(reply, "model", 64, &model, &model_len) ||
        !souk_message_text(reply, "canary", 64, &canary, &canary_len))
        return souk_fail(err, SOUK_EFORMAT, "%s: not a reply to canary", url);
    printf("%s %.*s", url, (int)model_len, model ? model : "");
    if (share > 0 && canary_len > 0)
        printf(", canary %.*s to %g of the users", (int)canary_len, canary, share);
    else if (share > 0)
        printf(", no canary yet: no other version is in every shard");
    putchar('\n');
    return SOUK_OK;
}

souk_status souk_proxyctl_canary(const struct souk_proxyctl *o, const char *text,
                                 struct souk_error *err)
{
    struct souk_proxies proxies = {0};
    struct souk_writer request;
    double share = 0;
    souk_status status = parse_share(text, &share, err);
    if (status)
        return status;
    souk_writer_init(&request);
    status = souk_proxies_open(o, &proxies, err);
    souk_proxies_begin(&proxies, &request, "canary", 1);
    souk_writer_put_real(&request, "share", share);
    if (!status)
        status = souk_proxies_tell(&proxies, &request, o->timeout_ms, print_reply, &share, err);
    souk_proxies_close(&proxies);
    souk_writer_fini(&request);
    return status;
}
