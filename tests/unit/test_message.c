/* Messages: what is written is read; what a peer makes up is refused with its reason. */
#include "shared/wire/message.h"
#include "shared/wire/writer.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static char reason[128];

static void expect_refused(const char *bytes, size_t len, const char *why)
{
    struct souk_message m;
    char *exact = malloc(len ? len : 1);
    memcpy(exact, bytes, len);
    cr_assert_neq(souk_message_parse(&m, exact, len, reason, sizeof reason), SOUK_WIRE_OK);
    cr_assert_not_null(strstr(reason, why), "'%s', wanted '%s'", reason, why);
    souk_message_fini(&m);
    free(exact);
}

#define REFUSED(text, why) expect_refused(text, sizeof(text) - 1, why)

Test(message, what_is_written_is_read)
{
    struct souk_writer w;
    struct souk_message m;
    const int64_t rows[] = {3, 5, INT64_MAX};
    const char *text = NULL;
    const void *data = NULL;
    size_t len = 0;
    int64_t number = 0, count = 0;
    double real = 0;
    bool flag = false;
    souk_writer_init(&w);
    souk_writer_map(&w, 5);
    souk_writer_put_int(&w, "n", -7);
    souk_writer_put_real(&w, "x", .1);
    souk_writer_put_bool(&w, "b", true);
    souk_writer_put_string(&w, "s", "caf\xc3\xa9");
    souk_writer_put_binary(&w, "rows", rows, sizeof rows);
    cr_assert_not(w.failed);
    cr_assert_eq(souk_message_parse(&m, w.buffer.data, w.buffer.size, reason, sizeof reason),
                 SOUK_WIRE_OK, "%s", reason);
    cr_assert(souk_message_int(&m, "n", -10, 10, &number) && number == -7);
    cr_assert(souk_message_map_number(&m.unpacked.data, "x", &real) && real == .1);
    cr_assert(souk_message_bool(&m, "b", &flag) && flag);
    cr_assert(souk_message_text(&m, "s", 5, &text, &len) && len == 5);
    cr_assert(souk_message_array(&m, "rows", sizeof *rows, &data, &count) && count == 3);
    cr_assert_eq(memcmp(data, rows, sizeof rows), 0);
    souk_message_fini(&m);
    souk_writer_fini(&w);
}

Test(message, fields_of_the_wrong_type_or_size_are_refused)
{
    static const char bytes[] = "\x83\xa1n\x05\xa1s\xa3"
                                "abc\xa1r\xc4\x05"
                                "12345";
    struct souk_message m;
    const char *text = NULL;
    const void *data = NULL;
    size_t len = 0;
    int64_t number = 9, count = 0;
    bool flag = false;
    cr_assert_eq(souk_message_parse(&m, bytes, sizeof bytes - 1, reason, sizeof reason),
                 SOUK_WIRE_OK, "%s", reason);
    cr_assert_not(souk_message_int(&m, "s", 0, 10, &number));
    cr_assert_not(souk_message_int(&m, "n", 6, 10, &number));
    cr_assert_not(souk_message_text(&m, "n", 10, &text, &len));
    cr_assert_not(souk_message_text(&m, "s", 2, &text, &len));
    cr_assert_not(souk_message_bool(&m, "n", &flag));
    cr_assert_not(souk_message_array(&m, "r", 4, &data, &count), "5 bytes are no whole floats");
    cr_assert(souk_message_int(&m, "absent", 0, 1, &number) && number == 9);
    souk_message_fini(&m);
}

Test(message, refuses_what_is_no_message)
{
    REFUSED("", "empty");
    REFUSED("\x01", "not a map");
    REFUSED("\x91\x01", "not a map");
    REFUSED("\x80\x80", "bytes behind");
    REFUSED("\x81\xa1v", "cut short");
    REFUSED("\x81\xa1v\xcf\x00", "cut short");
    REFUSED("\x81\xa1v\xdb\xff\xff\xff\xff", "cut short");
    REFUSED("\x81\xa1v\xdd\xff\xff\xff\xff\x00", "cut short");
    REFUSED("\xdf\xff\xff\xff\xff", "cut short");
    REFUSED("\x81\xa1v\xc1", "type");
    REFUSED("\x81\xa1v\xd4\x01\x02", "type");
    REFUSED("\x81\xa1v\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00", "not finite");
    REFUSED("\x81\xa1v\xca\xff\xc0\x00\x01", "not finite");
}

Test(message, depth_is_counted_to_the_limit)
{
    char bytes[64] = "\x81\xa1v";
    struct souk_message m;
    for (int deep = 1; deep <= 20; deep++) {
        memset(bytes + 3, '\x91', (size_t)deep);
        bytes[3 + deep] = '\x01';
        const bool fits = deep + 1 <= SOUK_WIRE_DEPTH_MAX;
        cr_assert_eq(souk_message_parse(&m, bytes, (size_t)deep + 4, reason, sizeof reason) ==
                         SOUK_WIRE_OK,
                     fits, "depth %d: %s", deep + 1, reason);
        souk_message_fini(&m);
    }
}

Test(message, every_prefix_of_a_message_is_refused)
{
    static const char bytes[] = "\x83\xa1v\x01\xa2op\xa4scan\xa4list\x92\xca\x3f\x80\x00\x00\xc3";
    for (size_t len = 0; len < sizeof bytes - 1; len++)
        expect_refused(bytes, len, len == 0 ? "empty" : "cut short");
}

Test(message, a_message_over_the_limit_is_too_large)
{
    struct souk_message m;
    char *bytes = calloc(1, SOUK_WIRE_BYTES_MAX + 1);
    cr_assert_eq(souk_message_parse(&m, bytes, SOUK_WIRE_BYTES_MAX + 1, reason, sizeof reason),
                 SOUK_WIRE_TOO_LARGE);
    souk_message_fini(&m);
    free(bytes);
}
