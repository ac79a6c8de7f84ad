#include "shared/score/textblock.h"

#include "shared/base/memory.h"
#include "shared/score/foresttext.h"
#include "shared/score/treefields.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

souk_status souk_text_fail(const struct souk_textblock *b, int64_t line, souk_status status,
                           const char *fmt, ...)
{
    char reason[sizeof b->err->msg];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(reason, sizeof reason, fmt, ap);
    va_end(ap);
    return souk_fail(b->err, status, "%s:%lld: %s", b->name, (long long)line, reason);
}

bool souk_text_next(struct souk_textblock *b, struct souk_span *line)
{
    if (b->at == b->end)
        return false;
    const char *stop = memchr(b->at, '\n', (size_t)(b->end - b->at));
    const char *next = stop ? stop + 1 : b->end;
    if (!stop)
        stop = b->end;
    while (stop > b->at && stop[-1] == '\r')
        stop--;
    *line = (struct souk_span){b->at, (size_t)(stop - b->at)};
    b->at = next;
    b->line++;
    return true;
}

void souk_text_unread(struct souk_textblock *b, const struct souk_span *line)
{
    b->at = line->at;
    b->line--;
}

bool souk_span_is(const struct souk_span *line, const char *text)
{
    return line->len == strlen(text) && memcmp(line->at, text, line->len) == 0;
}

bool souk_span_starts(const struct souk_span *line, const char *text)
{
    const size_t len = strlen(text);
    return line->len >= len && memcmp(line->at, text, len) == 0;
}

souk_status souk_text_keep(const struct souk_textblock *b, struct souk_text_kept *kept,
                           const struct souk_span *line)
{
    const souk_status status =
        souk_grow(&kept->text, &kept->cap, kept->len + line->len + 2, SOUK_FORESTTEXT_MAX, 1);
    if (status != SOUK_OK)
        return souk_text_fail(b, b->line, status, "no memory for this line");
    memcpy(kept->text + kept->len, line->at, line->len);
    kept->len += line->len;
    kept->text[kept->len++] = '\n';
    kept->text[kept->len] = '\0';
    return SOUK_OK;
}

souk_status souk_text_take(const struct souk_textblock *b, const struct souk_span *line,
                           struct souk_text_entry *entries, size_t count,
                           struct souk_text_kept *kept)
{
    const char *equals = memchr(line->at, '=', line->len);
    const size_t key_len = equals ? (size_t)(equals - line->at) : line->len;
    for (size_t i = 0; i < count; i++) {
        struct souk_text_entry *e = &entries[i];
        if (!equals || strlen(e->key) != key_len || memcmp(e->key, line->at, key_len) != 0)
            continue;
        if (e->line > 0)
            return souk_text_fail(b, b->line, SOUK_EFORMAT, "%s was given in line %lld already",
                                  e->key, (long long)e->line);
        e->line = b->line;
        e->value = (struct souk_span){equals + 1, line->len - key_len - 1};
        return SOUK_OK;
    }
    return souk_text_keep(b, kept, line);
}

souk_status souk_text_integer(const struct souk_textblock *b, const struct souk_text_entry *e,
                              int64_t low, int64_t high, int64_t *out)
{
    if (e->line == 0)
        return souk_text_fail(b, b->line, SOUK_EFORMAT, "the block ends without %s", e->key);
    if (souk_treefield_integer(e->value.at, e->value.len, low, high, out))
        return SOUK_OK;
    return souk_text_fail(b, e->line, SOUK_EFORMAT, "%s '%.*s' is not an integer of %lld to %lld",
                          e->key, e->value.len > 32 ? 32 : (int)e->value.len, e->value.at,
                          (long long)low, (long long)high);
}
