#include "serve/proxy/requestid.h"

#include <string.h>

enum { ARM_AT = 14, MODEL_AT = 16 };

static const char digits[] = "0123456789abcdef";

static bool is_hex(const char *text, size_t len)
{
    return strspn(text, digits) >= len;
}

const char *souk_arm_name(enum souk_arm arm)
{
    static const char *const names[SOUK_ARMS] = {"stable", "canary"};
    return names[arm];
}

void souk_request_id_stamp(char *id, const char *model, enum souk_arm arm)
{
    const bool is_id =
        strlen(model) == SOUK_REQUEST_ID_MODEL && is_hex(model, SOUK_REQUEST_ID_MODEL);
    id[ARM_AT] = digits[arm >> 4 & 15];
    id[ARM_AT + 1] = digits[arm & 15];
    memcpy(id + MODEL_AT, is_id ? model : "0000000000000000", SOUK_REQUEST_ID_MODEL);
}

bool souk_request_id_read(const char *id, size_t len, char *model, enum souk_arm *arm)
{
    char text[SOUK_REQUEST_ID_LEN + 1] = "";
    if (len != SOUK_REQUEST_ID_LEN)
        return false;
    memcpy(text, id, len);
    if (!is_hex(text, len) || text[ARM_AT] != '0' || text[ARM_AT + 1] >= '0' + SOUK_ARMS)
        return false;
    *arm = (enum souk_arm)(text[ARM_AT + 1] - '0');
    memcpy(model, text + MODEL_AT, SOUK_REQUEST_ID_MODEL);
    model[SOUK_REQUEST_ID_MODEL] = '\0';
    return true;
}
