/** @file
 *  The data profile as a table for people and as JSON for programs and the manifest.
 */
#ifndef SOUK_INGEST_PROFILEREPORT_H
#define SOUK_INGEST_PROFILEREPORT_H

#include "shared/data/dataset.h"
#include "train/ingest/categorycoverage.h"
#include "train/ingest/profile.h"
#include "train/ingest/rejects.h"

#include <stdio.h>

/** What a report is made of; all borrowed. */
struct souk_profile_report {
    const struct souk_dataset *dataset; /**< types, weighting, split, session gap */
    const struct souk_profile *profile;
    const struct souk_rejects *rejects;            /**< of the events */
    const struct souk_category_coverage *coverage; /**< NULL: no category tree */
};

/** Keys are documented in docs/ingest.md. Nothing in it depends on time, ranks or the
 *  machine. @return to be freed by the caller; NULL when memory is out */
char *souk_profile_json(const struct souk_profile_report *report);

void souk_profile_print(const struct souk_profile_report *report, FILE *to);

#endif
