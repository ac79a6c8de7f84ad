#include "serve/http/jsontext.h"

#include "serve/http/shortnumber.h"
#include "shared/base/identifier.h"
#include "shared/base/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void souk_json_text_clear(struct souk_json_text *t)
{
    t->len = 0;
    t->wants_comma = t->failed = false;
}

void souk_json_text_fini(struct souk_json_text *t)
{
    free(t->at);
    *t = (struct souk_json_text){.at = NULL};
}

static void append(struct souk_json_text *t, const char *bytes, size_t len)
{
    if (t->failed || (t->cap - t->len < len &&
                      souk_grow(&t->at, &t->cap, t->len + len, SOUK_JSON_TEXT_MAX, 1) != SOUK_OK)) {
        t->failed = true;
        return;
    }
    memcpy(t->at + t->len, bytes, len);
    t->len += len;
}

/* Before a key, or a value of a list. */
static void separate(struct souk_json_text *t)
{
    if (t->wants_comma)
        append(t, ",", 1);
    t->wants_comma = true;
}

void souk_json_text_open(struct souk_json_text *t, char bracket)
{
    separate(t);
    append(t, &bracket, 1);
    t->wants_comma = false;
}

void souk_json_text_close(struct souk_json_text *t, char bracket)
{
    append(t, &bracket, 1);
    t->wants_comma = true;
}

static void append_escape(struct souk_json_text *t, unsigned char c)
{
    char text[8];
    const char *const shorts = "\bb\tt\nn\ff\rr\"\"\\\\";
    for (const char *s = shorts; *s; s += 2)
        if ((unsigned char)s[0] == c) {
            append(t, (const char[]){'\\', s[1]}, 2);
            return;
        }
    append(t, text, (size_t)snprintf(text, sizeof text, "\\u%04x", c));
}

static void append_quoted(struct souk_json_text *t, const char *text, size_t len)
{
    size_t begin = 0, size;
    append(t, "\"", 1);
    for (size_t i = 0; i < len; i += size) {
        const unsigned char c = (unsigned char)text[i];
        size = c < 0x80 ? 1 : souk_utf8_sequence(text + i, len - i);
        if (size > 1 || (size == 1 && c >= 0x20 && c != '"' && c != '\\'))
            continue;
        append(t, text + begin, i - begin);
        if (size == 1)
            append_escape(t, c);
        else
            append(t, "\xef\xbf\xbd", 3);
        size = 1;
        begin = i + 1;
    }
    append(t, text + begin, len - begin);
    append(t, "\"", 1);
}

void souk_json_text_key(struct souk_json_text *t, const char *key, size_t len)
{
    separate(t);
    append_quoted(t, key, len);
    append(t, ":", 1);
    t->wants_comma = false;
}

void souk_json_text_string(struct souk_json_text *t, const char *text, size_t len)
{
    separate(t);
    append_quoted(t, text, len);
}

static void append_word(struct souk_json_text *t, const char *word)
{
    separate(t);
    append(t, word, strlen(word));
}

void souk_json_text_int(struct souk_json_text *t, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    append_word(t, text);
}

void souk_json_text_bool(struct souk_json_text *t, bool value)
{
    append_word(t, value ? "true" : "false");
}

void souk_json_text_null(struct souk_json_text *t)
{
    append_word(t, "null");
}

void souk_json_text_float(struct souk_json_text *t, float value)
{
    char text[SOUK_SHORT_NUMBER_BYTES];
    if (isfinite(value))
        souk_short_float(value, text);
    append_word(t, isfinite(value) ? text : "null");
}

void souk_json_text_real(struct souk_json_text *t, double value)
{
    char text[SOUK_SHORT_NUMBER_BYTES];
    if (isfinite(value))
        souk_short_double(value, text);
    append_word(t, isfinite(value) ? text : "null");
}
