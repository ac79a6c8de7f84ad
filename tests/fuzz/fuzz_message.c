/* Messages from a peer: the decoder, every getter, and a request's common fields. */
#include "shared/wire/reply.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void get_everything(const struct souk_message *m)
{
    static const char *const keys[] = {"v",    "op",    "id",    "user",      "n",     "vector",
                                       "hits", "score", "items", "moment_ms", "events"};
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        const char *text = NULL;
        const void *bytes = NULL;
        size_t len = 0;
        int64_t number = 0;
        bool flag = false;
        double real = 0;
        if (souk_message_text(m, keys[k], 64, &text, &len) && text && len > 64)
            abort();
        if (souk_message_int(m, keys[k], -5, 5, &number) && (number < -5 || number > 5))
            abort();
        if (souk_message_array(m, keys[k], 8, &bytes, &number) && bytes && number < 0)
            abort();
        const msgpack_object *list = NULL;
        size_t count = 0;
        if (souk_message_texts(m, keys[k], 3, 64, &list, &count) && count > 3)
            abort();
        for (size_t i = 0; i < count; i++)
            if (list[i].type != MSGPACK_OBJECT_STR || list[i].via.str.size > 64)
                abort();
        souk_message_bool(m, keys[k], &flag);
        souk_message_map_number(&m->unpacked.data, keys[k], &real);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct souk_message m;
    struct souk_request request;
    struct souk_writer reply;
    char reason[64];
    uint8_t *exact =
        malloc(size ? size : 1); /* of the very size, so that one byte beyond is seen */
    if (!exact)
        return 0;
    if (size > 0)
        memcpy(exact, data, size);
    if (souk_message_parse(&m, exact, size, reason, sizeof reason) == SOUK_WIRE_OK)
        get_everything(&m);
    souk_message_fini(&m);
    souk_writer_init(&reply);
    if (!souk_request_parse(&request, exact, size, &reply) && reply.buffer.size == 0)
        abort(); /* a refusal without a reply */
    souk_request_fini(&request);
    souk_writer_fini(&reply);
    free(exact);
    return 0;
}
