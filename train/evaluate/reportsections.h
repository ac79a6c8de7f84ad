/** @file
 *  Sections of the report over plain arrays: what any stage can hand in without the evaluation
 *  knowing of it. Each writes one <section>; one with nothing to show writes nothing.
 */
#ifndef SOUK_EVALUATE_REPORTSECTIONS_H
#define SOUK_EVALUATE_REPORTSECTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/** What the features of a ranker gave. All [count], most important first. */
struct souk_report_importance {
    int count;
    const char *const *names;
    const double *gain;        /**< share of all gain; NULL: not known, as the next two */
    const double *splits;      /**< share of all splits */
    const double *permutation; /**< what the metric loses without the feature */
    const char *metric;        /**< of the permutation, "NDCG@10" */
};
void souk_section_importance(FILE *f, const struct souk_report_importance *s);

/** Whether probabilities are what they say, for one audience. All [count], by ascending
 *  probability. */
struct souk_calibration_curve {
    const char *name; /**< of the audience; NULL: everybody */
    int count;
    const double *predicted;  /**< mean of the bin */
    const double *observed;   /**< share of the bin that was true */
    const double *low, *high; /**< 95 % interval of observed; may be NULL */
    const int64_t *cases;     /**< in the bin */
};
/** @param curves [count], NULL or empty ones are left out, as in the next one */
void souk_section_calibration(FILE *f, const struct souk_calibration_curve *const *curves,
                              int count);

/** Conformal sets of one audience. All [count], by ascending alpha. */
struct souk_coverage_curve {
    const char *name;  /**< of the audience; NULL: everybody */
    const char *about; /**< one sentence, may be NULL */
    int count;
    const double *alpha;      /**< promised to miss at most */
    const double *coverage;   /**< share of true items that were kept */
    const double *low, *high; /**< 95 % interval of coverage; may be NULL */
    const double *kept;       /**< mean size of the kept set */
    const bool *guaranteed;   /**< whether there were enough points for a promise */
};
void souk_section_coverage(FILE *f, const struct souk_coverage_curve *const *curves, int count);

/** Recall of the candidate sets, by source and for the union (the last). */
struct souk_candidate_recall {
    int sources;
    const char *const *names; /**< [sources] */
    int sizes;
    const int *size;      /**< [sizes], candidates per user, ascending */
    const double *recall; /**< [sources][sizes] */
    const double *asked; /**< [sources], recall of what the model's quotas take; may be NULL, as the
                              next two */
    const double *items; /**< [sources], how many these are of a user */
    const double *added; /**< [sources], what they would lose without it; NaN: not said */
};
void souk_section_candidates(FILE *f, const struct souk_candidate_recall *s);

enum { SOUK_REPORT_AUDIENCES = 3 };

/** All of them, for struct souk_report; NULL: absent. */
struct souk_report_extras {
    const struct souk_report_importance *importance;
    const struct souk_calibration_curve *calibration[SOUK_REPORT_AUDIENCES];
    const struct souk_coverage_curve *coverage[SOUK_REPORT_AUDIENCES];
    const struct souk_candidate_recall *candidates;
};
void souk_section_extras(FILE *f, const struct souk_report_extras *extras);

/** The frame of a section. @param about one paragraph, may be NULL; escaped */
void souk_section_open(FILE *f, const char *title, const char *about);
/** Between the two, charts stand side by side where there is room. */
void souk_section_open_charts(FILE *f);
void souk_section_close_charts(FILE *f);
void souk_section_close(FILE *f);

#endif
