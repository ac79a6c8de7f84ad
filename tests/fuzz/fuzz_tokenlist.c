/* A tokens file of any bytes is refused with its line, or its entries are written and read back. */
#include "serve/access/tokenlist.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The line of an entry says what the entry does. */
static void check(const struct souk_token_entry *e)
{
    char line[SOUK_TOKEN_LINE_MAX], again[SOUK_TOKEN_LINE_MAX];
    struct souk_token_list list;
    struct souk_error err;
    souk_token_entry_format(e, line);
    if (souk_token_list_parse("again", line, &list, &err) != SOUK_OK || list.count != 1)
        abort();
    souk_token_entry_format(&list.entries[0], again);
    if (strcmp(line, again) != 0)
        abort();
    souk_token_list_fini(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct souk_token_list list;
    struct souk_error err = {0};
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    const souk_status status = souk_token_list_parse("tokens", text, &list, &err);
    if (status && strncmp(err.msg, "tokens:", 7) != 0)
        abort();
    for (int i = 0; i < list.count; i++)
        check(&list.entries[i]);
    souk_token_list_fini(&list);
    free(text);
    return 0;
}
