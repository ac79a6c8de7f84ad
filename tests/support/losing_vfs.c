#include "tests/support/losing_vfs.h"

#include "shared/base/memory.h"
#include "shared/base/random.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES_MAX = 8, SECTOR = 512, OPERATIONS_MAX = 1 << 20, IMAGE_MAX = 1 << 28 };

struct image {
    char *bytes;
    size_t size, capacity;
};

/* A write, or a truncation (bytes NULL) to `at`. */
struct operation {
    int64_t at;
    size_t size;
    char *bytes;
    bool cut; /* the power went: programs never saw it */
};

struct file {
    char *path;
    bool exists;         /* for programs */
    bool durable_exists; /* on the disk; what it has there is `durable` */
    bool is_new;         /* made, and its name not synced: it is another one than the durable */
    struct image durable;
    struct operation *unsynced; /* [count] */
    size_t count, capacity;
};

/* What SQLite holds; the real file's own struct lies behind it. */
struct handle {
    sqlite3_file base;
    struct file *file;
    sqlite3_file real[];
};

static struct file files[FILES_MAX];
static int file_count;
static sqlite3_vfs *real_vfs;
static bool off;
static int64_t operations, cut_at;

/* ---- images ---- */

static void resize(struct image *i, size_t size)
{
    const souk_status status = souk_grow(&i->bytes, &i->capacity, size, IMAGE_MAX, 1);
    assert(status == SOUK_OK);
    if (!status && size > i->size)
        memset(i->bytes + i->size, 0, size - i->size);
    i->size = size;
}

static void put(struct image *i, const struct operation *o, size_t from, size_t size)
{
    if (i->size < (size_t)o->at + from + size)
        resize(i, (size_t)o->at + from + size);
    memcpy(i->bytes + o->at + from, o->bytes + from, size);
}

static void apply(struct image *i, const struct operation *o)
{
    if (o->bytes)
        put(i, o, 0, o->size);
    else
        resize(i, (size_t)o->at);
}

static void forget_operations(struct file *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->unsynced[i].bytes);
    f->count = 0;
}

static void add_operation(struct file *f, int64_t at, const void *bytes, size_t size, bool cut)
{
    struct operation o = {.at = at, .size = size, .cut = cut};
    const souk_status status =
        souk_grow(&f->unsynced, &f->capacity, f->count + 1, OPERATIONS_MAX, sizeof o);
    assert(status == SOUK_OK);
    if (bytes) {
        o.bytes = malloc(size + 1);
        assert(o.bytes);
        memcpy(o.bytes, bytes, size);
    }
    if (!status)
        f->unsynced[f->count++] = o;
}

/* ---- power ---- */

/* @return false: there is none */
static bool count_operation(void)
{
    operations++;
    if (cut_at > 0 && operations >= cut_at)
        off = true;
    return !off;
}

void losing_vfs_cut_after(int64_t n)
{
    cut_at = n > 0 ? operations + n : 0;
}

bool losing_vfs_is_off(void)
{
    return off;
}

int64_t losing_vfs_operations(void)
{
    return operations;
}

/* ---- a file ---- */

static struct file *find(const char *path)
{
    for (int i = 0; i < file_count; i++)
        if (strcmp(files[i].path, path) == 0)
            return &files[i];
    assert(file_count < FILES_MAX);
    struct file *f = &files[file_count++];
    *f = (struct file){.path = strdup(path)};
    return f;
}

static struct file *of(sqlite3_file *f)
{
    return ((struct handle *)f)->file;
}

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((struct handle *)f)->real;
}

static int close_file(sqlite3_file *f)
{
    return real_of(f)->pMethods->xClose(real_of(f));
}

static int read_file(sqlite3_file *f, void *out, int size, sqlite3_int64 at)
{
    return off ? SQLITE_IOERR_READ : real_of(f)->pMethods->xRead(real_of(f), out, size, at);
}

static int write_file(sqlite3_file *f, const void *bytes, int size, sqlite3_int64 at)
{
    const bool is_on = count_operation();
    /* The write under way when the power goes may be on the disk, wholly or in part. */
    if (is_on || operations == cut_at)
        add_operation(of(f), at, bytes, (size_t)size, !is_on);
    return is_on ? real_of(f)->pMethods->xWrite(real_of(f), bytes, size, at) : SQLITE_IOERR_WRITE;
}

static int truncate_file(sqlite3_file *f, sqlite3_int64 size)
{
    if (!count_operation())
        return SQLITE_IOERR_TRUNCATE;
    add_operation(of(f), size, NULL, 0, false);
    return real_of(f)->pMethods->xTruncate(real_of(f), size);
}

/* Names that were made are there, without contents; names that were deleted are not. */
static void sync_folder(void)
{
    for (int i = 0; i < file_count; i++) {
        if (files[i].is_new || !files[i].exists)
            files[i].durable.size = 0;
        files[i].is_new = false;
        files[i].durable_exists = files[i].exists;
    }
}

static int sync_file(sqlite3_file *f, int flags)
{
    struct file *file = of(f);
    (void)flags;
    if (!count_operation())
        return SQLITE_IOERR_FSYNC;
    if (file->is_new)
        sync_folder();
    for (size_t i = 0; i < file->count; i++)
        apply(&file->durable, &file->unsynced[i]);
    forget_operations(file);
    return SQLITE_OK; /* no real disk is asked: the power of this machine stays on */
}

static int file_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return off ? SQLITE_IOERR_FSTAT : real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int lock_file(sqlite3_file *f, int lock)
{
    return real_of(f)->pMethods->xLock(real_of(f), lock);
}

static int unlock_file(sqlite3_file *f, int lock)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), lock);
}

static int check_lock(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

/* A hint of the size to come would change the file behind our back. */
static int control_file(sqlite3_file *f, int op, void *argument)
{
    if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE)
        return SQLITE_NOTFOUND;
    return real_of(f)->pMethods->xFileControl(real_of(f), op, argument);
}

static int sector_size(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int characteristics(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int map_shm(sqlite3_file *f, int region, int size, int extend, void volatile **out)
{
    return real_of(f)->pMethods->xShmMap(real_of(f), region, size, extend, out);
}

static int lock_shm(sqlite3_file *f, int offset, int n, int flags)
{
    return real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
}

static void barrier_shm(sqlite3_file *f)
{
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int unmap_shm(sqlite3_file *f, int drop)
{
    return real_of(f)->pMethods->xShmUnmap(real_of(f), drop);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, /* without the mapping of files, which no write would pass by */
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_lock,
    .xFileControl = control_file,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = map_shm,
    .xShmLock = lock_shm,
    .xShmBarrier = barrier_shm,
    .xShmUnmap = unmap_shm,
};

/* ---- the VFS ---- */

static void note_open(struct file *f, bool is_database)
{
    if (f->exists)
        return;
    f->exists = true;
    f->is_new = !is_database;
    f->durable_exists = f->durable_exists || is_database;
    forget_operations(f);
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *out, int flags,
                     int *out_flags)
{
    struct handle *h = (struct handle *)out;
    (void)vfs;
    h->base.pMethods = NULL;
    if (off)
        return SQLITE_CANTOPEN;
    const int code = real_vfs->xOpen(real_vfs, name, h->real, flags, out_flags);
    if (code != SQLITE_OK)
        return code;
    h->base.pMethods = &methods;
    h->file = find(name ? name : "(temporary)");
    note_open(h->file, flags & SQLITE_OPEN_MAIN_DB);
    return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int folder_too)
{
    struct file *f = find(name);
    (void)vfs;
    if (!count_operation())
        return SQLITE_IOERR_DELETE;
    f->exists = false;
    forget_operations(f);
    if (folder_too)
        sync_folder();
    return real_vfs->xDelete(real_vfs, name, 0);
}

void losing_vfs_install(void)
{
    static sqlite3_vfs vfs;
    real_vfs = sqlite3_vfs_find(NULL);
    vfs = *real_vfs; /* functions get real_vfs's own data: its pAppData is copied, too */
    vfs.pNext = NULL;
    vfs.zName = "losing";
    vfs.szOsFile = (int)sizeof(struct handle) + real_vfs->szOsFile;
    vfs.xOpen = open_file;
    vfs.xDelete = delete_file;
    sqlite3_vfs_register(&vfs, 1);
}

/* ---- boot ---- */

enum keep { KEEP_NOTHING, KEEP_OPERATIONS, KEEP_SECTORS, KEEP_WAYS };

static bool coin(uint64_t seed, uint64_t *n)
{
    return souk_random_bits(seed, 0, (*n)++) & 1;
}

static void keep_some(struct file *f, enum keep keep, uint64_t seed, uint64_t *n)
{
    for (size_t i = 0; i < f->count; i++) {
        const struct operation *o = &f->unsynced[i];
        if (keep == KEEP_OPERATIONS || !o->bytes) {
            if (keep != KEEP_NOTHING && coin(seed, n))
                apply(&f->durable, o);
            continue;
        }
        for (size_t at = 0; keep == KEEP_SECTORS && at < o->size;) {
            const size_t left = SECTOR - (size_t)(o->at + (int64_t)at) % SECTOR;
            const size_t size = left < o->size - at ? left : o->size - at;
            if (coin(seed, n))
                put(&f->durable, o, at, size);
            at += size;
        }
    }
}

static void write_back(const struct file *f)
{
    if (!f->durable_exists) {
        unlink(f->path);
        return;
    }
    FILE *out = fopen(f->path, "w");
    bool fine = out != NULL;
    if (f->durable.size > 0)
        fine = fine && fwrite(f->durable.bytes, f->durable.size, 1, out) == 1;
    fine = out && fclose(out) == 0 && fine;
    assert(fine);
    (void)fine; /* without assertions */
}

static void boot_file(struct file *f, uint64_t seed, uint64_t *n)
{
    char shm[512];
    const enum keep keep = (enum keep)(souk_random_bits(seed, 1, (*n)++) % KEEP_WAYS);
    if (f->is_new && f->exists && coin(seed, n)) { /* its name got there nevertheless */
        f->durable.size = 0;
        f->durable_exists = true;
        f->is_new = false;
    }
    if (!f->exists)
        f->durable_exists = f->durable_exists && coin(seed, n); /* it may come back */
    else if (!f->is_new)
        keep_some(f, keep, seed, n);
    write_back(f);
    forget_operations(f);
    f->exists = f->durable_exists;
    f->is_new = false;
    snprintf(shm, sizeof shm, "%s-shm", f->path);
    unlink(shm);
}

void losing_vfs_boot(uint64_t seed)
{
    uint64_t n = 0;
    for (int i = 0; i < file_count; i++)
        if (files[i].path[0] == '/')
            boot_file(&files[i], seed, &n);
    off = false;
    cut_at = 0;
}

void losing_vfs_restart(void)
{
    for (int i = 0; i < file_count; i++) {
        struct file *f = &files[i];
        if (f->count > 0 && f->unsynced[f->count - 1].cut)
            free(f->unsynced[--f->count].bytes);
    }
    off = false;
    cut_at = 0;
}

void losing_vfs_forget(void)
{
    for (int i = 0; i < file_count; i++) {
        forget_operations(&files[i]);
        free(files[i].unsynced);
        free(files[i].durable.bytes);
        free(files[i].path);
    }
    file_count = 0;
}
