#include "shared/base/log.h"

#include "shared/base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static struct {
    const char *program;
    int rank;
    enum souk_log_level lowest;
} settings = {"souk", 0, SOUK_LOG_INFO};

static const char *const level_names[] = {"DEBUG", "INFO", "WARN", "ERROR"};

void souk_log_setup(const char *program, int rank, enum souk_log_level lowest)
{
    settings.program = program;
    settings.rank = rank;
    settings.lowest = lowest;
}

bool souk_log_shows(enum souk_log_level level)
{
    return level >= settings.lowest && (settings.rank == 0 || level >= SOUK_LOG_WARN);
}

/* The line ends up in other people's log readers: what a peer sent must not start a line there. */
static void defuse(char *line, int len)
{
    for (int i = 0; i < len; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
}

static int clamp_length(int len, int size)
{
    return len < 0 ? 0 : len < size ? len : size - 1;
}

static void write_line(char *line, int len, int size)
{
    defuse(line, len);
    if (len > size - 2)
        len = size - 2;
    line[len++] = '\n';
    if (write(STDERR_FILENO, line, (size_t)len) < 0)
        return; /* stderr is gone: there is nowhere left to say so */
}

void souk_log(enum souk_log_level level, const char *event, const char *fmt, ...)
{
    char line[1024], stamp[25];
    const int size = (int)sizeof line;
    va_list ap;

    if (!souk_log_shows(level))
        return;
    souk_time_format(souk_wall_ms(), stamp);
    int len = snprintf(line, sizeof line, "%s %s %s program=%s", stamp, level_names[level], event,
                       settings.program);
    len = clamp_length(len, size);
    if (settings.rank > 0)
        len = clamp_length(
            len + snprintf(line + len, (size_t)(size - len), " rank=%d", settings.rank), size);
    const int before = len;
    line[len++] = ' ';
    va_start(ap, fmt);
    len = clamp_length(len + vsnprintf(line + len, (size_t)(size - len), fmt, ap), size);
    va_end(ap);
    if (len == before + 1)
        len = before; /* no pairs, no blank */
    write_line(line, len, size);
}

void souk_complain(const struct souk_error *err)
{
    char line[512];
    int len = snprintf(line, sizeof line, "%s: %s", settings.program,
                       err->msg[0] ? err->msg : souk_status_text(err->status));
    write_line(line, clamp_length(len, (int)sizeof line), (int)sizeof line);
}
