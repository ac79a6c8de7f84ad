#include "train/content/itemtoken.h"

#include "shared/base/hash.h"
#include "shared/base/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_WORD, KIND_VALUE, KIND_NUMBER, KIND_BIN, KIND_CATEGORY };

static souk_status add(struct souk_token_list *list, enum kind kind, const char *field,
                       const void *text, size_t len)
{
    const uint64_t key[3] = {(uint64_t)kind, souk_hash_bytes(field, strlen(field)),
                             souk_hash_bytes(text, len)};
    const souk_status status =
        souk_grow(&list->token, &list->cap, list->count + 1, SIZE_MAX / 16, sizeof *list->token);
    if (status == SOUK_OK)
        list->token[list->count++] = souk_hash_bytes(key, sizeof key);
    return status;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (unsigned char)c >= 0x80;
}

static souk_status add_lower(struct souk_token_list *list, enum kind kind, const char *field,
                             const char *text, size_t len)
{
    char lower[SOUK_TOKEN_MAX_BYTES];
    len = len < sizeof lower ? len : sizeof lower;
    for (size_t i = 0; i < len; i++)
        lower[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
    return add(list, kind, field, lower, len);
}

souk_status souk_token_add_text(struct souk_token_list *list, const char *field, const char *text,
                                size_t len)
{
    souk_status status = len > 0 ? add_lower(list, KIND_VALUE, field, text, len) : SOUK_OK;
    for (size_t at = 0, end; at < len && !status; at = end) {
        for (end = at; end < len && is_letter(text[end]);)
            end++;
        if (end > at)
            status = add_lower(list, KIND_WORD, field, text + at, end - at);
        else
            end++;
    }
    return status;
}

souk_status souk_token_add_number(struct souk_token_list *list, const char *field, double value)
{
    if (!isfinite(value))
        return SOUK_OK;
    const int64_t bin = value != 0 ? llrint(floor(2 * log2(fabs(value)))) : INT64_MIN;
    const int64_t signed_bin[2] = {bin, value < 0};
    const double number = value + 0.; /* one zero */
    const souk_status status = add(list, KIND_NUMBER, field, &number, sizeof number);
    return status ? status : add(list, KIND_BIN, field, signed_bin, sizeof signed_bin);
}

/* `n123.000`: RetailRocket's numbers. */
static bool read_number(const char *text, size_t len, double *value)
{
    char copy[64], *end = NULL;
    if (len < 2 || len >= sizeof copy || text[0] != 'n')
        return false;
    memcpy(copy, text + 1, len - 1);
    copy[len - 1] = '\0';
    *value = strtod(copy, &end);
    return *end == '\0' && isfinite(*value);
}

souk_status souk_token_add_property(struct souk_token_list *list, const char *property,
                                    const char *value, size_t len)
{
    souk_status status = SOUK_OK;
    for (size_t at = 0, end; at < len && !status; at = end + 1) {
        double number;
        for (end = at; end < len && value[end] != ' ';)
            end++;
        if (read_number(value + at, end - at, &number))
            status = souk_token_add_number(list, property, number);
        else if (end > at)
            status = add_lower(list, KIND_WORD, property, value + at, end - at);
    }
    return status;
}

souk_status souk_token_add_category(struct souk_token_list *list, const char *id)
{
    return add(list, KIND_CATEGORY, "", id, strlen(id));
}
