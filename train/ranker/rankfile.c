#include "train/ranker/rankfile.h"

#include "shared/base/memory.h"
#include "train/ranker/csvrows.h"
#include "train/ranker/libsvm.h"

#include <stdlib.h>
#include <string.h>

static bool ends_in(const char *text, const char *end)
{
    const size_t len = strlen(text), n = strlen(end);
    return len >= n && strcmp(text + len - n, end) == 0;
}

/* The number of a feature of this name, or of this number. */
static int find_feature(const struct souk_rankdata *d, const char *name)
{
    char *end;
    for (int f = 0; d->feature_name && f < d->features; f++)
        if (strcmp(d->feature_name[f], name) == 0)
            return f;
    const long number = strtol(name, &end, 10);
    return *name && *end == 0 && number >= 0 && number < d->features ? (int)number : -1;
}

static souk_status mark_categorical(struct souk_rankdata *d, const char *names,
                                    struct souk_error *err)
{
    souk_status status = SOUK_OK;
    char *rest, *list = souk_strndup(names, strlen(names));
    d->categorical = souk_zalloc_array((size_t)d->features, sizeof *d->categorical);
    if (!list || !d->categorical)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for names of features");
    for (char *name = list ? strtok_r(list, ",", &rest) : NULL; status == SOUK_OK && name;
         name = strtok_r(NULL, ",", &rest)) {
        const int f = find_feature(d, name);
        if (f >= 0)
            d->categorical[f] = true;
        else
            status =
                souk_fail(err, SOUK_EUSAGE, "--categorical %s: there is no such feature", name);
    }
    free(list);
    return status;
}

souk_status souk_rankfile_read_all(const struct souk_comm *comm, const char *path,
                                   const struct souk_rankfile_rules *rules,
                                   const struct souk_rankdata *like, struct souk_rankdata *d,
                                   struct souk_error *err)
{
    struct souk_textfile file;
    *d = (struct souk_rankdata){0};
    souk_status status =
        souk_status_agree_all(comm, souk_textfile_open(&file, comm, path, err), err);
    if (status == SOUK_OK) {
        if (ends_in(path, ".csv") || ends_in(path, ".tsv"))
            status = souk_csvrows_read_all(comm, &file, rules, like, d, err);
        else
            status = souk_libsvm_read_all(comm, &file, like ? like->features : 0, d, err);
    }
    if (status == SOUK_OK && rules->categorical)
        status = souk_status_agree_all(comm, mark_categorical(d, rules->categorical, err), err);
    if (status)
        souk_rankdata_fini(d);
    souk_textfile_close(&file);
    return status;
}
