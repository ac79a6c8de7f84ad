/* The token that a client shows. */
#include "serve/client/souk_client.h"
#include "serve/net/tokenfile.h"

#include <string.h>

souk_status souk_client_load_token(struct souk_client *client, const char *path,
                                   struct souk_error *err)
{
    char text[SOUK_TOKEN_BYTES_MAX + 1];
    souk_status status = souk_token_file_read(path, text, err);
    if (!status)
        status = souk_client_set_token(client, *text ? text : NULL, err);
    explicit_bzero(text, sizeof text);
    return status;
}
