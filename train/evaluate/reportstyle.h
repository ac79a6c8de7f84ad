/** @file
 *  The style sheet of the report, as it stands between <style> and </style>.
 *
 *      s0 ... s3   stroke of a series      f0 ...   its fill, faint     b0 ...   a bar
 *      p0 ...      its points              dash     broken lines        pale     a second bar
 */
#ifndef SOUK_EVALUATE_REPORTSTYLE_H
#define SOUK_EVALUATE_REPORTSTYLE_H

extern const char souk_report_style[];

#endif
