/** @file
 *  Labelled query groups out of text files.
 *
 *      libsvm   2 qid:7 1:0.5 4:-3 # comment       feature 0 is index 0; absent ones are 0
 *      csv      label,query,price,...              by header; an empty field is missing
 *
 *  Sizes of the groups are in FILE.query beside a libsvm file, one a line, or groups are runs of
 *  rows with the same query id. Each rank reads a slice of the file, whole groups (textfile.h).
 */
#ifndef SOUK_RANKER_RANKFILE_H
#define SOUK_RANKER_RANKFILE_H

#include "train/ranker/rankdata.h"

enum { SOUK_RANKFILE_FEATURES_MAX = 1 << 16 };

struct souk_rankfile_rules {
    const char *label, *query; /**< columns of a csv file */
    const char *ignore;        /**< columns or features to leave out, "a,b"; NULL: none */
    const char *categorical;   /**< categorical ones, by name or number; NULL: none */
};

/** Collective. A libsvm file, or a csv file where the name ends in `.csv` or `.tsv`.
 *  @param like features of another set that this one goes with (its order and number); NULL: the
 *              file's own
 *  @param d free with souk_rankdata_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ENOTFOUND, SOUK_EIO, SOUK_EFORMAT with file:line, SOUK_ELIMIT,
 *          SOUK_EUSAGE (a column that is not there), SOUK_ENOMEM, SOUK_ECOMM */
souk_status souk_rankfile_read_all(const struct souk_comm *comm, const char *path,
                                   const struct souk_rankfile_rules *rules,
                                   const struct souk_rankdata *like, struct souk_rankdata *d,
                                   struct souk_error *err) SOUK_MUST_CHECK;

#endif
