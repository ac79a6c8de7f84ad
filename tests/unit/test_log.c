#include "shared/base/log.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *logged(void)
{
    static char text[8192];
    fclose(stderr); /* ends the pipe */
    FILE *file = cr_get_redirected_stderr();
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    return text;
}

TestSuite(log, .init = cr_redirect_stderr);

Test(log, writes_time_level_event_and_pairs)
{
    souk_log_setup("souk-try", 0, SOUK_LOG_INFO);
    souk_log(SOUK_LOG_INFO, "ready", "listen=%s port=%d", "tcp://127.0.0.1", 7101);
    const char *text = logged();
    cr_assert_eq(text[10], 'T');
    cr_assert_eq(text[23], 'Z');
    cr_assert_str_eq(text + 24, " INFO ready program=souk-try listen=tcp://127.0.0.1 port=7101\n");
}

Test(log, leaves_info_to_rank_0)
{
    souk_log_setup("souk-try", 2, SOUK_LOG_DEBUG);
    souk_log(SOUK_LOG_INFO, "ready", "x=1");
    souk_log(SOUK_LOG_WARN, "slow", "x=2");
    const char *text = logged();
    cr_assert_null(strstr(text, "ready"));
    cr_assert_str_eq(text + 24, " WARN slow program=souk-try rank=2 x=2\n");
}

Test(log, drops_what_is_below_the_level)
{
    souk_log_setup("souk-try", 0, SOUK_LOG_WARN);
    souk_log(SOUK_LOG_DEBUG, "a", "x=1");
    souk_log(SOUK_LOG_INFO, "b", "x=1");
    souk_log(SOUK_LOG_ERROR, "c", "%s", "");
    cr_assert_str_eq(logged() + 24, " ERROR c program=souk-try\n");
}

/* What a peer sent must not begin a line of its own in somebody's log. */
Test(log, keeps_a_hostile_value_on_its_line)
{
    souk_log_setup("souk-try", 0, SOUK_LOG_INFO);
    souk_log(SOUK_LOG_WARN, "bad", "op='%s'", "x\n2026-01-01T00:00:00Z ERROR\x1b[2J\x7f");
    cr_assert_str_eq(logged() + 24,
                     " WARN bad program=souk-try op='x?2026-01-01T00:00:00Z ERROR?[2J?'\n");
}

Test(log, cuts_a_long_line_and_ends_it)
{
    souk_log_setup("souk-try", 3, SOUK_LOG_INFO);
    for (int width = 930; width < 980; width++) /* 50 lines: what a pipe holds */
        souk_log(SOUK_LOG_WARN, "long", "x=%0*d", width, 1);
    fclose(stderr);
    FILE *file = cr_get_redirected_stderr();
    char line[4096];
    int lines = 0;
    for (; fgets(line, sizeof line, file); lines++) {
        cr_assert_leq(strlen(line), 1024u);
        cr_assert_eq(line[strlen(line) - 1], '\n');
    }
    cr_assert_eq(lines, 50);
}

Test(log, complains_with_the_message_or_the_status)
{
    struct souk_error err = {.status = SOUK_ENOMEM};
    souk_log_setup("souk-try", 0, SOUK_LOG_INFO);
    souk_complain(&err);
    cr_assert_eq(souk_fail(&err, SOUK_EFORMAT, "a.csv:7: b\nad"), SOUK_EFORMAT);
    souk_complain(&err);
    cr_assert_str_eq(logged(), "souk-try: out of memory\nsouk-try: a.csv:7: b?ad\n");
}
