#include "serve/net/pinning.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <string.h>

Test(pinning, moves_the_calling_thread)
{
    struct souk_pinning *p = NULL;
    struct souk_error err = {0};
    cpu_set_t before, after, next;
    cr_assert_eq(sched_getaffinity(0, sizeof before, &before), 0);
    cr_assert_eq(souk_pinning_new("0", &p, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(souk_pinning_bind(p, 0, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(sched_getaffinity(0, sizeof after, &after), 0);
    CPU_AND(&next, &before, &after);
    cr_assert(CPU_EQUAL(&next, &after), "a core of this machine");
    cr_assert(CPU_COUNT(&after) >= 1 && CPU_COUNT(&after) <= CPU_COUNT(&before));
    cr_assert_eq(souk_pinning_bind(p, 7, &err), SOUK_OK, "threads take the cores in turn");
    cr_assert_eq(sched_getaffinity(0, sizeof next, &next), 0);
    cr_assert(CPU_EQUAL(&next, &after));
    souk_pinning_free(p);
}

Test(pinning, refuses_what_is_no_list_of_cores)
{
    static const char *const bad[] = {"", "x", "0x1", "4096", "0-", "-1", "0-99999", "1,,", "all"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct souk_pinning *p = NULL;
        struct souk_error err = {0};
        cr_expect_eq(souk_pinning_new(bad[i], &p, &err), SOUK_EUSAGE, "'%s'", bad[i]);
        cr_expect(strstr(err.msg, "--pin"));
        cr_expect_null(p);
    }
}
