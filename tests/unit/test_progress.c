#include "shared/base/progress.h"

#include "shared/base/clock.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *drawn(void)
{
    static char text[8192];
    fclose(stderr); /* ends the pipe */
    FILE *file = cr_get_redirected_stderr();
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    return text;
}

static int count_of(const char *text, const char *what)
{
    int count = 0;
    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        count++;
    return count;
}

/* A progress that began `seconds` ago and was drawn last at its beginning. */
static struct souk_progress begun(int64_t total, bool terminal, int seconds)
{
    struct souk_progress p;
    souk_progress_init(&p, "epochs", total, "epochs", false);
    p.terminal = terminal;
    p.start_us -= INT64_C(1000000) * seconds;
    p.shown_us = p.start_us;
    return p;
}

TestSuite(progress, .init = cr_redirect_stderr);

Test(progress, shows_rate_and_time_left)
{
    struct souk_progress p = begun(200, false, 50);
    souk_progress_update(&p, 50, "loss 0.5");
    cr_assert_str_eq(drawn(), "epochs  25%  50/200 epochs, 1/s, 2m30s left, loss 0.5\n");
}

Test(progress, says_how_long_it_took)
{
    struct souk_progress p = begun(2679457, false, 20);
    souk_progress_finish(&p, 2679457, NULL);
    cr_assert_str_eq(drawn(), "epochs 100%  2.68M/2.68M epochs, 134k/s, 20s\n");
}

Test(progress, counts_where_the_total_is_not_known)
{
    struct souk_progress p = begun(0, false, 20);
    souk_progress_update(&p, 5000, NULL);
    cr_assert_str_eq(drawn(), "epochs 5000 epochs, 250/s, 20s\n");
}

Test(progress, writes_a_line_every_ten_seconds_off_a_terminal)
{
    struct souk_progress p = begun(1000, false, 9);
    souk_progress_update(&p, 90, NULL);
    p.start_us -= 1000000;
    p.shown_us -= 1000000;
    souk_progress_update(&p, 100, NULL);
    for (int i = 0; i < 100; i++)
        souk_progress_update(&p, 100 + i, NULL);
    cr_assert_eq(count_of(drawn(), "\n"), 1);
}

Test(progress, redraws_one_line_on_a_terminal)
{
    struct souk_progress p = begun(4, true, 4);
    souk_progress_update(&p, 2, NULL);
    souk_progress_update(&p, 3, NULL); /* within the same tenth of a second */
    souk_progress_finish(&p, 4, NULL);
    const char *text = drawn();
    cr_assert_eq(count_of(text, "\r"), 2);
    cr_assert_eq(count_of(text, "\n"), 1);
    cr_assert_not_null(strstr(text, "[############............]  50%  2/4 epochs"));
    cr_assert_not_null(strstr(text, "[########################] 100%  4/4 epochs"));
}

Test(progress, survives_nonsense)
{
    struct souk_progress p = begun(10, true, 1);
    souk_progress_update(&p, 10000, NULL);
    p.shown_us = 0;
    souk_progress_update(&p, INT64_MAX, NULL);
    p.shown_us = 0;
    souk_progress_update(&p, 0, NULL);
    p.start_us = souk_monotonic_us() + 1000000;
    souk_progress_finish(&p, 3, NULL);
    cr_assert_eq(count_of(drawn(), "\n"), 1);
}

Test(progress, is_quiet_when_asked)
{
    struct souk_progress p = begun(10, false, 60);
    p.quiet = true;
    souk_progress_update(&p, 5, NULL);
    souk_progress_finish(&p, 10, NULL);
    souk_progress_update(NULL, 5, NULL);
    souk_progress_finish(NULL, 10, NULL);
    cr_assert_str_eq(drawn(), "");
}
