/** @file
 *  The arrays of a tree's block in the text format, in the order in which they are written: one
 *  table for reading and writing. Private to foresttext.
 */
#ifndef SOUK_SCORE_TREEFIELDS_H
#define SOUK_SCORE_TREEFIELDS_H

#include "shared/score/tree.h"

#include <stddef.h>
#include <stdio.h>

enum souk_treefield_type {
    SOUK_TREEFIELD_U8,
    SOUK_TREEFIELD_I32,
    SOUK_TREEFIELD_U32,
    SOUK_TREEFIELD_I64,
    SOUK_TREEFIELD_REAL, /**< 17 digits: the same bits when read */
    SOUK_TREEFIELD_BRIEF /**< 6 digits */
};

/** How many elements. */
enum souk_treefield_size {
    SOUK_TREEFIELD_NODES,
    SOUK_TREEFIELD_LEAVES,
    SOUK_TREEFIELD_BOUNDARIES, /**< this and the next only where there are categorical splits */
    SOUK_TREEFIELD_WORDS
};

struct souk_treefield {
    const char *name;
    size_t offset; /**< of the array's pointer in struct souk_tree */
    enum souk_treefield_type type;
    enum souk_treefield_size size;
    bool required; /**< else absent means zeros */
};

enum { SOUK_TREEFIELDS = 14 };

extern const struct souk_treefield souk_treefield[SOUK_TREEFIELDS];

/** Elements of a field in this tree. */
size_t souk_treefield_count(const struct souk_treefield *field, const struct souk_tree *t);

/** `NAME=v v v` and a newline. */
void souk_treefield_print(const struct souk_treefield *field, const struct souk_tree *t, FILE *to);

/** Fill a field's array from text of exactly so many numbers.
 *  @param text [len], no NUL needed
 *  @return SOUK_OK, SOUK_EFORMAT with the reason */
souk_status souk_treefield_parse(const struct souk_treefield *field, struct souk_tree *t,
                                 const char *text, size_t len,
                                 struct souk_error *err) SOUK_MUST_CHECK;

/** One number of the text format: an integer of low..high, or a finite real.
 *  @return false when the text [len] is not one */
bool souk_treefield_integer(const char *text, size_t len, int64_t low, int64_t high, int64_t *out);
bool souk_treefield_real(const char *text, size_t len, double *out);

#endif
