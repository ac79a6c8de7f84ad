/** @file
 *  The course of one request: head, body, question, answer.
 */
#ifndef SOUK_HTTP_HTTPEXCHANGE_H
#define SOUK_HTTP_HTTPEXCHANGE_H

#include "serve/http/httpcall.h"

/** The head is there. */
enum MHD_Result souk_http_exchange_begin(struct souk_http_call *c, const char *method,
                                         const char *version) SOUK_MUST_CHECK;

/** A part of the body is. @return MHD_NO: the connection ends here */
enum MHD_Result souk_http_exchange_take(struct souk_http_call *c, const char *bytes,
                                        size_t len) SOUK_MUST_CHECK;

/** Read a long body and ask; a souk_large_body_reader. */
void souk_http_exchange_read_large(struct souk_http_call *c);

/** All of it is, or the answer. */
enum MHD_Result souk_http_exchange_go_on(struct souk_http_call *c) SOUK_MUST_CHECK;

#endif
