#include "serve/proxy/onestage.h"

#include "serve/proxy/narrowing.h"

static void write_scan(struct souk_job *j)
{
    struct souk_writer *w = &j->space->question;
    const bool by_neighbours = j->weight_bytes > 0;
    souk_job_start_question(j, "scan",
                            3 + (j->vector_bytes > 0) + (by_neighbours ? 2 : 0) +
                                souk_job_narrowing_fields(j, true));
    souk_writer_put_int(w, "n", j->n);
    souk_writer_put_bool(w, "cosine", j->similar);
    souk_writer_put_binary(w, "exclude", j->seen,
                           j->include_seen && !j->similar ? 0 : j->seen_bytes);
    if (by_neighbours) {
        souk_writer_put_binary(w, "history", j->history, j->history_bytes);
        souk_writer_put_binary(w, "history_weight", j->weight, j->weight_bytes);
    }
    if (j->vector_bytes > 0)
        souk_writer_put_binary(w, "vector", j->vector, j->vector_bytes);
    souk_job_put_narrowing(j, true);
}

bool souk_job_scan(struct souk_job *j, struct souk_result *result)
{
    write_scan(j);
    return souk_job_ask_all(j, souk_job_list_round(j)) && souk_job_merge_hits(j, result);
}
