#include "tests/support/reference_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *read_all(FILE *from, size_t *len)
{
    char *text = NULL, chunk[65536];
    size_t got;
    FILE *to = open_memstream(&text, len);
    while (to && (got = fread(chunk, 1, sizeof chunk, from)) > 0)
        fwrite(chunk, 1, got, to);
    if (!to || fclose(to) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

char *souk_reference_text(const char *name, size_t *len)
{
    const char *folder = getenv("SOUK_REFERENCE_DATA");
    const char *suffix = strrchr(name, '.');
    char path[4096], command[sizeof path + 32];
    if (!folder || snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path ||
        access(path, R_OK) != 0)
        return NULL;
    const char *program = suffix && strcmp(suffix, ".zst") == 0 ? "zstd -dcq" : "cat";
    snprintf(command, sizeof command, "%s '%s'", program, path);
    FILE *from = popen(command, "r");
    char *text = from ? read_all(from, len) : NULL;
    if (from && pclose(from) != 0) {
        free(text);
        text = NULL;
    }
    return text;
}
