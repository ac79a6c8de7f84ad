/** @file
 *  What a report says of a two-stage model: candidate recall, importance of the features, coverage
 *  and calibration. Of another model, or one that was not looked at so, nothing.
 */
#ifndef SOUK_EVALUATE_STAGEREPORT_H
#define SOUK_EVALUATE_STAGEREPORT_H

#include "train/evaluate/evaluation.h"
#include "train/evaluate/reportsections.h"

#include <jansson.h>
#include <stdio.h>

/** The tables of the text. */
void souk_stage_report_print(const struct souk_answer *a, FILE *f);

/** Add `sources`, `importance` and `confidence` to the JSON of a report.
 *  @return 0, or not 0 when memory is out */
int souk_stage_report_add(const struct souk_answer *a, json_t *root);

/** The sections of the page, as plain arrays over an answer that must outlive them. */
struct souk_stage_extras {
    struct souk_report_extras extras;
    struct souk_report_importance importance;
    struct souk_candidate_recall candidates;
    const char *set_name[SOUK_CANDIDATE_SETS_MAX];
    double set_recall[SOUK_CANDIDATE_SETS_MAX * SOUK_CANDIDATE_SIZES];
    double set_asked[SOUK_CANDIDATE_SETS_MAX], set_added[SOUK_CANDIDATE_SETS_MAX];
    double set_items[SOUK_CANDIDATE_SETS_MAX];
    struct souk_audience_extras {
        char about[160];
        struct souk_coverage_curve coverage;
        double alpha[SOUK_ALPHAS], covered[SOUK_ALPHAS], low[SOUK_ALPHAS], high[SOUK_ALPHAS];
        double kept[SOUK_ALPHAS];
        bool guaranteed[SOUK_ALPHAS];
        struct souk_calibration_curve calibration;
        double predicted[SOUK_PROBABILITY_BINS], observed[SOUK_PROBABILITY_BINS];
        double bin_low[SOUK_PROBABILITY_BINS], bin_high[SOUK_PROBABILITY_BINS];
        int64_t cases[SOUK_PROBABILITY_BINS];
    } audience[SOUK_AUDIENCES];
};

void souk_stage_extras_fill(const struct souk_answer *a, struct souk_stage_extras *out);

#endif
