/** @file
 *  Rows of a csv file whose header names a label, a query id, and features.
 */
#ifndef SOUK_RANKER_CSVROWS_H
#define SOUK_RANKER_CSVROWS_H

#include "train/ranker/rankfile.h"
#include "train/ranker/textfile.h"

/** Collective. Reads what souk_rankfile_read_all() hands on. A `.tsv` file is separated by tabs. */
souk_status souk_csvrows_read_all(const struct souk_comm *comm, struct souk_textfile *file,
                                  const struct souk_rankfile_rules *rules,
                                  const struct souk_rankdata *like, struct souk_rankdata *d,
                                  struct souk_error *err) SOUK_MUST_CHECK;

#endif
