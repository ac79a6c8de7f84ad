#include "shared/base/staging.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char MARKER[] = "model.h5";
static char root[] = "/tmp/souk_test_staging.XXXXXX";
static struct souk_staging staging;
static struct souk_error err;

static void enter_root(void)
{
    cr_assert_not_null(mkdtemp(root));
    cr_assert_eq(chdir(root), 0);
}

static void remove_root(void)
{
    cr_assert_eq(chdir("/"), 0);
    cr_assert_eq(souk_remove_tree(root, NULL), SOUK_OK);
}

TestSuite(staging, .init = enter_root, .fini = remove_root);

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file, "%s", path);
    fputs(text, file);
    fclose(file);
}

static void assert_text(const char *path, const char *expected)
{
    char text[64] = "";
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    cr_assert_str_eq(text, expected);
}

/* The names in the current folder, hidden ones too, sorted, with a blank behind each. */
static void assert_names(const char *expected)
{
    char names[256] = "";
    struct dirent **entries;
    const int count = scandir(".", &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0)
            strcat(strcat(names, entries[i]->d_name), " ");
        free(entries[i]);
    }
    free(entries);
    cr_assert_str_eq(names, expected);
}

static void begin(const char *path, bool folder)
{
    cr_assert_eq(souk_staging_begin(&staging, path, folder, MARKER, true, &err), SOUK_OK, "%s",
                 err.msg);
}

static void fill_folder(const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", staging.partial, MARKER);
    write_text(path, text);
    snprintf(path, sizeof path, "%s/part", staging.partial);
    write_text(path, text);
}

static void commit(void)
{
    cr_assert_eq(souk_staging_commit(&staging, &err), SOUK_OK, "%s", err.msg);
    souk_staging_end(&staging, true);
}

static void make_version(const char *path, const char *text)
{
    begin(path, true);
    fill_folder(text);
    commit();
}

static void assert_refused(const char *path, bool folder, souk_status status, const char *message)
{
    cr_assert_eq(souk_staging_begin(&staging, path, folder, MARKER, true, &err), status, "%s",
                 path);
    cr_assert_str_eq(err.msg, message);
    cr_assert_null(staging.path);
    cr_assert_null(staging.partial);
    souk_staging_end(&staging, true); /* safe after a failure */
}

Test(staging, shows_a_file_only_when_it_is_whole)
{
    write_text("out.json", "old");
    begin("out.json", false);
    write_text(staging.partial, "new");
    assert_text("out.json", "old");
    assert_names(".out.json.partial out.json ");
    commit();
    assert_text("out.json", "new");
    assert_names("out.json ");
}

Test(staging, replaces_a_folder_as_a_whole)
{
    make_version("m", "one");
    assert_text("m/part", "one");
    begin("m", true);
    fill_folder("two");
    assert_text("m/part", "one");
    commit();
    assert_text("m/part", "two");
    assert_names("m ");
}

Test(staging, leaves_nothing_when_it_is_not_committed)
{
    make_version("m", "one");
    begin("m/", true);
    fill_folder("two");
    souk_staging_end(&staging, true);
    begin("out.json", false);
    souk_staging_end(&staging, true);
    assert_text("m/part", "one");
    assert_names("m ");
}

Test(staging, removes_what_a_dead_process_left)
{
    cr_assert_eq(mkdir(".m.partial", 0777), 0);
    write_text(".m.partial/rest", "x");
    begin("m", true);
    cr_assert_neq(access(".m.partial/rest", F_OK), 0);
    fill_folder("one");
    commit();
    assert_names("m ");
}

/* Where names cannot be exchanged, a process can die between its two renames. */
Test(staging, puts_back_a_version_that_was_moved_aside)
{
    make_version("m", "one");
    cr_assert_eq(rename("m", ".m.replaced"), 0);
    begin("m", true);
    assert_text("m/part", "one");
    souk_staging_end(&staging, true);
    cr_assert_eq(mkdir(".m.replaced", 0777), 0); /* it died one step later: m is there already */
    begin("m", true);
    souk_staging_end(&staging, true);
    assert_text("m/part", "one");
    assert_names("m ");
}

Test(staging, never_replaces_what_is_not_ours)
{
    cr_assert_eq(mkdir("photos", 0777), 0);
    write_text("photos/a.jpg", "x");
    write_text("file", "x");
    assert_refused(
        "photos", true, SOUK_EEXIST,
        "photos exists and has no model.h5 in it: not ours to replace, give another name");
    assert_refused("file", true, SOUK_EEXIST, "file exists and is not a folder");
    assert_refused("photos", false, SOUK_EEXIST, "photos exists and is not a regular file");
    assert_refused("/dev/null", false, SOUK_EEXIST, "/dev/null exists and is not a regular file");
    assert_refused(".", true, SOUK_EINVAL, "'.' cannot be replaced: give it a name of its own");
    assert_refused("photos/..", true, SOUK_EINVAL,
                   "'photos/..' cannot be replaced: give it a name of its own");
    assert_refused("/", true, SOUK_EINVAL, "'/' cannot be replaced: give it a name of its own");
    assert_names("file photos ");
}

Test(staging, takes_an_empty_folder)
{
    cr_assert_eq(mkdir("m", 0777), 0);
    make_version("m", "one");
    assert_text("m/part", "one");
}

Test(staging, says_when_there_is_no_parent)
{
    assert_refused("no/m", true, SOUK_ENOTFOUND, "no/m: folder no: No such file or directory");
    write_text("file", "x");
    assert_refused("file/m", true, SOUK_ENOTFOUND, "file/m: file is not a folder");
}

Test(staging, replaces_what_a_link_points_to)
{
    make_version("v1", "one");
    cr_assert_eq(symlink("v1", "current"), 0);
    make_version("current", "two");
    assert_text("v1/part", "two");
    assert_text("current/part", "two");
    assert_names("current v1 ");
    cr_assert_eq(symlink("gone", "dangling"), 0);
    assert_refused("dangling", true, SOUK_ENOTFOUND,
                   "dangling: a link to nothing: No such file or directory");
}

Test(staging, tells_the_other_ranks_the_name_only)
{
    struct souk_staging other;
    begin("m", true);
    cr_assert_eq(souk_staging_begin(&other, "m", true, MARKER, false, &err), SOUK_OK);
    cr_assert_str_eq(other.partial, staging.partial);
    souk_staging_end(&other, false);
    cr_assert_eq(access(".m.partial", F_OK), 0);
    fill_folder("one");
    cr_assert_eq(souk_staging_sync_file(".m.partial/part", &err), SOUK_OK);
    commit();
}

Test(staging, keeps_the_old_version_when_the_commit_fails)
{
    make_version("m", "one");
    begin("m", true);
    cr_assert_eq(souk_remove_tree(staging.partial, &err), SOUK_OK);
    cr_assert_eq(souk_staging_commit(&staging, &err), SOUK_ENOTFOUND);
    souk_staging_end(&staging, true);
    assert_text("m/part", "one");
    assert_names("m ");
}

/* In a child: begin, guard, say so, and wait for the signal. */
static pid_t start_guarded(const char *path, bool folder)
{
    int ready[2];
    char byte;
    cr_assert_eq(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        if (souk_staging_begin(&staging, path, folder, MARKER, true, NULL) != SOUK_OK)
            _exit(1);
        souk_staging_guard(&staging);
        if (folder)
            fill_folder("new");
        if (write(ready[1], "r", 1) == 1)
            pause();
        _exit(1);
    }
    close(ready[1]);
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

static void assert_cleans_up(const char *path, bool folder, int signal_number)
{
    int status;
    const pid_t child = start_guarded(path, folder);
    assert_names(folder ? ".m.partial " : ".out.json.partial ");
    cr_assert_eq(kill(child, signal_number), 0);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == signal_number);
    assert_names("");
}

Test(staging, removes_the_partial_version_on_a_deadly_signal)
{
    signal(SIGINT, SIG_DFL); /* a background job is born ignoring it */
    signal(SIGHUP, SIG_DFL);
    assert_cleans_up("m", true, SIGTERM);
    assert_cleans_up("m", true, SIGINT);
    assert_cleans_up("m", true, SIGHUP);
    assert_cleans_up("out.json", false, SIGTERM);
}

Test(staging, goes_on_ignoring_a_signal_that_was_ignored)
{
    int status;
    signal(SIGHUP, SIG_IGN);
    const pid_t child = start_guarded("m", true);
    cr_assert_eq(kill(child, SIGHUP), 0);
    cr_assert_eq(kill(child, SIGTERM), 0);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(WTERMSIG(status), SIGTERM);
}

/* Readers that stat and open the version without a pause while writers that are killed at random
 * moments replace it: they must never miss it. */
Test(staging, is_never_missing_while_it_is_replaced_and_writers_die)
{
    make_version("m", "one");
    for (int round = 0; round < 60; round++) {
        int status;
        const pid_t writer = fork();
        if (writer == 0) {
            for (;;) {
                if (souk_staging_begin(&staging, "m", true, MARKER, true, NULL) != SOUK_OK)
                    _exit(1);
                souk_staging_guard(&staging);
                fill_folder("two");
                if (souk_staging_commit(&staging, NULL) != SOUK_OK)
                    _exit(1);
                souk_staging_end(&staging, true);
            }
        }
        for (int i = 0; i < 300 + 37 * round; i++)
            cr_assert_eq(access("m/model.h5", R_OK), 0);
        kill(writer, round % 2 ? SIGTERM : SIGKILL);
        cr_assert_eq(waitpid(writer, &status, 0), writer);
        cr_assert(WIFSIGNALED(status));
        begin("m", true);
        souk_staging_end(&staging, true);
        assert_names("m "); /* whatever the dead one left is gone */
    }
}

Test(staging, gives_the_signals_back)
{
    struct sigaction action;
    begin("m", true);
    souk_staging_guard(&staging);
    sigaction(SIGTERM, NULL, &action);
    cr_assert_neq(action.sa_handler, SIG_DFL);
    souk_staging_end(&staging, true);
    sigaction(SIGTERM, NULL, &action);
    cr_assert_eq(action.sa_handler, SIG_DFL);
}

Test(staging, removes_trees)
{
    cr_assert_eq(mkdir("a", 0777), 0);
    cr_assert_eq(mkdir("a/b", 0777), 0);
    write_text("a/b/c", "x");
    write_text("kept", "x");
    cr_assert_eq(symlink("../kept", "a/link"), 0);
    cr_assert_eq(souk_remove_tree("a", &err), SOUK_OK);
    assert_names("kept ");
    cr_assert_eq(souk_remove_tree("a", &err), SOUK_OK);
    cr_assert_eq(souk_remove_tree("kept", &err), SOUK_OK);
    assert_names("");
}
