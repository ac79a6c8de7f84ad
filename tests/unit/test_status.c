#include "shared/base/status.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static void assert_text(const struct souk_error *err, souk_status status, const char *msg)
{
    cr_assert_eq(err->status, status);
    cr_assert_str_eq(err->msg, msg);
}

/* Programs and scripts see these numbers: they never change. */
Test(status, keeps_its_numbers)
{
    cr_assert_eq(SOUK_OK, 0);
    cr_assert_eq(SOUK_EFORMAT, 4);
    cr_assert_eq(SOUK_EUSAGE, 15);
}

Test(status, has_a_text_for_every_value)
{
    cr_assert_str_eq(souk_status_text(SOUK_ENOTFOUND), "not found");
    for (int value = 0; value <= SOUK_EUSAGE; value++)
        cr_assert_str_neq(souk_status_text((souk_status)value), "unknown status");
    cr_assert_str_eq(souk_status_text((souk_status)999), "unknown status");
}

Test(status, maps_to_the_exit_codes)
{
    cr_assert_eq(souk_exit_code(SOUK_OK), 0);
    cr_assert_eq(souk_exit_code(SOUK_EUSAGE), 2);
    cr_assert_eq(souk_exit_code(SOUK_EFORMAT), 3);
    cr_assert_eq(souk_exit_code(SOUK_EINTEGRITY), 3);
    cr_assert_eq(souk_exit_code(SOUK_EVERSION), 3);
    cr_assert_eq(souk_exit_code(SOUK_EINTERRUPTED), 4);
    cr_assert_eq(souk_exit_code(SOUK_EIO), 1);
    cr_assert_eq(souk_exit_code((souk_status)999), 1);
}

Test(status, returns_what_it_records)
{
    struct souk_error err = {0};
    cr_assert_eq(souk_fail(&err, SOUK_EFORMAT, "%s:%d: bad", "a.csv", 7), SOUK_EFORMAT);
    assert_text(&err, SOUK_EFORMAT, "a.csv:7: bad");
    cr_assert_eq(souk_fail(NULL, SOUK_ELIMIT, "nobody listens"), SOUK_ELIMIT);
}

Test(status, cuts_a_long_message)
{
    struct souk_error err = {0};
    cr_assert_eq(souk_fail(&err, SOUK_EIO, "%0500d", 1), SOUK_EIO);
    cr_assert_eq(strlen(err.msg), sizeof err.msg - 1);
    errno = EACCES;
    cr_assert_eq(souk_fail_errno(&err, "%0500d", 1), SOUK_EIO);
    cr_assert_eq(strlen(err.msg), sizeof err.msg - 1);
    cr_assert_eq(souk_error_prefix(&err, SOUK_EIO, "%0500d", 2), SOUK_EIO);
    cr_assert_eq(strlen(err.msg), sizeof err.msg - 1);
}

Test(status, tells_a_missing_file_from_a_failing_one)
{
    struct souk_error err = {0};
    errno = ENOENT;
    cr_assert_eq(souk_fail_errno(&err, "a.csv"), SOUK_ENOTFOUND);
    assert_text(&err, SOUK_ENOTFOUND, "a.csv: No such file or directory");
    errno = ENOSPC;
    cr_assert_eq(souk_fail_errno(&err, "a.csv"), SOUK_EIO);
    assert_text(&err, SOUK_EIO, "a.csv: No space left on device");
}

Test(status, puts_the_place_before_the_reason)
{
    struct souk_error err = {0};
    const souk_status status = souk_fail(&err, SOUK_EINTEGRITY, "digest differs");
    cr_assert_eq(souk_error_prefix(&err, status, "part %d", 3), SOUK_EINTEGRITY);
    assert_text(&err, SOUK_EINTEGRITY, "part 3: digest differs");
    cr_assert_eq(souk_error_prefix(NULL, SOUK_EIO, "nobody listens"), SOUK_EIO);
}
