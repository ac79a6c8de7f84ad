/** @file
 *  UTF-8 as RFC 3629 has it: no overlong form, no surrogate, nothing beyond U+10FFFF.
 */
#ifndef SOUK_HTTP_UTF8_H
#define SOUK_HTTP_UTF8_H

#include <stddef.h>

/** Bytes of the character at text; 0: there is none. @param len > 0 */
static inline size_t souk_utf8_sequence(const char *text, size_t len)
{
    const unsigned char *const b = (const unsigned char *)text;
    const unsigned char lead = b[0];
    const size_t size = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (size < 2)
        return size;
    if (lead > 0xf4 || size > len)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((b[i] & 0xc0) != 0x80)
            return 0;
    if ((lead == 0xe0 && b[1] < 0xa0) || (lead == 0xed && b[1] > 0x9f) ||
        (lead == 0xf0 && b[1] < 0x90) || (lead == 0xf4 && b[1] > 0x8f))
        return 0;
    return size;
}

#endif
