#include "train/ingest/rejects.h"

#include "shared/base/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    bool bad;
    const char *text;
} reasons_known[SOUK_REJECTS] = {
#define X(name, bad, text) {bad, text},
    SOUK_REJECT_LIST(X)
#undef X
};

void souk_rejects_init(struct souk_rejects *r, const char *input, const char *const *files)
{
    *r = (struct souk_rejects){.input = input, .files = files};
}

const char *souk_reject_text(enum souk_reject reason)
{
    return reasons_known[reason].text;
}

bool souk_reject_is_bad(enum souk_reject reason)
{
    return reasons_known[reason].bad;
}

/* What of a field can be shown in one line of a message. */
static void keep_text(char to[SOUK_REJECT_TEXT_BYTES], const char *text, size_t len)
{
    size_t n = 0;
    for (; n < len && n < SOUK_REJECT_TEXT_BYTES - 1; n++)
        to[n] = (unsigned char)text[n] < ' ' || text[n] == 0x7f ? '?' : text[n];
    to[n] = '\0';
}

void souk_rejects_note(struct souk_rejects *r, unsigned reasons, int64_t line, const char *text,
                       size_t len)
{
    const int reason = __builtin_ctz(reasons);
    for (int i = 0; i < SOUK_REJECTS; i++)
        r->each[i] += reasons >> i & 1;
    r->first[reason]++;
    if (r->sample_count[reason] == SOUK_REJECT_SAMPLES)
        return;
    struct souk_reject_sample *s = &r->samples[reason][r->sample_count[reason]++];
    *s = (struct souk_reject_sample){.line = line, .file = r->file, .reason = reason};
    if (text)
        keep_text(s->text, text, len);
}

void souk_rejects_count(struct souk_rejects *r, enum souk_reject reason, int64_t rows)
{
    r->first[reason] += rows;
    r->each[reason] += rows;
}

void souk_rejects_next_file(struct souk_rejects *r, int64_t line_base)
{
    for (int i = 0; i < SOUK_REJECTS; i++)
        for (int k = 0; k < r->sample_count[i]; k++)
            if (r->samples[i][k].file == r->file)
                r->samples[i][k].line += line_base;
    r->file++;
}

static int compare_samples(const void *a, const void *b)
{
    const struct souk_reject_sample *x = a, *y = b;
    if (x->reason != y->reason)
        return x->reason < y->reason ? -1 : 1;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

/* The first rows of each reason out of those of all ranks. */
static souk_status gather_samples_all(const struct souk_comm *comm, struct souk_rejects *r,
                                      struct souk_error *err)
{
    struct souk_reject_sample mine[SOUK_REJECTS * SOUK_REJECT_SAMPLES], *all;
    void *gathered = NULL;
    int64_t count = 0, total = 0;
    souk_status status = SOUK_OK;

    for (int i = 0; i < SOUK_REJECTS; i++)
        for (int k = 0; k < r->sample_count[i]; k++)
            mine[count++] = r->samples[i][k];
    int64_t *counts = souk_zalloc_array((size_t)comm->size, sizeof *counts);
    if (!counts)
        status = souk_fail(err, SOUK_ENOMEM, "no memory to count rejected rows");
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_gather_all(comm, mine, count, sizeof *mine, &gathered, counts, err);
    if (status)
        goto out;
    all = gathered;
    for (int rank = 0; rank < comm->size; rank++)
        total += counts[rank];
    qsort(all, (size_t)total, sizeof *all, compare_samples);
    memset(r->sample_count, 0, sizeof r->sample_count);
    for (int64_t i = 0; i < total; i++) {
        int *n = &r->sample_count[all[i].reason];
        if (*n < SOUK_REJECT_SAMPLES)
            r->samples[all[i].reason][(*n)++] = all[i];
    }
out:
    free(gathered);
    free(counts);
    return status;
}

souk_status souk_rejects_sum_all(const struct souk_comm *comm, struct souk_rejects *r,
                                 struct souk_error *err)
{
    souk_status status = souk_sum_i64_all(comm, &r->rows, 1, err);
    if (!status)
        status = souk_sum_i64_all(comm, r->first, SOUK_REJECTS, err);
    if (!status)
        status = souk_sum_i64_all(comm, r->each, SOUK_REJECTS, err);
    if (!status)
        status = gather_samples_all(comm, r, err);
    return status;
}

int64_t souk_rejects_bad(const struct souk_rejects *r)
{
    int64_t bad = 0;
    for (int i = 0; i < SOUK_REJECTS; i++)
        bad += reasons_known[i].bad ? r->first[i] : 0;
    return bad;
}

static const struct souk_reject_sample *first_bad(const struct souk_rejects *r)
{
    const struct souk_reject_sample *found = NULL;
    for (int i = 0; i < SOUK_REJECTS; i++) {
        const struct souk_reject_sample *s = r->samples[i];
        if (!reasons_known[i].bad || !r->sample_count[i])
            continue;
        if (!found || s->file < found->file || (s->file == found->file && s->line < found->line))
            found = s;
    }
    return found;
}

void souk_rejects_print(const struct souk_rejects *r, FILE *to)
{
    for (int i = 0; i < SOUK_REJECTS; i++) {
        if (!r->first[i])
            continue;
        fprintf(to, "%s: %" PRId64 " rows %s: %s%s", r->input, r->first[i],
                reasons_known[i].bad ? "rejected" : "dropped", reasons_known[i].text,
                r->sample_count[i] ? "; first" : "");
        for (int k = 0; k < r->sample_count[i]; k++)
            fprintf(to, "%s %s:%" PRId64, k ? "," : "", r->files[r->samples[i][k].file],
                    r->samples[i][k].line);
        fputc('\n', to);
    }
}

souk_status souk_rejects_check(const struct souk_rejects *r, double max_bad, struct souk_error *err)
{
    const int64_t bad = souk_rejects_bad(r);
    const struct souk_reject_sample *s = first_bad(r);
    if (!s || (double)bad <= max_bad * (double)r->rows)
        return SOUK_OK;
    return souk_fail(err, SOUK_EFORMAT,
                     "%s:%" PRId64 ": %s '%s'; %" PRId64 " of %" PRId64
                     " rows are bad, more than --max-bad %g%%",
                     r->files[s->file], s->line, reasons_known[s->reason].text, s->text, bad,
                     r->rows, max_bad * 100);
}
