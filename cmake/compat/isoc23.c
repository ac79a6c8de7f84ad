/* Names that archives built against glibc 2.38 or newer ask for, on an older glibc. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

long __isoc23_strtol(const char *text, char **end, int base);
unsigned long __isoc23_strtoul(const char *text, char **end, int base);
unsigned long long __isoc23_strtoull(const char *text, char **end, int base);
size_t strlcpy(char *to, const char *from, size_t size);
size_t strlcat(char *to, const char *from, size_t size);

long __isoc23_strtol(const char *text, char **end, int base)
{
    return strtol(text, end, base);
}

unsigned long __isoc23_strtoul(const char *text, char **end, int base)
{
    return strtoul(text, end, base);
}

unsigned long long __isoc23_strtoull(const char *text, char **end, int base)
{
    return strtoull(text, end, base);
}

size_t strlcpy(char *to, const char *from, size_t size)
{
    const size_t len = strlen(from);
    if (size > 0) {
        const size_t fits = len < size ? len : size - 1;
        memcpy(to, from, fits);
        to[fits] = '\0';
    }
    return len;
}

size_t strlcat(char *to, const char *from, size_t size)
{
    const size_t used = strnlen(to, size);
    return used + strlcpy(to + used, from, size - used);
}
