/** @file
 *  Answers: what goes into a call's reply, and how libmicrohttpd gets it.
 */
#ifndef SOUK_HTTP_HTTPREPLY_H
#define SOUK_HTTP_HTTPREPLY_H

#include "serve/http/httpcall.h"

/** Make the reply a problem. @param field NULL or "": none */
void souk_http_reply_problem(struct souk_http_call *c, enum souk_problem problem, const char *field,
                             const char *detail);

/** Make the reply what is in the call's text. Thread-safe while the call is the caller's. */
void souk_http_reply_text(struct souk_http_call *c, const char *type);

/** Make it a static page, or 304 where the client has it. */
void souk_http_reply_page(struct souk_http_call *c, const struct souk_page *page);

/** Write it past libmicrohttpd, while it reads a body. @return false: nobody takes it */
bool souk_http_reply_send_now(struct souk_http_call *c);

/** Count it, log it, and give it to libmicrohttpd. @return what the access handler returns */
enum MHD_Result souk_http_reply_send(struct souk_http_call *c);

#endif
