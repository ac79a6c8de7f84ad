#include "serve/monitor/processmetrics.h"

#include "shared/base/clock.h"
#include "souk_version.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void write_gauge(struct souk_exposition *e, const char *name, const char *help, double value)
{
    souk_exposition_family(e, name, SOUK_METRIC_GAUGE, help);
    souk_exposition_real(e, "", NULL, value);
}

/* Pages, of the whole address space and of what is in memory. */
static bool read_pages(int64_t *all, int64_t *resident)
{
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file)
        return false;
    const bool good = fscanf(file, "%" SCNd64 " %" SCNd64, all, resident) == 2;
    fclose(file);
    return good;
}

static void write_memory(struct souk_exposition *e)
{
    const double page_bytes = (double)sysconf(_SC_PAGESIZE);
    int64_t all = 0, resident = 0;
    if (!read_pages(&all, &resident))
        return;
    write_gauge(e, "process_virtual_memory_bytes", "Address space in use.",
                (double)all * page_bytes);
    write_gauge(e, "process_resident_memory_bytes", "Memory in use.",
                (double)resident * page_bytes);
}

static void write_descriptors(struct souk_exposition *e)
{
    DIR *folder = opendir("/proc/self/fd");
    struct rlimit limit;
    int64_t count = -3; /* ".", ".." and the folder's own */
    if (folder) {
        while (readdir(folder))
            count++;
        closedir(folder);
        write_gauge(e, "process_open_fds", "File descriptors that are open.", (double)count);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        write_gauge(e, "process_max_fds", "File descriptors that may be open.",
                    (double)limit.rlim_cur);
}

static double seconds_of(const struct timeval *t)
{
    return (double)t->tv_sec + (double)t->tv_usec * 1e-6;
}

static void write_processor(struct souk_exposition *e)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return;
    souk_exposition_family(e, "process_cpu_seconds_total", SOUK_METRIC_COUNTER,
                           "Processor time used, of the user and of the system.");
    souk_exposition_real(e, "", NULL, seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime));
}

static void collect(void *context, struct souk_exposition *e)
{
    const struct souk_process_metrics *p = context;
    const struct souk_label build[] = {
        {"program", p->program}, {"version", SOUK_VERSION}, {"commit", SOUK_GIT_HASH}, {0}};
    souk_exposition_family(e, "souk_build_info", SOUK_METRIC_GAUGE, "The build; always 1.");
    souk_exposition_integer(e, "", build, 1, 0);
    write_processor(e);
    write_memory(e);
    write_descriptors(e);
    write_gauge(e, "process_start_time_seconds", "When the process began, since 1970.", p->start_s);
}

void souk_process_metrics_init(struct souk_process_metrics *p, struct souk_metrics *m,
                               const char *program)
{
    *p = (struct souk_process_metrics){.program = program, .start_s = (double)souk_wall_ms() / 1e3};
    souk_metrics_collect(m, collect, p);
}
