/** @file
 *  The shop in RetailRocket's published formats.
 *
 *      events.csv                  timestamp,visitorid,event,itemid,transactionid
 *      item_properties_part1.csv   timestamp,itemid,property,value: a change log of weekly
 * snapshots item_properties_part2.csv   its second half category_tree.csv categoryid,parentid
 *
 *  `categoryid` and `available` have plain names; property 790 is the price, `n12340.000` is the
 *  number 12340; other values are tokens, numbers among them.
 */
#ifndef SOUK_GENERATE_SHOPFILES_H
#define SOUK_GENERATE_SHOPFILES_H

#include "shared/base/progress.h"
#include "train/generate/behaviour.h"

souk_status souk_shopfiles_write_events(const struct souk_shop *shop, const char *folder,
                                        const struct souk_shop_event *events,
                                        struct souk_progress *progress,
                                        struct souk_error *err) SOUK_MUST_CHECK;

souk_status souk_shopfiles_write_properties(const struct souk_shop *shop, const char *folder,
                                            struct souk_progress *progress,
                                            struct souk_error *err) SOUK_MUST_CHECK;

souk_status souk_shopfiles_write_categories(const struct souk_shop *shop, const char *folder,
                                            struct souk_error *err) SOUK_MUST_CHECK;

#endif
