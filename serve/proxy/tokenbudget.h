/** @file
 *  How much may be asked twice: every request pays in a share of a token, everything extra takes a
 *  whole one. So extra work is at most `percent` of the requests and a burst, whatever breaks: a
 *  fleet in trouble does not get more to do.
 *
 *  Thread-safe, without a lock.
 */
#ifndef SOUK_PROXY_TOKENBUDGET_H
#define SOUK_PROXY_TOKENBUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct souk_token_budget {
    atomic_llong hundredths; /**< of a token, 0 to 100 times the burst */
    int64_t percent, burst;
};

/** Full. @param percent of the requests, 0 to 100 @param burst tokens, 1 or more */
void souk_token_budget_init(struct souk_token_budget *b, int64_t percent, int64_t burst);

/** A request was sent. */
void souk_token_budget_pay(struct souk_token_budget *b);

/** @return whether something extra may be sent */
bool souk_token_budget_take(struct souk_token_budget *b);

#endif
