#include "serve/net/progresswatch.h"

void souk_progress_watch_init(struct souk_progress_watch *w, int64_t patience_us, int64_t now_us)
{
    *w = (struct souk_progress_watch){.patience_us = patience_us, .moved_us = now_us};
}

bool souk_progress_watch_look(struct souk_progress_watch *w, int64_t waiting, int64_t begun,
                              int64_t now_us)
{
    if (waiting == 0 || begun != w->begun)
        w->moved_us = now_us;
    w->begun = begun;
    return now_us - w->moved_us <= w->patience_us;
}
