/* Answers against references: right ones, whole and partial, and each way to be wrong. */
#include "serve/client/referencelists.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Shard 0 has 6 items of 10. Two items of a shard are in each list of two. */
#define HEAD(model) "souk-reference\t1\nmodel\t" model "\nn\t2\nitems\t6\t4\n"
static const char old_text[] =
    HEAD("old") "user\t\n9\t1\tpop1\n8\t0\tpop0\n7\t1\tpop3\n6\t0\tpop2\n"
                "user\tu1\n.5\t0\ta\n.25\t1\tb\n.125\t1\tc\n-1\t0\td\n"
                "user\tu2\n";
static const char new_text[] = HEAD("new") "user\tu1\n.75\t0\ta\n.375\t1\tb\n.25\t1\te\n-2\t0\tf\n";

static struct souk_references *references;

static souk_status load_text(const char *text, int64_t n, struct souk_error *err)
{
    char path[] = "/tmp/souk-reference-XXXXXX";
    const int descriptor = mkstemp(path);
    FILE *file = fdopen(descriptor, "w");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
    const souk_status status = souk_references_load(path, n, &references, err);
    unlink(path);
    return status;
}

static void load_two(void)
{
    char paths[2][32] = {"/tmp/souk-reference-XXXXXX", "/tmp/souk-reference-XXXXXX"}, both[80];
    for (int i = 0; i < 2; i++) {
        FILE *file = fdopen(mkstemp(paths[i]), "w");
        cr_assert(file && fputs(i == 0 ? old_text : new_text, file) >= 0 && fclose(file) == 0);
    }
    snprintf(both, sizeof both, "%s,%s", paths[0], paths[1]);
    cr_assert_eq(souk_references_load(both, 2, &references, NULL), SOUK_OK);
    for (int i = 0; i < 2; i++)
        unlink(paths[i]);
}

static void clean_up(void)
{
    souk_references_free(references);
}

TestSuite(referencelists, .fini = clean_up);

#define ITEM(item_id, item_score)                                                                  \
    {                                                                                              \
        .id = (item_id), .score = (item_score)                                                     \
    }

#define ANSWER(version, covers, ...)                                                               \
    (&(struct souk_answer){.id = "u1",                                                             \
                           .model = (version),                                                     \
                           .partial = (covers) < 1,                                                \
                           .coverage = (covers),                                                   \
                           .items = (struct souk_answer_item[]){__VA_ARGS__},                      \
                           .count = sizeof((struct souk_answer_item[]){__VA_ARGS__}) /             \
                                    sizeof(struct souk_answer_item)})

static enum souk_verdict verdict(const struct souk_answer *a)
{
    return souk_references_check(references, "u1", 2, a);
}

Test(referencelists, takes_right_answers, .init = load_two)
{
    cr_assert_eq(verdict(ANSWER("old", 1, ITEM("a", .5f), ITEM("b", .25f))), SOUK_VERDICT_RIGHT);
    cr_assert_eq(verdict(ANSWER("old", .6, ITEM("a", .5f), ITEM("d", -1))), SOUK_VERDICT_RIGHT);
    cr_assert_eq(verdict(ANSWER("old", .4, ITEM("b", .25f), ITEM("c", .125f))), SOUK_VERDICT_RIGHT);
    cr_assert_eq(verdict(ANSWER("new", 1, ITEM("a", .75f), ITEM("b", .375f))), SOUK_VERDICT_RIGHT);
    cr_assert_eq(souk_references_check(references, "u1", 1, ANSWER("old", 1, ITEM("a", .5f))),
                 SOUK_VERDICT_RIGHT);
}

Test(referencelists, takes_what_strangers_get_for_a_degraded_answer, .init = load_two)
{
    struct souk_answer *a = ANSWER("old", 1, ITEM("pop1", 9), ITEM("pop0", 8));
    cr_assert_eq(verdict(a), SOUK_VERDICT_WRONG);
    a->degraded = true;
    cr_assert_eq(verdict(a), SOUK_VERDICT_RIGHT);
    a = ANSWER("old", .4, ITEM("pop1", 9), ITEM("pop3", 7));
    a->degraded = true;
    cr_assert_eq(verdict(a), SOUK_VERDICT_RIGHT);
}

Test(referencelists, refuses_wrong_answers, .init = load_two)
{
    cr_assert_eq(verdict(ANSWER("old", 1, ITEM("a", .5f))), SOUK_VERDICT_WRONG, "too short");
    cr_assert_eq(verdict(ANSWER("old", 1, ITEM("b", .25f), ITEM("a", .5f))), SOUK_VERDICT_WRONG,
                 "order");
    cr_assert_eq(verdict(ANSWER("old", 1, ITEM("a", .5f), ITEM("b", .26f))), SOUK_VERDICT_WRONG,
                 "score");
    cr_assert_eq(verdict(ANSWER("old", 1, ITEM("a", .5f), ITEM("x", .25f))), SOUK_VERDICT_WRONG,
                 "item");
    cr_assert_eq(verdict(ANSWER("old", 1, ITEM("a", .5f), ITEM("b", .25f), ITEM("c", .125f))),
                 SOUK_VERDICT_WRONG, "too long");
    cr_assert_eq(verdict(ANSWER("old", 1, ITEM("b", .25f), ITEM("c", .125f))), SOUK_VERDICT_WRONG,
                 "a shard is missing without a mark");
    cr_assert_eq(verdict(ANSWER("old", .4, ITEM("a", .5f), ITEM("d", -1))), SOUK_VERDICT_WRONG,
                 "the coverage is the other shard's");
    cr_assert_eq(verdict(ANSWER("old", .5, ITEM("a", .5f), ITEM("d", -1))), SOUK_VERDICT_WRONG,
                 "the coverage is of no shards");
    struct souk_answer *a = ANSWER("old", 1, ITEM("a", .5f), ITEM("b", .25f));
    a->id = "u2";
    cr_assert_eq(verdict(a), SOUK_VERDICT_WRONG, "another user's");
}

Test(referencelists, knows_mixed_versions, .init = load_two)
{
    cr_assert_eq(verdict(ANSWER("old", 1, ITEM("a", .75f), ITEM("b", .25f))), SOUK_VERDICT_MIXED);
    cr_assert_eq(verdict(ANSWER("new", 1, ITEM("a", .5f), ITEM("b", .25f))), SOUK_VERDICT_MIXED,
                 "all of the version that is not stated");
    cr_assert_eq(verdict(ANSWER("mid", 1, ITEM("a", .5f), ITEM("b", .25f))),
                 SOUK_VERDICT_UNKNOWN_VERSION);
}

Test(referencelists, says_what_it_did_not_check, .init = load_two)
{
    struct souk_answer *a = ANSWER("old", 1, ITEM("a", .5f));
    a->id = "u9";
    cr_assert_eq(souk_references_check(references, "u9", 2, a), SOUK_VERDICT_UNCHECKED);
}

static void assert_refused(const char *text, int64_t n, souk_status expected, const char *reason)
{
    struct souk_error err = {0};
    cr_assert_eq(load_text(text, n, &err), expected, "%s", text);
    cr_assert_null(references);
    cr_assert(strstr(err.msg, reason), "%s", err.msg);
}

Test(referencelists, refuses_files_that_are_none)
{
    struct souk_error err = {0};
    assert_refused("", 2, SOUK_EFORMAT, "is empty");
    assert_refused("souk-reference\t2\n", 2, SOUK_EFORMAT, ":1: ");
    assert_refused("souk-reference\t1\nmodel\tm\n", 2, SOUK_EFORMAT, "ends in its head");
    assert_refused("souk-reference\t1\nmodel\tm\nn\t2\nitems\n", 2, SOUK_EFORMAT, ":4: ");
    assert_refused(HEAD("m") "1\t0\ta\n", 2, SOUK_EFORMAT, ":5: ");
    assert_refused(HEAD("m") "user\tu\nx\t0\ta\n", 2, SOUK_EFORMAT, ":6: ");
    assert_refused(HEAD("m") "user\tu\nnan\t0\ta\n", 2, SOUK_EFORMAT, ":6: ");
    assert_refused(HEAD("m") "user\tu\n1\t2\ta\n", 2, SOUK_EFORMAT, ":6: ");
    assert_refused(HEAD("m") "user\tu\n1\t1\n", 2, SOUK_EFORMAT, ":6: ");
    assert_refused(HEAD("m") "user\tu\nuser\tu\n", 2, SOUK_EFORMAT, "twice");
    assert_refused(HEAD("m"), 3, SOUK_EUSAGE, "lists of up to 2, 3 are asked for");
    cr_assert_eq(souk_references_load("/tmp/souk-there-is-none", 2, &references, &err),
                 SOUK_ENOTFOUND);
}
