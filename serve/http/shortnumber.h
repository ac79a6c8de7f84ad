/** @file
 *  The shortest decimal that reads back as the same number, in JSON's syntax.
 *
 *  Whoever reads it as a double and rounds that to a float gets the float; so does who reads a
 *  float at once.
 */
#ifndef SOUK_HTTP_SHORTNUMBER_H
#define SOUK_HTTP_SHORTNUMBER_H

enum { SOUK_SHORT_NUMBER_BYTES = 32 };

/** @param value finite @param text [SOUK_SHORT_NUMBER_BYTES], out */
void souk_short_float(float value, char *text);
void souk_short_double(double value, char *text);

#endif
