/** @file
 *  Visitors that are not exchangeable: blended apart (stagerules.h), and calibrated apart
 *  (confidence.h).
 */
#ifndef SOUK_SCORE_SEGMENT_H
#define SOUK_SCORE_SEGMENT_H

/** X(NAME, "name") */
#define SOUK_SEGMENT_LIST(X)                                                                       \
    X(WARM, "warm") /**< has a history to speak of */                                              \
    X(COLD, "cold") /**< a few items, or none */

enum souk_segment {
#define X(name, text) SOUK_SEGMENT_##name,
    SOUK_SEGMENT_LIST(X)
#undef X
        SOUK_SEGMENTS
};

/** "warm" or "cold". */
static inline const char *souk_segment_name(enum souk_segment segment)
{
    static const char *const names[SOUK_SEGMENTS] = {
#define X(name, text) [SOUK_SEGMENT_##name] = text,
        SOUK_SEGMENT_LIST(X)
#undef X
    };
    return names[segment];
}

#endif
