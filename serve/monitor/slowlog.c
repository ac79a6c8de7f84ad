#include "serve/monitor/slowlog.h"

enum { SECOND_US = 1000000 };

void souk_slow_log_init(struct souk_slow_log *l, int64_t threshold_ms)
{
    *l = (struct souk_slow_log){.threshold_us = threshold_ms * 1000,
                                .lock = PTHREAD_MUTEX_INITIALIZER};
}

bool souk_slow_log_takes(struct souk_slow_log *l, int64_t took_us, int64_t now_us, int64_t *skipped)
{
    const int64_t second = now_us / SECOND_US;
    if (l->threshold_us <= 0 || took_us < l->threshold_us)
        return false;
    pthread_mutex_lock(&l->lock);
    if (second != l->second) {
        l->second = second;
        l->lines = 0;
    }
    const bool takes = l->lines < SOUK_SLOW_LOG_LINES;
    *skipped = l->skipped;
    l->lines += takes;
    l->skipped = takes ? 0 : l->skipped + 1;
    pthread_mutex_unlock(&l->lock);
    return takes;
}

void souk_slow_log_copy_id(char *to, size_t size, const char *id, size_t len)
{
    size_t i = 0;
    for (; i < len && i + 1 < size; i++)
        to[i] = (unsigned char)id[i] < ' ' || id[i] == '"' || id[i] == '\\' ? '?' : id[i];
    to[i] = '\0';
}
