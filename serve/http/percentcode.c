#include "serve/http/percentcode.h"

#include "shared/base/identifier.h"

#include <string.h>

static int hex_of(unsigned char c)
{
    const unsigned char lower = (unsigned char)(c | 0x20);
    if (c >= '0' && c <= '9')
        return c - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static const char *check_text(const char *text, size_t len)
{
    for (size_t i = 0, size; i < len; i += size) {
        const unsigned char c = (unsigned char)text[i];
        size = souk_utf8_sequence(text + i, len - i);
        if (size == 0)
            return "is not UTF-8";
        if (c < 0x20 || c == 0x7f)
            return "has a control character in it";
    }
    return NULL;
}

const char *souk_percent_decode(char *text, size_t *len, bool is_query)
{
    size_t to = 0;
    for (size_t from = 0; from < *len; from++, to++) {
        text[to] = is_query && text[from] == '+' ? ' ' : text[from];
        if (text[from] != '%')
            continue;
        const int high = from + 2 < *len ? hex_of((unsigned char)text[from + 1]) : -1;
        const int low = high >= 0 ? hex_of((unsigned char)text[from + 2]) : -1;
        if (low < 0)
            return "has a '%' without two hex digits behind it";
        text[to] = (char)(high << 4 | low);
        from += 2;
    }
    *len = to;
    return check_text(text, to);
}

bool souk_query_next(char **rest, const char **name, size_t *name_len, const char **value,
                     size_t *value_len, const char **wrong)
{
    char *const at = *rest + strspn(*rest, "&");
    const size_t len = strcspn(at, "&");
    char *const equals = memchr(at, '=', len);
    char *const second = equals ? equals + 1 : at + len;
    *wrong = NULL;
    if (len == 0)
        return false;
    *rest = at + len + (at[len] == '&');
    *name = at;
    *name_len = equals ? (size_t)(equals - at) : len;
    *value = second;
    *value_len = (size_t)(at + len - second);
    *wrong = souk_percent_decode(at, name_len, true);
    if (!*wrong)
        *wrong = souk_percent_decode(second, value_len, true);
    return true;
}
