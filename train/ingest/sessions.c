#include "train/ingest/sessions.h"

void souk_sessions_number(const struct souk_placed_event *events, int64_t count, int64_t gap_ms,
                          int32_t *session)
{
    int32_t ordinal = 0;
    for (int64_t i = 0; i < count; i++) {
        if (i > 0 && souk_session_begins(&events[i - 1], &events[i], gap_ms))
            ordinal++;
        session[i] = ordinal;
    }
}
