#include "serve/net/netoptions.h"

#include "serve/net/descriptors.h"
#include "serve/net/listenaddress.h"

souk_status souk_listen_prepare(struct souk_listen_options *o, const char *url,
                                bool connections_set, struct souk_tls **tls, struct souk_error *err)
{
    souk_status status = souk_listen_address_check(url, o->insecure, err);
    *tls = NULL;
    if (!status)
        status = souk_descriptors_raise(&o->limits.connections, connections_set, err);
    if (!status)
        status = souk_tls_load(&o->tls, tls, err);
    if (!status && !*tls && souk_tls_is_wanted(url))
        status = souk_fail(err, SOUK_EUSAGE, "%s takes --tls-cert, --tls-key and --tls-ca", url);
    return status;
}
