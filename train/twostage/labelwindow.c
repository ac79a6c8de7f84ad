#include "train/twostage/labelwindow.h"

#include "shared/base/clock.h"

bool souk_labels_are_temporal(const struct souk_ratings_rule *training)
{
    return training->window.until_ms != SOUK_TIME_MAX;
}

static int64_t default_length(int64_t span_ms)
{
    const int64_t tenth = span_ms / 10;
    return tenth >= SOUK_MS_PER_DAY ? tenth / SOUK_MS_PER_DAY * SOUK_MS_PER_DAY : tenth;
}

static souk_status cut_in_time(const struct souk_dataset *dataset,
                               const struct souk_ratings_rule *training, int64_t length_ms,
                               int index, bool include_seen, struct souk_label_window *out,
                               struct souk_error *err)
{
    const int64_t until_ms = training->window.until_ms;
    const int64_t from_ms =
        training->window.from_ms > dataset->first_ms ? training->window.from_ms : dataset->first_ms;
    if (length_ms <= 0)
        length_ms = default_length(until_ms - from_ms);
    if (length_ms < 1 || length_ms > (until_ms - from_ms) / (index + 2))
        return souk_fail(err, SOUK_EUSAGE,
                         "%d label windows of %.4g days leave nothing to train on of %.4g days: "
                         "give a shorter --label-window, or fewer --label-windows",
                         index + 1, (double)length_ms / (double)SOUK_MS_PER_DAY,
                         (double)(until_ms - from_ms) / (double)SOUK_MS_PER_DAY);
    out->question.protocol = SOUK_PROTOCOL_TEMPORAL;
    out->question.until_ms = until_ms - index * length_ms;
    out->question.split_ms = out->question.until_ms - length_ms;
    out->question.discovery = !include_seen;
    out->rule.window.until_ms = out->question.split_ms;
    return SOUK_OK;
}

souk_status souk_label_window_make(const struct souk_dataset *dataset,
                                   const struct souk_ratings_rule *training, int64_t length_ms,
                                   int index, bool include_seen, struct souk_label_window *out,
                                   struct souk_error *err)
{
    *out = (struct souk_label_window){.rule = *training, .question.include_seen = include_seen};
    if (souk_labels_are_temporal(training))
        return cut_in_time(dataset, training, length_ms, index, include_seen, out, err);
    if (training->leave_out > 0)
        return souk_fail(err, SOUK_EUSAGE,
                         "--leave-out keeps out of training what the labels of a dataset without a "
                         "cut would bring back: train until a cut, with --until");
    out->rule.leave_out = index + 1;
    out->question.protocol = SOUK_PROTOCOL_LEAVE_OUT;
    out->question.trained = training->window;
    out->question.leave_out = index + 1;
    return SOUK_OK;
}
