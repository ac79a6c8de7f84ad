#include "shared/base/identifier.h"

size_t souk_utf8_sequence(const char *text, size_t left)
{
    const unsigned char *const s = (const unsigned char *)text;
    const unsigned char c = s[0];
    size_t len = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : 4;
    if ((c >= 0x80 && c < 0xc2) || c > 0xf4 || len > left)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] > 0x9f) || (c == 0xf0 && s[1] < 0x90) ||
        (c == 0xf4 && s[1] > 0x8f))
        return 0;
    return len;
}

bool souk_text_is_utf8(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    for (size_t at = 0; at < len;) {
        const size_t step = s[at] == '\0' ? 0 : souk_utf8_sequence(text + at, len - at);
        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

bool souk_text_is_plain(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    for (size_t at = 0; at < len;) {
        const size_t step = souk_utf8_sequence(text + at, len - at);
        if (step == 0 || s[at] < ' ' || s[at] == 0x7f)
            return false;
        at += step;
    }
    return true;
}

bool souk_id_is_valid(const char *id, size_t len)
{
    return len >= 1 && len <= SOUK_ID_MAX_BYTES && souk_text_is_plain(id, len);
}
