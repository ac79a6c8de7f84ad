#include "train/ingest/categorytree.h"

#include "shared/base/memory.h"
#include "train/ingest/source.h"

#include <stdlib.h>
#include <string.h>

enum { CATEGORIES_MAX = 10000000 };

struct edge {
    char id[SOUK_ID_MAX_BYTES + 1], parent[SOUK_ID_MAX_BYTES + 1];
    int64_t line;
};

struct edges {
    struct edge *rows;
    size_t count, cap;
};

static void copy_field(char *to, const struct souk_csv_field *field)
{
    memcpy(to, field->text, field->len);
    to[field->len] = '\0';
}

static souk_status add_edge(struct edges *e, const struct souk_source *source,
                            const struct souk_record *record, int id, int parent,
                            struct souk_error *err)
{
    const struct souk_csv_field *f = record->fields;
    souk_status status;
    if (record->count != source->column_count || !souk_id_is_valid(f[id].text, f[id].len) ||
        (f[parent].len > 0 && !souk_id_is_valid(f[parent].text, f[parent].len)))
        return souk_fail(err, SOUK_EFORMAT, "%s:%lld: not a category and its parent", source->path,
                         (long long)(record->line + source->data_line - 1));
    status = souk_grow(&e->rows, &e->cap, e->count + 1, CATEGORIES_MAX, sizeof *e->rows);
    if (status)
        return souk_fail(err, status, "%s: more than %d categories", source->path, CATEGORIES_MAX);
    copy_field(e->rows[e->count].id, &f[id]);
    copy_field(e->rows[e->count].parent, &f[parent]);
    e->rows[e->count++].line = record->line;
    return SOUK_OK;
}

static souk_status read_edges(const char *path, struct edges *e, struct souk_error *err)
{
    const struct souk_comm alone = {.mpi = MPI_COMM_SELF, .rank = 0, .size = 1};
    struct souk_source source = {0};
    struct souk_record *record = souk_alloc_array(1, sizeof *record);
    bool more = true;
    souk_status status = record ? souk_source_open_all(&alone, path, ',', true, &source, err)
                                : souk_fail(err, SOUK_ENOMEM, "no memory");
    const int id = status ? -1 : souk_source_column(&source, "categoryid");
    const int parent = status ? -1 : souk_source_column(&source, "parentid");
    if (!status && (id < 0 || parent < 0))
        status = souk_fail(err, SOUK_EFORMAT, "%s:1: the header is not categoryid,parentid", path);
    while (!status) {
        status = souk_source_next(&source, record, &more, err);
        if (status || !more)
            break;
        status = add_edge(e, &source, record, id, parent, err);
    }
    souk_source_fini(&source);
    free(record);
    return status;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* All ids that occur, sorted, each once. */
static souk_status collect_ids(const struct edges *e, struct souk_idtable *ids)
{
    typedef char id_row[SOUK_ID_MAX_BYTES + 1];
    id_row *all = souk_zalloc_array(2 * e->count, sizeof *all);
    size_t count = 0, kept = 0;
    souk_status status;
    if (!all)
        return SOUK_ENOMEM;
    for (size_t i = 0; i < e->count; i++) {
        memcpy(all[count++], e->rows[i].id, sizeof *all);
        if (e->rows[i].parent[0])
            memcpy(all[count++], e->rows[i].parent, sizeof *all);
    }
    qsort(all, count, sizeof *all, by_id);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || strcmp(all[i], all[kept - 1]) != 0)
            memmove(all[kept++], all[i], sizeof *all);
    status = souk_idtable_init(ids, (int64_t)kept, SOUK_ID_MAX_BYTES + 1);
    for (size_t i = 0; i < kept && !status; i++)
        strcpy(ids->bytes + i * (size_t)ids->stride, all[i]);
    free(all);
    return status;
}

static souk_status build_tree(const char *path, const struct edges *e, struct souk_categories *out,
                              struct souk_error *err)
{
    struct souk_idtable ids = {0};
    int32_t *parent = NULL;
    souk_status status = collect_ids(e, &ids);
    if (!status && !(parent = souk_alloc_array((size_t)ids.count, sizeof *parent)))
        status = SOUK_ENOMEM;
    if (status) {
        status = souk_fail(err, status, "%s: no memory", path);
        goto out;
    }
    for (int64_t i = 0; i < ids.count; i++)
        parent[i] = -1;
    for (size_t i = 0; i < e->count; i++) {
        const struct edge *row = &e->rows[i];
        const int64_t child = souk_idtable_find(&ids, row->id, strlen(row->id));
        if (row->parent[0])
            parent[child] = (int32_t)souk_idtable_find(&ids, row->parent, strlen(row->parent));
    }
    status = souk_categories_init(out, &ids, parent, err);
    if (status)
        status = souk_error_prefix(err, status, "%s", path);
    else
        parent = NULL;
out:
    souk_idtable_fini(&ids);
    free(parent);
    return status;
}

souk_status souk_category_tree_read_all(const struct souk_comm *comm, const char *path,
                                        struct souk_categories *out, struct souk_error *err)
{
    struct edges edges = {0};
    souk_status status = SOUK_OK;
    *out = (struct souk_categories){0};
    if (comm->rank == 0) {
        status = read_edges(path, &edges, err);
        if (!status)
            status = build_tree(path, &edges, out, err);
    }
    free(edges.rows);
    return souk_status_agree_all(comm, status, err);
}
