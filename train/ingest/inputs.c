#include "train/ingest/inputs.h"

#include "shared/base/memory.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES_MAX = 10000 };

static void list_fini(struct souk_file_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->names[i]);
    free(list->names);
    *list = (struct souk_file_list){0};
}

static souk_status no_memory(struct souk_error *err)
{
    return souk_fail(err, SOUK_ENOMEM, "no memory for the names of input files");
}

/* Takes over `name`, which may be NULL for no memory. */
static souk_status list_add(struct souk_file_list *list, char *name, struct souk_error *err)
{
    const souk_status status =
        name ? souk_grow(&list->names, &list->cap, list->count + 1, FILES_MAX, sizeof *list->names)
             : SOUK_ENOMEM;
    if (status) {
        free(name);
        return status == SOUK_ELIMIT ? souk_fail(err, status, "more than %d input files", FILES_MAX)
                                     : no_memory(err);
    }
    list->names[list->count++] = name;
    return SOUK_OK;
}

static souk_status take_category_tree(struct souk_inputs *in, char *path, struct souk_error *err)
{
    free(in->category_tree);
    in->category_tree = path;
    return path ? SOUK_OK : no_memory(err);
}

static char *join(const char *folder, const char *name)
{
    const size_t len = strlen(folder);
    const size_t size = len + strlen(name) + 2;
    char *path = souk_alloc_array(size, 1);
    if (path)
        snprintf(path, size, "%s%s%s", folder, len && folder[len - 1] == '/' ? "" : "/", name);
    return path;
}

static bool is_property_file(const char *name)
{
    static const char prefix[] = "item_properties", suffix[] = ".csv";
    const size_t len = strlen(name);
    return strncmp(name, prefix, sizeof prefix - 1) == 0 && len >= sizeof suffix &&
           strcmp(name + len - (sizeof suffix - 1), suffix) == 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The order of a folder's entries is the file system's own: sort what is found. */
static souk_status add_folder(struct souk_inputs *in, const char *path, struct souk_error *err)
{
    const size_t before = in->properties.count;
    souk_status status = list_add(&in->events, join(path, "events.csv"), err);
    if (status)
        return status;
    DIR *folder = opendir(path);
    if (!folder)
        return souk_fail_errno(err, "%s", path);
    for (const struct dirent *e; !status && (e = readdir(folder));) {
        if (is_property_file(e->d_name))
            status = list_add(&in->properties, join(path, e->d_name), err);
        if (strcmp(e->d_name, "category_tree.csv") == 0)
            status = take_category_tree(in, join(path, e->d_name), err);
    }
    closedir(folder);
    if (!status && in->properties.count > before)
        qsort(in->properties.names + before, in->properties.count - before,
              sizeof *in->properties.names, compare_names);
    return status;
}

souk_status souk_inputs_add_operand(struct souk_inputs *in, const char *path,
                                    struct souk_error *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return souk_fail_errno(err, "%s", path);
    if (S_ISDIR(st.st_mode))
        return add_folder(in, path, err);
    return list_add(&in->events, souk_strndup(path, strlen(path)), err);
}

souk_status souk_inputs_set_properties(struct souk_inputs *in, const char *list,
                                       struct souk_error *err)
{
    souk_status status = SOUK_OK;
    list_fini(&in->properties);
    while (*list && !status) {
        const size_t len = strcspn(list, ",");
        if (len)
            status = list_add(&in->properties, souk_strndup(list, len), err);
        list += len + (list[len] == ',');
    }
    return status;
}

souk_status souk_inputs_set_category_tree(struct souk_inputs *in, const char *path,
                                          struct souk_error *err)
{
    return take_category_tree(in, souk_strndup(path, strlen(path)), err);
}

void souk_inputs_fini(struct souk_inputs *in)
{
    list_fini(&in->events);
    list_fini(&in->properties);
    free(in->category_tree);
    *in = (struct souk_inputs){0};
}
