/** @file
 *  When a stage saves its state: the options that every resumable stage takes, the clock and the
 *  signals.
 *
 *      parse -> start_all -> restore -> { epoch, step_all }* -> finish -> model
 *
 *  step_all saves where the epoch, the minutes or a signal ask for it, and ends the run after
 *  SIGTERM. A save that fails (a full disk) is a warning: the checkpoint before it stays, and the
 *  training goes on.
 */
#ifndef SOUK_COMM_CHECKPOINTPLAN_H
#define SOUK_COMM_CHECKPOINTPLAN_H

#include "shared/base/options.h"
#include "train/comm/checkpoint.h"

/** Targets of the rows below; plain data. */
struct souk_checkpoint_options {
    const char *folder; /**< NULL: no checkpoints */
    int64_t epochs;     /**< 0: not by epochs */
    double minutes;     /**< 0: not by time */
    bool resume;
};

/** Rows for a subcommand's table. @param o a struct souk_checkpoint_options lvalue */
#define SOUK_CHECKPOINT_OPTION_ROWS(o)                                                             \
    {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "interruption", false},                \
        {"checkpoint",                                                                             \
         0,                                                                                        \
         SOUK_OPTION_TEXT,                                                                         \
         &(o).folder,                                                                              \
         NULL,                                                                                     \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "DIR",                                                                                    \
         "save the state here: at times, on SIGUSR1, and on SIGTERM, which then ends the run "     \
         "with "                                                                                   \
         "code 4",                                                                                 \
         false},                                                                                   \
        {"checkpoint-epochs",                                                                      \
         0,                                                                                        \
         SOUK_OPTION_INT,                                                                          \
         &(o).epochs,                                                                              \
         "0",                                                                                      \
         0,                                                                                        \
         1e9,                                                                                      \
         NULL,                                                                                     \
         "N",                                                                                      \
         "after every N epochs; 0: not by epochs",                                                 \
         false},                                                                                   \
        {"checkpoint-minutes",                                                                     \
         0,                                                                                        \
         SOUK_OPTION_REAL,                                                                         \
         &(o).minutes,                                                                             \
         "10",                                                                                     \
         0,                                                                                        \
         1e6,                                                                                      \
         NULL,                                                                                     \
         "M",                                                                                      \
         "at the end of an epoch, M minutes after the last; 0: not by time",                       \
         false},                                                                                   \
    {                                                                                              \
        "resume", 0, SOUK_OPTION_FLAG, &(o).resume, "false", 0, 0, NULL, NULL,                     \
            "go on from the checkpoint, on any number of ranks; from the start where there is "    \
            "none",                                                                                \
            false                                                                                  \
    }

/** Whether an option of this name belongs to the rows above: such do not make the model. */
bool souk_checkpoint_is_option(const char *name);

struct souk_checkpoint_plan {
    const struct souk_comm *comm;
    struct souk_checkpoint_options options;
    int64_t saved_us; /**< when the last checkpoint was, on the monotonic clock */
    bool found;       /**< there is one to resume from */
};

/** Collective. Check the options and the folder, and catch the signals. Without --checkpoint the
 *  plan does nothing.
 *  @return SOUK_OK, SOUK_EUSAGE, and what souk_checkpoint_prepare_all() returns */
souk_status souk_checkpoint_plan_start_all(struct souk_checkpoint_plan *plan,
                                           const struct souk_comm *comm,
                                           const struct souk_checkpoint_options *options,
                                           struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. Where --resume was given and there is a checkpoint, restore it.
 *  @param progress zeroed where nothing was restored; free progress->json
 *  @return as souk_checkpoint_load_all() */
souk_status souk_checkpoint_plan_restore_all(struct souk_checkpoint_plan *plan,
                                             const struct souk_checkpoint *state,
                                             struct souk_checkpoint_progress *progress,
                                             struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. After each epoch.
 *  @param progress json: needed on rank 0 only
 *  @return SOUK_OK; SOUK_EINTERRUPTED (saved: leave); after SIGTERM what kept it from saving;
 *          SOUK_ECOMM; the same on every rank */
souk_status souk_checkpoint_plan_step_all(struct souk_checkpoint_plan *plan,
                                          const struct souk_checkpoint *state,
                                          const struct souk_checkpoint_progress *progress,
                                          struct souk_error *err) SOUK_MUST_CHECK;

/** The epochs are done: signals are ignored from now on, so that the model gets written. */
void souk_checkpoint_plan_finish(const struct souk_checkpoint_plan *plan);

#endif
