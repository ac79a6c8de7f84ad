#include "serve/net/refusals.h"

#include <nng/nng.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { LINE_EVERY_US = 60 * 1000000, TEXT_BYTES = 160 };

/* nng's logger takes no context: this is of the process. */
static struct {
    atomic_uint_fast64_t count[SOUK_REFUSALS];
    pthread_mutex_t lock; /* of all below */
    uint64_t logged[SOUK_REFUSALS];
    int64_t logged_us[SOUK_REFUSALS];         /* 0: never */
    char said[SOUK_REFUSALS + 1][TEXT_BYTES]; /* by reason; the last one: of the latest */
} of_process = {.lock = PTHREAD_MUTEX_INITIALIZER};

const char *souk_refusal_name(enum souk_refusal reason)
{
    static const char *const names[] = {
#define X(name, text) text,
        SOUK_REFUSAL_LIST(X)
#undef X
    };
    return names[reason];
}

void souk_refusals_count(enum souk_refusal reason)
{
    atomic_fetch_add_explicit(&of_process.count[reason], 1, memory_order_relaxed);
}

uint64_t souk_refusals_counted(enum souk_refusal reason)
{
    return atomic_load_explicit(&of_process.count[reason], memory_order_relaxed);
}

bool souk_refusals_due(enum souk_refusal reason, int64_t now_us, uint64_t *since)
{
    pthread_mutex_lock(&of_process.lock);
    int64_t *const last_us = &of_process.logged_us[reason];
    *since = souk_refusals_counted(reason) - of_process.logged[reason];
    const bool due = *since > 0 && (*last_us == 0 || now_us - *last_us >= LINE_EVERY_US);
    if (due) {
        of_process.logged[reason] += *since;
        *last_us = now_us;
    }
    pthread_mutex_unlock(&of_process.lock);
    return due;
}

/* ---- TLS ---- */

enum souk_refusal souk_refusals_tls_reason(const char *text)
{
    static const struct {
        const char *part;
        enum souk_refusal reason;
    } known[] = {
        {"No client certification received", SOUK_REFUSAL_NO_CERTIFICATE},
        {"X509 - Certificate verification failed", SOUK_REFUSAL_CERTIFICATE},
        {"invalid SSL record", SOUK_REFUSAL_NOT_TLS},
        /* What else had come when the handshake failed: it is counted already. */
        {"unexpected message was received", SOUK_REFUSALS},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strstr(text, known[i].part))
            return known[i].reason;
    return SOUK_REFUSAL_HANDSHAKE;
}

static void hear(nng_log_level level, nng_log_facility facility, const char *id, const char *text)
{
    (void)level;
    (void)facility;
    if (!id || strcmp(id, "NNG-TLS-HANDSHAKE") != 0)
        return;
    const enum souk_refusal reason = souk_refusals_tls_reason(text);
    if (reason == SOUK_REFUSALS)
        return;
    const char *colon = strstr(text, ": ");
    const char *said = colon ? colon + 2 : text;
    souk_refusals_count(reason);
    pthread_mutex_lock(&of_process.lock);
    snprintf(of_process.said[reason], TEXT_BYTES, "%s", said);
    snprintf(of_process.said[SOUK_REFUSALS], TEXT_BYTES, "%s", said);
    pthread_mutex_unlock(&of_process.lock);
}

void souk_refusals_watch_tls(void)
{
    nng_log_set_level(NNG_LOG_WARN);
    nng_log_set_logger(hear);
}

void souk_refusals_said(enum souk_refusal reason, char *text, size_t size)
{
    pthread_mutex_lock(&of_process.lock);
    if (of_process.said[reason][0])
        snprintf(text, size, "%s", of_process.said[reason]);
    pthread_mutex_unlock(&of_process.lock);
}
