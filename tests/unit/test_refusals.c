#include "serve/net/refusals.h"

#include <criterion/criterion.h>

enum { MINUTE_US = 60 * 1000000 };

Test(refusals, are_told_once_a_minute_with_the_count_since)
{
    const int64_t start = 5 * (int64_t)MINUTE_US;
    uint64_t since;
    cr_assert(!souk_refusals_due(SOUK_REFUSAL_LIMIT, start, &since), "there were none");
    souk_refusals_count(SOUK_REFUSAL_LIMIT);
    cr_assert(souk_refusals_due(SOUK_REFUSAL_LIMIT, start, &since), "the first is told at once");
    cr_assert_eq(since, 1);
    for (int i = 0; i < 7; i++)
        souk_refusals_count(SOUK_REFUSAL_LIMIT);
    cr_assert(!souk_refusals_due(SOUK_REFUSAL_LIMIT, start + MINUTE_US - 1, &since));
    cr_assert(souk_refusals_due(SOUK_REFUSAL_LIMIT, start + MINUTE_US, &since));
    cr_assert_eq(since, 7);
    cr_assert(!souk_refusals_due(SOUK_REFUSAL_LIMIT, start + 9 * (int64_t)MINUTE_US, &since));
    cr_assert_eq(souk_refusals_counted(SOUK_REFUSAL_LIMIT), 8);
}

Test(refusals, of_one_reason_do_not_hold_back_another)
{
    uint64_t since;
    souk_refusals_count(SOUK_REFUSAL_LIMIT);
    cr_assert(souk_refusals_due(SOUK_REFUSAL_LIMIT, MINUTE_US, &since));
    souk_refusals_count(SOUK_REFUSAL_PROTOCOL);
    cr_assert(souk_refusals_due(SOUK_REFUSAL_PROTOCOL, MINUTE_US + 1, &since));
    cr_assert_eq(since, 1);
}

/* As nng 1.10.1 with mbed TLS 3.6.3 says it (tests/e2e/serve_tls.sh has it say so). */
Test(refusals, of_tls_are_told_apart)
{
    cr_assert_eq(souk_refusals_tls_reason("TLS handshake failed: SSL - No client certification "
                                          "received from the client, but required by the "
                                          "authentication mode"),
                 SOUK_REFUSAL_NO_CERTIFICATE);
    cr_assert_eq(souk_refusals_tls_reason("TLS handshake failed: X509 - Certificate verification "
                                          "failed, e.g. CRL, CA or signature check failed"),
                 SOUK_REFUSAL_CERTIFICATE);
    cr_assert_eq(
        souk_refusals_tls_reason("TLS handshake failed: SSL - An invalid SSL record was received"),
        SOUK_REFUSAL_NOT_TLS);
    cr_assert_eq(souk_refusals_tls_reason("TLS handshake failed: SSL - Handshake protocol not "
                                          "within min/max boundaries"),
                 SOUK_REFUSAL_HANDSHAKE);
    cr_assert_eq(souk_refusals_tls_reason("TLS handshake failed: SSL - An unexpected message was "
                                          "received from our peer"),
                 SOUK_REFUSALS);
}
