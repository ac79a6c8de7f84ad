/** @file
 *  The report as one page of HTML: tables and inline SVG, a style sheet inside, no script, nothing
 *  fetched. It follows the reader's light or dark setting, fits a phone, and prints.
 *
 *      head        model, protocol, users and targets
 *      figures     headline and all, with intervals; differences to the other model
 *      lengths     precision, recall, NDCG, hit rate at every k
 *      candidates  ROC, precision and recall, thresholds and their confusion
 *      scores      of hits and of others
 *      slices      NDCG by kind of user and item
 *      popularity  what is recommended, by decile
 *      extras      reportsections.h
 */
#ifndef SOUK_EVALUATE_REPORTPAGE_H
#define SOUK_EVALUATE_REPORTPAGE_H

#include "train/evaluate/report.h"

/** Write the page; the file appears by rename. The answers must have curves.
 *  @return SOUK_OK, SOUK_EIO, SOUK_ENOTFOUND, SOUK_EEXIST */
souk_status souk_report_write_page(const struct souk_report *report, const char *path,
                                   struct souk_error *err) SOUK_MUST_CHECK;

/** The page onto a stream, whose errors the caller looks for. */
void souk_report_draw_page(const struct souk_report *report, FILE *f);

#endif
