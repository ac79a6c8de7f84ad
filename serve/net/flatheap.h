/** @file
 *  Memory that stays flat over days of requests.
 *
 *  Each thread keeps pieces of every size that it has freed (glibc's tcache). A message is
 *  allocated by a thread of nng's and freed by a worker, so that the caches of all workers fill,
 *  slowly: a proxy of 64 workers still grows by .4 % every 30,000 requests after half a million.
 */
#ifndef SOUK_NET_FLATHEAP_H
#define SOUK_NET_FLATHEAP_H

/** Turn those caches off, and have one heap for all threads. glibc takes that only from the
 *  environment of a process that starts, so this program is run again, once, with GLIBC_TUNABLES
 *  set; where that is set already, whatever to, or the program cannot be run, nothing happens.
 *  Call it first in main. */
void souk_flatheap_begin(char **argv);

#endif
