#include "serve/net/listenaddress.h"

#include <criterion/criterion.h>
#include <string.h>

static souk_status check(const char *url, bool insecure)
{
    struct souk_error err = {0};
    const souk_status status = souk_listen_address_check(url, insecure, &err);
    cr_assert(!status || strstr(err.msg, url), "the message names the address: %s", err.msg);
    if (status == SOUK_EUSAGE)
        cr_assert(strstr(err.msg, "--insecure") && strstr(err.msg, "--tls-cert"), "the way out: %s",
                  err.msg);
    return status;
}

Test(listenaddress, takes_what_stays_on_the_machine)
{
    static const char *const urls[] = {
        "tcp://127.0.0.1:0",  "tcp://127.9.8.7:7100", "tcp://localhost:7100", "tcp://[::1]:7100",
        "tcp4://127.0.0.1:0", "ipc:///run/souk/a",    "abstract://souk",      "inproc://here"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        cr_assert_eq(check(urls[i], false), SOUK_OK, "%s", urls[i]);
}

Test(listenaddress, refuses_a_network_without_tls)
{
    static const char *const urls[] = {
        "tcp://0.0.0.0:7100",  "tcp://10.0.0.1:7100",          "tcp://:7100",
        "tcp://[::]:7100",     "tcp://127.0.0.1.example:7100", "tcp://localhost.example:7100",
        "tcp://128.0.0.1:7100"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        cr_assert_eq(check(urls[i], false), SOUK_EUSAGE, "%s", urls[i]);
        cr_assert_eq(check(urls[i], true), SOUK_OK, "%s", urls[i]);
    }
}

Test(listenaddress, takes_a_network_with_tls)
{
    cr_assert_eq(check("tls+tcp://0.0.0.0:7100", false), SOUK_OK);
    cr_assert_eq(check("tls+tcp://node1:7100", false), SOUK_OK);
}

Test(listenaddress, refuses_other_kinds)
{
    static const char *const urls[] = {"ws://127.0.0.1:7100", "wss://10.0.0.1:7100", "nonsense",
                                       "http://localhost:1", "tcp:/127.0.0.1:1"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        cr_assert_eq(check(urls[i], true), SOUK_EINVAL, "%s", urls[i]);
}
