#include "train/comm/checkpointplan.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "train/comm/interrupt.h"

#include <inttypes.h>
#include <string.h>

bool souk_checkpoint_is_option(const char *name)
{
    return strncmp(name, "checkpoint", strlen("checkpoint")) == 0 || strcmp(name, "resume") == 0;
}

souk_status souk_checkpoint_plan_start_all(struct souk_checkpoint_plan *plan,
                                           const struct souk_comm *comm,
                                           const struct souk_checkpoint_options *options,
                                           struct souk_error *err)
{
    *plan = (struct souk_checkpoint_plan){
        .comm = comm, .options = *options, .saved_us = souk_monotonic_us()};
    if (!options->folder)
        return options->resume || options->epochs > 0
                   ? souk_fail(err, SOUK_EUSAGE,
                               "--resume and --checkpoint-epochs need --checkpoint DIR")
                   : SOUK_OK;
    souk_interrupt_catch();
    return souk_checkpoint_prepare_all(comm, options->folder, &plan->found, err);
}

souk_status souk_checkpoint_plan_restore_all(struct souk_checkpoint_plan *plan,
                                             const struct souk_checkpoint *state,
                                             struct souk_checkpoint_progress *progress,
                                             struct souk_error *err)
{
    *progress = (struct souk_checkpoint_progress){0};
    if (!plan->options.resume)
        return SOUK_OK;
    if (!plan->found) {
        souk_log(SOUK_LOG_INFO, "no_checkpoint", "path=%s epoch=0", plan->options.folder);
        return SOUK_OK;
    }
    souk_status status =
        souk_checkpoint_load_all(plan->comm, plan->options.folder, state, progress, err);
    if (!status)
        souk_log(SOUK_LOG_INFO, "resumed", "path=%s epoch=%" PRId64, plan->options.folder,
                 progress->epoch);
    plan->saved_us = souk_monotonic_us();
    return status;
}

/* What this rank's own clock and count ask for; signals come on top. */
static enum souk_interrupt due(const struct souk_checkpoint_plan *plan, int64_t epoch)
{
    const struct souk_checkpoint_options *o = &plan->options;
    const double minutes = (double)(souk_monotonic_us() - plan->saved_us) / 60e6;
    const bool is_due =
        (o->epochs > 0 && epoch % o->epochs == 0) || (o->minutes > 0 && minutes >= o->minutes);
    return is_due ? SOUK_INTERRUPT_SAVE : SOUK_INTERRUPT_NONE;
}

static souk_status save_all(struct souk_checkpoint_plan *plan, const struct souk_checkpoint *state,
                            const struct souk_checkpoint_progress *progress, struct souk_error *err)
{
    const int64_t start_us = souk_monotonic_us();
    int64_t bytes = 0;
    const souk_status status =
        souk_checkpoint_save_all(plan->comm, plan->options.folder, state, progress, &bytes, err);
    plan->saved_us = souk_monotonic_us();
    if (!status)
        souk_log(SOUK_LOG_INFO, "checkpoint", "epoch=%" PRId64 " bytes=%" PRId64 " seconds=%.3f",
                 progress->epoch, bytes, (double)(plan->saved_us - start_us) * 1e-6);
    return status;
}

souk_status souk_checkpoint_plan_step_all(struct souk_checkpoint_plan *plan,
                                          const struct souk_checkpoint *state,
                                          const struct souk_checkpoint_progress *progress,
                                          struct souk_error *err)
{
    enum souk_interrupt asked = SOUK_INTERRUPT_NONE;
    if (!plan->options.folder)
        return SOUK_OK;
    souk_status status =
        souk_interrupt_agree_all(plan->comm, due(plan, progress->epoch), &asked, err);
    if (status || asked == SOUK_INTERRUPT_NONE)
        return status;
    status = save_all(plan, state, progress, err);
    if (asked == SOUK_INTERRUPT_STOP)
        return status ? souk_error_prefix(err, status, "interrupted, and not saved")
                      : souk_fail(err, SOUK_EINTERRUPTED,
                                  "interrupted after epoch %" PRId64
                                  ", which %s holds: the same command with --resume goes on",
                                  progress->epoch, plan->options.folder);
    if (status && status != SOUK_ECOMM) {
        if (plan->comm->rank == 0) /* every rank has the same to say */
            souk_log(SOUK_LOG_WARN, "checkpoint_failed", "epoch=%" PRId64 " reason='%s'",
                     progress->epoch, err->msg);
        *err = (struct souk_error){0};
        return SOUK_OK;
    }
    return status;
}

void souk_checkpoint_plan_finish(const struct souk_checkpoint_plan *plan)
{
    if (plan->options.folder)
        souk_interrupt_ignore();
}
