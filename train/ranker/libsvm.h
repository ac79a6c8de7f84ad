/** @file
 *  Lines of libsvm's format: `label [qid:ID] index:value index:value ... [# comment]`.
 */
#ifndef SOUK_RANKER_LIBSVM_H
#define SOUK_RANKER_LIBSVM_H

#include "train/ranker/rankfile.h"
#include "train/ranker/textfile.h"

/** Collective. Reads what souk_rankfile_read_all() hands on. @param features 0: as many as the file
 *  names; larger indices are left out where it is not 0 */
souk_status souk_libsvm_read_all(const struct souk_comm *comm, struct souk_textfile *file,
                                 int features, struct souk_rankdata *d,
                                 struct souk_error *err) SOUK_MUST_CHECK;

#endif
