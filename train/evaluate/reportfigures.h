/** @file
 *  The report's sections that draw an answer's curves, with the other answer's beside them where
 *  there is one. Each writes one <section>.
 */
#ifndef SOUK_EVALUATE_REPORTFIGURES_H
#define SOUK_EVALUATE_REPORTFIGURES_H

#include "train/evaluate/report.h"

#include <stdio.h>

void souk_figures_of_lengths(const struct souk_report *r, FILE *f);
void souk_figures_of_candidates(const struct souk_report *r, FILE *f);
void souk_figures_of_scores(const struct souk_report *r, FILE *f);
void souk_figures_of_slices(const struct souk_report *r, FILE *f);
void souk_figures_of_popularity(const struct souk_report *r, FILE *f);

#endif
