#include "train/comm/nodematrix.h"

#include "shared/base/log.h"
#include "shared/base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const size_t HUGE_PAGE = (size_t)2 << 20;

/* Where Open MPI puts its windows. Asked before: a window that does not fit would end in SIGBUS, or
 * in a rank that waits for another's failure. */
static bool shared_memory_holds(size_t bytes)
{
    struct statvfs fs;
    if (access("/dev/shm", W_OK) != 0 || statvfs("/dev/shm", &fs) != 0)
        return true; /* another place: MPI says so itself */
    return bytes / fs.f_frsize < fs.f_bavail;
}

/* Take the pages now and by this rank. @return false where they are not to be had */
static bool touch(float *first, size_t count)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t start = (uintptr_t)first & ~(page - 1);
    const uintptr_t end = (uintptr_t)(first + count);
    if (count == 0)
        return true;
#ifdef MADV_POPULATE_WRITE
    if (madvise((void *)start, end - start, MADV_POPULATE_WRITE) != 0 && errno != EINVAL)
        return false;
#endif
    memset(first, 0, count * sizeof *first);
    return true;
}

/* Advice: where it is refused the rows are as right, and slower to gather. */
static void ask_for_huge_pages(void *start, size_t bytes)
{
    if (madvise(start, bytes, MADV_HUGEPAGE) != 0)
        souk_log(SOUK_LOG_DEBUG, "pages", "no huge pages for %zu bytes", bytes);
}

static souk_status make_private(struct souk_nodematrix *m, struct souk_error *err)
{
    void *p = NULL;
    if (m->bytes > SIZE_MAX - HUGE_PAGE)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %zu bytes of factors", m->bytes);
    if (m->bytes < 2 * HUGE_PAGE) {
        m->values = souk_alloc_aligned(m->bytes, 1);
    } else if (posix_memalign(&p, HUGE_PAGE, m->bytes) == 0) {
        ask_for_huge_pages(p, m->bytes);
        memset(p, 0, m->bytes);
        m->values = p;
    }
    return m->values ? SOUK_OK
                     : souk_fail(err, SOUK_ENOMEM, "no memory for %zu bytes of factors", m->bytes);
}

/* Rank 0 of the node provides it all, so that it is contiguous from one base address. */
static souk_status make_window_all(struct souk_nodematrix *m, struct souk_error *err)
{
    const struct souk_comm *comm = &m->node->comm;
    MPI_Aint bytes = comm->rank == 0 ? (MPI_Aint)(m->bytes + SOUK_ALIGNMENT) : 0;
    void *base = NULL;
    int unit = 1;
    souk_status status = SOUK_OK;
    if (comm->rank == 0 && !shared_memory_holds(m->bytes))
        status = souk_fail(err, SOUK_ENOMEM, "/dev/shm has no room for %zu bytes", m->bytes);
    status = souk_status_agree_all(comm, status, err);
    if (status)
        return status;
    status = souk_mpi_check(
        MPI_Win_allocate_shared(bytes, 1, MPI_INFO_NULL, comm->mpi, (void *)&base, &m->window),
        "MPI_Win_allocate_shared", err);
    if (status)
        return status;
    MPI_Win_set_errhandler(m->window, MPI_ERRORS_RETURN);
    status = souk_mpi_check(MPI_Win_shared_query(m->window, 0, &bytes, &unit, (void *)&base),
                            "MPI_Win_shared_query", err);
    if (!status)
        status =
            souk_mpi_check(MPI_Win_lock_all(MPI_MODE_NOCHECK, m->window), "MPI_Win_lock_all", err);
    /* The window starts on a page in every process, so that the same shift aligns it in all. */
    m->values =
        (float *)(((uintptr_t)base + SOUK_ALIGNMENT - 1) & ~(uintptr_t)(SOUK_ALIGNMENT - 1));
    return status;
}

souk_status souk_nodematrix_init_all(struct souk_nodematrix *m, const struct souk_node *node,
                                     size_t floats, size_t first, size_t count, size_t common,
                                     bool *shared_short, struct souk_error *err)
{
    const size_t ranks = (size_t)node->comm.size, rank = (size_t)node->comm.rank;
    souk_status status;
    *shared_short = false;
    *m = (struct souk_nodematrix){.node = node, .window = MPI_WIN_NULL};
    if (!souk_mul_size(floats, sizeof(float), &m->bytes))
        return souk_fail(err, SOUK_ENOMEM, "no memory for %zu floats", floats);
    if (node->comm.size == 1)
        return make_private(m, err);
    status = make_window_all(m, err);
    const size_t share = (floats - common) / ranks, at = common + rank * share;
    const size_t mine = rank + 1 < ranks ? share : floats - at;
    if (!status && !(touch(m->values + first, count) && touch(m->values + at, mine)))
        status = souk_fail(err, SOUK_ENOMEM, "/dev/shm ran out of room for %zu bytes", m->bytes);
    status = souk_status_agree_all(&node->comm, status, err);
    *shared_short = status == SOUK_ENOMEM;
    return status ? status : souk_nodematrix_fence_all(m, err);
}

void souk_nodematrix_fini_all(struct souk_nodematrix *m)
{
    if (m->node && m->window != MPI_WIN_NULL) {
        MPI_Win_unlock_all(m->window);
        MPI_Win_free(&m->window);
    } else {
        free(m->values);
    }
    *m = (struct souk_nodematrix){.window = MPI_WIN_NULL};
}

souk_status souk_nodematrix_fence_all(struct souk_nodematrix *m, struct souk_error *err)
{
    souk_status status;
    if (m->window == MPI_WIN_NULL)
        return SOUK_OK;
    status = souk_mpi_check(MPI_Win_sync(m->window), "MPI_Win_sync", err);
    if (!status)
        status = souk_mpi_check(MPI_Barrier(m->node->comm.mpi), "MPI_Barrier", err);
    return status ? status : souk_mpi_check(MPI_Win_sync(m->window), "MPI_Win_sync", err);
}
