#include "tests/unit/httpcase.h"

TestSuite(httpserver, .init = set_up, .fini = tear_down);

/* ---- answers ---- */

Test(httpserver, gives_the_same_answer_by_url_and_by_body)
{
    cr_expect_eq(get("/recommend/u%2F1?n=2"), 200);
    cr_expect(has("\"user_id\":\"u/1\",\"recommendations\":[{\"item_id\":\"an item\",\"score\":0.1}"
                  ",{\"item_id\":\"an item\",\"score\":0.1}]}"),
              "%s", answer);
    cr_expect(has("Content-Type: application/json\r\n"));
    cr_expect_eq(post("/recommendations", "{\"user_id\":\"u/1\",\"n_items\":2}"), 200);
    cr_expect(has("\"user_id\":\"u/1\",\"recommendations\":[{"));
    cr_expect_eq(get("/recommend/early"), 200);
    cr_expect(has("\"user_id\":\"early\""));
    cr_expect_eq(get("/recommend/kept"), 200);
    cr_expect(has("\"user_id\":\"kept\""));
}

Test(httpserver, answers_what_is_pipelined_in_order)
{
    cr_expect_eq(say("GET /recommend/kept HTTP/1.1\r\nHost: a\r\n\r\n"
                     "GET /recommend/early HTTP/1.1\r\nHost: a\r\n\r\n"
                     "GET /recommend/last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
                 200);
    const char *const first = strstr(answer, "\"kept\""),
                      *const second = strstr(answer, "\"early\""),
                      *const third = strstr(answer, "\"last\"");
    cr_assert(first && second && third);
    cr_expect(first < second && second < third);
}

Test(httpserver, makes_codes_of_statuses)
{
    static const int cases[][2] = {{5, 422},  {6, 404},  {8, 503},  {10, 504}, {11, 503},
                                   {13, 500}, {15, 401}, {16, 403}, {17, 429}, {12, 503}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "/recommend/status%d", cases[i][0]);
        cr_expect_eq(get(path), cases[i][1], "%s", path);
        cr_expect(has("Content-Type: application/problem+json\r\n"));
        cr_expect_eq(has("Retry-After: 3\r\n"), cases[i][1] == 503 || cases[i][1] == 429);
        cr_expect_eq(has("WWW-Authenticate: Bearer"), cases[i][1] == 401);
    }
}

Test(httpserver, refuses_with_the_right_code)
{
    cr_expect_eq(get("/nothing"), 404);
    cr_expect_eq(get("/recommend/%00"), 400);
    cr_expect_eq(get("/recommend/%ff"), 400);
    cr_expect_eq(get("/recommend/u?n=many"), 400);
    cr_expect(has("\"field\":\"n\""));
    cr_expect_eq(get("/recommend/u?n=1&n=2"), 400);
    cr_expect_eq(get("/recommend/u?user_id=v"), 400);
    cr_expect_eq(get("/recommend/u?%zz"), 400);
    cr_expect_eq(get("/events"), 405);
    cr_expect(has("Allow: POST, OPTIONS\r\n"));
    cr_expect_eq(post("/health", "{}"), 405);
    cr_expect(has("Allow: GET, HEAD, OPTIONS\r\n"));
    cr_expect_eq(post("/recommendations?n=1", "{}"), 400);
    cr_expect_eq(post("/recommendations", "{\"user_id\":\"u\",\"x\":1}"), 400);
    cr_expect(has("\"field\":\"x\""));
    cr_expect_eq(post("/recommendations", "{\"user_id\":"), 400);
    cr_expect_eq(say("POST /events HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), 411);
    cr_expect_eq(
        say("POST /events HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n"
            "\r\n{}"),
        415);
    cr_expect_eq(
        say("POST /events HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n"
            "Content-Type: application/json\r\nContent-Encoding: gzip\r\n\r\n{}"),
        415);
    cr_expect_eq(get("/readyz"), 503);
    cr_expect(has("\"detail\":\"starting\""));
    cr_expect_eq(get("/livez"), 200);
}

/* ---- the rest ---- */

Test(httpserver, zips_what_is_worth_it)
{
    cr_expect_eq(say("GET /recommend/u?n=1000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                     "Accept-Encoding: gzip\r\n\r\n"),
                 200);
    cr_expect(has("Content-Encoding: gzip\r\n"));
    cr_expect_eq(say("GET /recommend/u?n=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                     "Accept-Encoding: gzip\r\n\r\n"),
                 200);
    cr_expect_not(has("Content-Encoding"));
}

Test(httpserver, knows_its_own_pages_again)
{
    char tag[64], text[512];
    cr_expect_eq(get("/docs"), 200);
    cr_expect(has("Content-Security-Policy: default-src 'none'"));
    const char *const etag = strstr(answer, "ETag: ");
    cr_assert_not_null(etag);
    snprintf(tag, sizeof tag, "%.*s", (int)strcspn(etag + 6, "\r"), etag + 6);
    snprintf(text, sizeof text,
             "GET /docs HTTP/1.1\r\nHost: a\r\nConnection: close\r\nIf-None-Match: %s\r\n\r\n",
             tag);
    cr_expect_eq(say(text), 304);
    cr_expect_eq(say("HEAD /openapi.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), 200);
    cr_expect_str_eq(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
}

Test(httpserver, answers_pages_of_welcome_origins)
{
    cr_expect_eq(say("OPTIONS /events HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                     "Origin: http://b.example\r\nAccess-Control-Request-Method: POST\r\n\r\n"),
                 204);
    cr_expect(has("Access-Control-Allow-Origin: http://b.example\r\n"));
    cr_expect(has("Access-Control-Allow-Headers: Authorization"));
    cr_expect_eq(say("GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                     "Origin: http://b.example.evil\r\n\r\n"),
                 200);
    cr_expect_not(has("Access-Control-Allow-Origin"));
    cr_expect(has("Vary: Origin\r\n"));
}

Test(httpserver, logs_no_ids_of_users)
{
    struct souk_error err;
    char line[512];
    cr_expect_eq(
        say("GET /recommend/secretive?n=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n"),
        200);
    cr_expect(has("X-Request-Id: 4bf92f3577b34da6a3ce929d0e0e4736\r\n"));
    FILE *const f = fopen(log_path, "r");
    cr_assert_not_null(f);
    cr_assert_not_null(fgets(line, sizeof line, f));
    cr_expect_not_null(strstr(line, "Z GET /recommend/{user_id} 200 "), "%s", line);
    cr_expect_not_null(strstr(line, "ms 4bf92f3577b34da6a3ce929d0e0e4736\n"), "%s", line);
    cr_expect_null(strstr(line, "secretive"));
    fclose(f);
    cr_assert_eq(rename(log_path, "/tmp/souk_http_moved"), 0);
    cr_expect_eq(souk_http_reopen_log(http, &err), SOUK_OK);
    get("/livez");
    cr_expect_eq(access(log_path, F_OK), 0);
    unlink("/tmp/souk_http_moved");
}

Test(httpserver, counts_by_route_and_code)
{
    struct souk_exposition e = {0};
    get("/recommend/a");
    get("/recommend/b");
    get("/nothing");
    souk_metrics_write(metrics, &e);
    char *const text = strndup(e.text, e.length);
    cr_expect_not_null(
        strstr(text, "souk_http_requests_total{route=\"/recommend/{user_id}\",code=\"200\"} 2\n"));
    cr_expect_not_null(strstr(text, "souk_http_requests_total{route=\"none\",code=\"404\"} 1\n"));
    free(text);
    souk_exposition_fini(&e);
}

static souk_status start_another(const char *listen, const char *cert, struct souk_error *err)
{
    struct souk_http *other = NULL;
    struct souk_metrics *const own = souk_metrics_new();
    struct souk_http_options changed = options;
    const struct souk_http_plan plan = {
        .options = &changed, .version = "", .force = force, .metrics = own, .ready = is_ready};
    changed.listen = listen;
    changed.cert = cert;
    const souk_status status = souk_http_start(&plan, &other, err);
    cr_expect_null(other);
    souk_metrics_free(own);
    return status;
}

Test(httpserver, refuses_a_network_without_tls)
{
    struct souk_error err = {.msg = ""};
    cr_expect_eq(start_another("0.0.0.0:0", NULL, &err), SOUK_EUSAGE);
    cr_expect_not_null(strstr(err.msg, "--insecure"), "%s", err.msg);
    cr_expect_eq(start_another("nowhere", NULL, &err), SOUK_EUSAGE, "%s", err.msg);
    cr_expect_eq(start_another("127.0.0.1:0", "/dev/null", &err), SOUK_EUSAGE, "%s", err.msg);
    cr_expect_eq(start_another(souk_http_address(http), NULL, &err), SOUK_EEXIST, "%s", err.msg);
    cr_expect_eq(start_another(NULL, NULL, &err), SOUK_OK);
}
