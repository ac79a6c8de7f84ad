/** @file
 *  What an evaluation says: a table for people, one JSON object for programs.
 *
 *  The JSON (docs/evaluation.md) holds no time, path or number of ranks: the same question to the
 *  same model gives the same bytes.
 */
#ifndef SOUK_EVALUATE_REPORT_H
#define SOUK_EVALUATE_REPORT_H

#include "shared/model/modelfile.h"
#include "train/evaluate/against.h"
#include "train/evaluate/evaluation.h"

#include <stdio.h>

struct souk_report_extras; /* reportsections.h */

struct souk_report {
    const struct souk_model *model;
    const struct souk_question *question;
    const struct souk_cutoffs *cutoffs;
    const struct souk_bootstrap *bootstrap;
    const struct souk_ordering *by;
    const struct souk_reorder *reorder; /**< what then became of the lists */
    double min_confidence;              /**< that lists end at; 0: none */
    const struct souk_answer *answer;
    const char *other_name; /**< what it is compared with; NULL: nothing, as the next two */
    const struct souk_answer *other;
    const struct souk_against *against;
    const struct souk_report_extras *extras; /**< of the page; NULL: none */
};

/** @return SOUK_OK, SOUK_EIO */
souk_status souk_report_print(const struct souk_report *report, FILE *f,
                              struct souk_error *err) SOUK_MUST_CHECK;

/** Write the JSON; the file appears by rename.
 *  @return SOUK_OK, SOUK_EIO, SOUK_ENOTFOUND, SOUK_EEXIST, SOUK_ENOMEM */
souk_status souk_report_write_json(const struct souk_report *report, const char *path,
                                   struct souk_error *err) SOUK_MUST_CHECK;

#endif
