/** @file
 *  The value of one option: from text, to text, to and from the program's variable.
 */
#ifndef SOUK_BASE_OPTIONVALUE_H
#define SOUK_BASE_OPTIONVALUE_H

#include "shared/base/options.h"

/** Large enough for any number, size or duration as text. */
#define SOUK_OPTION_VALUE_TEXT 32

union souk_option_value {
    bool flag;
    int64_t integer; /**< INT, BYTES, DURATION */
    double real;
    int choice;
    const char *text; /**< borrowed */
};

/** @return false when the text is not a value that this option takes */
bool souk_option_value_parse(const struct souk_option *option, const char *text,
                             union souk_option_value *value);

/** "250ms", "7d"; "none" is -1: a duration as options and the parameters of models have it.
 *  @return false: it is none; *ms is then not to be read */
bool souk_option_duration(const char *text, int64_t *ms);

/** What the option takes, for a message: "a whole number from 8 to 1024". */
void souk_option_value_describe(const struct souk_option *option, char *text, size_t size);

/** A value as text that parses to it again; TEXT is returned as it is ("" for NULL).
 *  @param buffer [SOUK_OPTION_VALUE_TEXT] @return buffer, or text that lives elsewhere */
const char *souk_option_value_format(const struct souk_option *option,
                                     const union souk_option_value *value, char *buffer);

/** Range of the option as text: "from 8 to 1024", "at least 0"; "" where it has none. */
void souk_option_range_format(const struct souk_option *option, char *text, size_t size);

/** The index-th choice. @return its length; 0: there is none */
size_t souk_option_choice(const struct souk_option *option, int index, const char **choice);

/** Copy between a value and the program's variable. */
void souk_option_value_store(const struct souk_option *option,
                             const union souk_option_value *value);
void souk_option_value_load(const struct souk_option *option, union souk_option_value *value);

#endif
