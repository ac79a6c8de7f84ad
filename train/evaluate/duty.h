/** @file
 *  Which users a rank evaluates: parts are dealt round by round, and where there are more ranks
 *  than parts, the ranks of a part take consecutive slices of its users.
 *
 *      5 parts, 2 ranks   round 0: p0 p1   round 1: p2 p3   round 2: p4 -
 *      2 parts, 5 ranks   round 0: p0/3 p0/3 p0/3 p1/2 p1/2
 *
 *  In every round the ranks stand in the order of the parts and slices, so that text joined by
 *  round and rank does not depend on the number of ranks.
 */
#ifndef SOUK_EVALUATE_DUTY_H
#define SOUK_EVALUATE_DUTY_H

#include "train/comm/comm.h"

#include <stdint.h>

struct souk_duty {
    int part; /**< -1: nothing to do in this round */
    int slice, slices;
};

int souk_duty_rounds(const struct souk_comm *comm, int parts);
struct souk_duty souk_duty_of(const struct souk_comm *comm, int parts, int round);

/** The rank that answers for what is in a part: the first that has it on duty. */
int souk_duty_owner(const struct souk_comm *comm, int parts, int part);
int souk_duty_round_of(const struct souk_comm *comm, int parts, int part);

/** Where a slice of `count` begins; slice == slices: where the last one ends. */
int64_t souk_slice_first(int64_t count, int slice, int slices);

#endif
