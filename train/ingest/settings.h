/** @file
 *  What the command line of souk-ingest asks for, checked before any work.
 */
#ifndef SOUK_INGEST_SETTINGS_H
#define SOUK_INGEST_SETTINGS_H

#include "shared/base/options.h"
#include "shared/data/dataset.h"
#include "train/ingest/eventtypes.h"
#include "train/ingest/fieldtext.h"
#include "train/ingest/format.h"
#include "train/ingest/inputs.h"

#include <stdbool.h>
#include <stdint.h>

struct souk_ingest_settings {
    struct souk_options *options; /**< owns the texts */
    struct souk_inputs inputs;
    const char *events_from;             /**< URL of a store; NULL: none */
    const char *items_file, *users_file; /**< attribute tables; NULL: none */
    struct souk_format format;           /**< with the columns of this run */
    struct souk_event_types types;
    enum souk_time_unit time_unit;
    enum souk_weighting weighting;
    char separator;
    bool has_header;
    double max_bad; /**< share */
    bool keep_duplicates;
    int parts;
    int64_t session_gap_ms;
    int64_t split_ms;   /**< SOUK_TIME_NONE: none, or by share */
    double split_share; /**< 0: none, or by time */
    const char *out;
    bool print_profile;
    const char *profile_json; /**< file; NULL: none */
};

/** Parse and check. The same on every rank; only `speak` writes --help and the like.
 *  @param done true: main should exit with 0 now
 *  @param s    owned by the caller, empty with souk_ingest_settings_fini(), also on failure
 *  @return SOUK_OK, SOUK_EUSAGE, SOUK_ENOTFOUND (an operand), SOUK_EIO, SOUK_ENOMEM */
souk_status souk_ingest_settings_parse(int argc, char **argv, bool speak, bool *done,
                                       struct souk_ingest_settings *s,
                                       struct souk_error *err) SOUK_MUST_CHECK;
void souk_ingest_settings_fini(struct souk_ingest_settings *s);

#endif
