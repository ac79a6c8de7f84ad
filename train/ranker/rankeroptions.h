/** @file
 *  The command line of souk-train ranker.
 */
#ifndef SOUK_RANKER_RANKEROPTIONS_H
#define SOUK_RANKER_RANKEROPTIONS_H

#include "shared/base/options.h"
#include "train/ranker/boosting.h"
#include "train/ranker/rankfile.h"
#include "train/track/track.h"

struct souk_ranker_options {
    struct souk_options *parsed; /**< owns the texts; souk_options_free() it */
    const char *train, *valid, *out;
    struct souk_rankfile_rules file;
    struct souk_boosting_params params;
    struct souk_track_options tracking;
    bool importance;      /**< print gains and splits by feature */
    int64_t permutations; /**< of a feature of the valid set, to see what is lost; 0: none */
};

/** @param done --help or --version were answered: exit with 0
 *  @return SOUK_OK, SOUK_EUSAGE, SOUK_ENOMEM, and what reading a --config file returns */
souk_status souk_ranker_options_parse(int argc, char **argv, bool speak, bool *done,
                                      struct souk_ranker_options *o,
                                      struct souk_error *err) SOUK_MUST_CHECK;

#endif
