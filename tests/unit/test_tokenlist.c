/* The tokens file: what it may say, what is told of what it may not, and edits that keep the rest.
 */
#include "serve/access/access.h"
#include "serve/access/tokenedit.h"
#include "serve/access/tokenlist.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

static struct souk_error err;
static struct souk_token_list list;

Test(tokenlist, reads_a_token_to_a_line)
{
    const char *text = "# tokens\n\n"
                       "shop read,write 2027-02-24T00:00:00Z 200:400 " HASH_A "  # the shop\r\n"
                       "\treports.2\tread - - " HASH_B;
    cr_assert_eq(souk_token_list_parse("t", text, &list, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(list.count, 2);
    cr_expect_str_eq(list.entries[0].name, "shop");
    cr_expect_eq(list.entries[0].scopes, SOUK_SCOPE_READ | SOUK_SCOPE_WRITE);
    cr_expect_eq(list.entries[0].expires_s, 1803427200);
    cr_expect_eq(list.entries[0].rate, 200);
    cr_expect_eq(list.entries[0].burst, 400);
    cr_expect_eq(list.entries[0].digest.bytes[31], 0xaa);
    cr_expect_eq(list.entries[1].expires_s, INT64_MAX);
    cr_expect_eq(list.entries[1].rate, 0);
    cr_expect_eq(list.entries[1].line, 4);
    cr_expect_eq(souk_token_list_find(&list, "reports.2"), 1);
    cr_expect_eq(souk_token_list_find(&list, "reports"), -1);
    souk_token_list_fini(&list);
}

Test(tokenlist, what_is_written_reads_back)
{
    struct souk_token_entry e = {"a-1",    SOUK_SCOPE_ADMIN | SOUK_SCOPE_READ, 1803427199, .125, 3,
                                 .line = 1};
    char text[SOUK_TOKEN_LINE_MAX], again[SOUK_TOKEN_LINE_MAX];
    memset(e.digest.bytes, 0x5c, sizeof e.digest.bytes);
    souk_token_entry_format(&e, text);
    cr_assert_eq(souk_token_list_parse("t", text, &list, &err), SOUK_OK, "%s: %s", text, err.msg);
    souk_token_entry_format(&list.entries[0], again);
    cr_expect_str_eq(again, text);
    cr_expect_eq(list.entries[0].expires_s, e.expires_s);
    cr_expect_eq(list.entries[0].rate, e.rate);
    cr_expect_eq(list.entries[0].scopes, e.scopes);
    souk_token_list_fini(&list);
}

Test(tokenlist, says_what_is_wrong_and_where)
{
    const struct {
        const char *text, *message;
    } cases[] = {
        {"a read - -\n", "t:1: a line is NAME SCOPES"},
        {"a read - - " HASH_A " more\n", "t:1: a line is NAME SCOPES"},
        {"#\na/b read - - " HASH_A, "t:2: 'a/b' is not a name"},
        {"a root - - " HASH_A, "'root' is not a scope"},
        {"a read,,write - - " HASH_A, "'' is not a scope"},
        {"a read, - - " HASH_A, "'' is not a scope"},
        {"a read tomorrow - " HASH_A, "'tomorrow' is not a time"},
        {"a read 2027-02-30 - " HASH_A, "is not a time"},
        {"a read - 0 " HASH_A, "'0' is not a rate"},
        {"a read - nan " HASH_A, "is not a rate"},
        {"a read - inf " HASH_A, "is not a rate"},
        {"a read - 1:0 " HASH_A, "is not a rate"},
        {"a read - 1:-1 " HASH_A, "is not a rate"},
        {"a read - 1:99999999999999999999 " HASH_A, "is not a rate"},
        {"a read - 1:2x " HASH_A, "is not a rate"},
        {"a read - - " HASH_A "a", "the hash is not of 64 hex digits"},
        {"a read - - xy" HASH_A, "the hash is not of 64 hex digits"},
        {"a read - - " HASH_A "\nb read - - " HASH_A, "t:2: the hash stands in line 1 already"},
        {"a read - - " HASH_A "\na read - - " HASH_B, "t:2: a stands in line 1 already"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const souk_status status = souk_token_list_parse("t", cases[i].text, &list, &err);
        cr_expect_eq(status, SOUK_EFORMAT, "%s", cases[i].text);
        cr_expect(strstr(err.msg, cases[i].message), "'%s' for '%s'", err.msg, cases[i].text);
        souk_token_list_fini(&list);
    }
}

/* ---- files ---- */

static char folder[] = "/tmp/souk-tokens-XXXXXX", path[64];

static void write_file(const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0 && chmod(path, mode) == 0);
}

static void begin(void)
{
    cr_assert(mkdtemp(folder) && souk_token_prepare(&err) == SOUK_OK);
    snprintf(path, sizeof path, "%s/tokens", folder);
}

static void end(void)
{
    unlink(path);
    cr_expect_eq(rmdir(folder), 0, "nothing else is left in %s", folder);
}

Test(tokenlist, a_file_open_to_others_is_refused, .init = begin, .fini = end)
{
    const mode_t open_modes[] = {0604, 0602, 0620, 0660, 0644, 0666}, closed[] = {0600, 0400, 0640};
    for (size_t i = 0; i < sizeof open_modes / sizeof open_modes[0]; i++) {
        write_file("", open_modes[i]);
        cr_expect_eq(souk_token_list_read(path, &list, &err), SOUK_EINVAL, "%o", open_modes[i]);
        cr_expect(strstr(err.msg, "open to others"), "%s", err.msg);
        unlink(path);
    }
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++) {
        write_file("", closed[i]);
        cr_expect_eq(souk_token_list_read(path, &list, &err), SOUK_OK, "%s", err.msg);
        unlink(path);
    }
    cr_expect_eq(souk_token_list_read(path, &list, &err), SOUK_ENOTFOUND);
}

static void expect_text(const char *text)
{
    char *found = NULL;
    cr_assert_eq(souk_token_text_read(path, &found, &err), SOUK_OK, "%s", err.msg);
    cr_expect_str_eq(found, text);
    free(found);
}

static souk_status append(const char *name, int digest)
{
    struct souk_token_edit edit;
    struct souk_token_entry e = {.scopes = SOUK_SCOPE_READ, .expires_s = INT64_MAX};
    snprintf(e.name, sizeof e.name, "%s", name);
    memset(e.digest.bytes, digest, sizeof e.digest.bytes);
    souk_status status = souk_token_edit_begin(&edit, path, true, &err);
    if (!status)
        status = souk_token_edit_append(&edit, &e, &err);
    souk_token_edit_end(&edit);
    return status;
}

static souk_status remove_name(const char *name)
{
    struct souk_token_edit edit;
    souk_status status = souk_token_edit_begin(&edit, path, false, &err);
    if (!status)
        status = souk_token_edit_remove(&edit, name, &err);
    souk_token_edit_end(&edit);
    return status;
}

Test(tokenlist, an_edit_keeps_the_rest, .init = begin, .fini = end)
{
    struct stat info;
    write_file("# mine\na read - - " HASH_A " # first\n\n  # between\nb read - - " HASH_B, 0640);
    cr_assert_eq(append("c", 0xcc), SOUK_OK, "%s", err.msg);
    cr_assert_eq(append("c", 0xdd), SOUK_EEXIST);
    cr_expect(strstr(err.msg, ":6: c is there already"), "%s", err.msg);
    cr_assert_eq(remove_name("a"), SOUK_OK, "%s", err.msg);
    cr_assert_eq(remove_name("a"), SOUK_ENOTFOUND);
    expect_text("# mine\n\n  # between\nb read - - " HASH_B "\n"
                "c read - - "
                "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\n");
    cr_assert_eq(remove_name("c"), SOUK_OK, "%s", err.msg);
    cr_assert_eq(remove_name("b"), SOUK_OK, "%s", err.msg);
    expect_text("# mine\n\n  # between\n");
    cr_expect(stat(path, &info) == 0 && (info.st_mode & 0777) == 0640);
}

Test(tokenlist, a_new_file_is_its_owners_alone, .init = begin, .fini = end)
{
    struct stat info;
    umask(0);
    cr_assert_eq(append("c", 0xcc), SOUK_OK, "%s", err.msg);
    cr_expect(stat(path, &info) == 0 && (info.st_mode & 0777) == 0600);
}

Test(tokenlist, a_wrong_file_is_not_edited, .init = begin, .fini = end)
{
    write_file("nonsense\n", 0600);
    cr_expect_eq(append("c", 0xcc), SOUK_EFORMAT);
    expect_text("nonsense\n");
}
