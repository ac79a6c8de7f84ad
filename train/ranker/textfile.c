#include "train/ranker/textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *line_start(const struct souk_textfile *f, int64_t at)
{
    const char *p = f->text + at;
    return at == 0 || p[-1] == '\n' || p == f->end
               ? p
               : souk_textfile_line_end(f, p) + (souk_textfile_line_end(f, p) < f->end);
}

souk_status souk_textfile_open(struct souk_textfile *f, const struct souk_comm *comm,
                               const char *path, struct souk_error *err)
{
    struct stat st;
    souk_status status = SOUK_OK;
    *f = (struct souk_textfile){.path = path};
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return souk_fail_errno(err, "%s", path);
    if (fstat(fd, &st)) {
        status = souk_fail_errno(err, "%s", path);
        goto out;
    }
    if (!S_ISREG(st.st_mode)) {
        status = souk_fail(err, SOUK_EIO, "%s is not a regular file", path);
        goto out;
    }
    f->text = f->end = "";
    if (st.st_size > 0) {
        void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED) {
            status = souk_fail_errno(err, "%s", path);
            goto out;
        }
        f->text = map;
        f->end = f->text + st.st_size;
    }
    const int64_t size = st.st_size;
    f->slice = line_start(f, size / comm->size * comm->rank);
    f->slice_end =
        comm->rank + 1 == comm->size ? f->end : line_start(f, size / comm->size * (comm->rank + 1));
out:
    close(fd);
    return status;
}

void souk_textfile_close(struct souk_textfile *f)
{
    if (f->text && f->end > f->text)
        munmap((void *)(uintptr_t)f->text, (size_t)(f->end - f->text));
    *f = (struct souk_textfile){0};
}

const char *souk_textfile_line_end(const struct souk_textfile *f, const char *at)
{
    const char *newline = memchr(at, '\n', (size_t)(f->end - at));
    return newline ? newline : f->end;
}

int64_t souk_textfile_line(const struct souk_textfile *f, const char *at)
{
    int64_t line = 1;
    for (const char *p = f->text; p < at; p++)
        line += *p == '\n';
    return line;
}

/* What is not short and plain: the C library knows it, once it has a copy that ends. */
static double slow_number(const char *at, const char *end, const char **next)
{
    char copy[128], *stop;
    size_t len = 0;
    while (len < sizeof copy - 1 && at + len < end &&
           strchr("+-.0123456789eEnNaAiIfFtTyY", at[len]))
        len++;
    memcpy(copy, at, len);
    copy[len] = 0;
    const double value = strtod(copy, &stop);
    *next = stop > copy && (len < sizeof copy - 1 || *stop) ? at + (stop - copy) : NULL;
    return value;
}

/* Digits that fit 2^53 and a power of ten up to 22 are both exact doubles, so that one operation
 * rounds once (Clinger 1990). */
double souk_text_number(const char *at, const char *end, const char **next)
{
    static const double ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *p = at;
    const bool negative = p < end && *p == '-';
    uint64_t digits = 0;
    int count = 0, decimals = 0;
    p += p < end && (*p == '-' || *p == '+');
    for (; p < end && (unsigned)(*p - '0') < 10; p++, count++)
        digits = digits * 10 + (uint64_t)(*p - '0');
    if (p < end && *p == '.')
        for (p++; p < end && (unsigned)(*p - '0') < 10; p++, count++, decimals++)
            digits = digits * 10 + (uint64_t)(*p - '0');
    const bool more = p < end && ((*p | 32) == 'e' || (*p | 32) == 'n' || (*p | 32) == 'i');
    if (count == 0 || count > 15 || more)
        return slow_number(at, end, next);
    *next = p;
    const double value = (double)digits / ten[decimals];
    return negative ? -value : value;
}
