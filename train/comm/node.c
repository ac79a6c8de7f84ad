#include "train/comm/node.h"

#include "shared/base/memory.h"

#include <stdlib.h>

/* Split the node further, so that one machine can stand for several in tests. */
static souk_status split_node_all(struct souk_node *node, int ranks_at_most, struct souk_error *err)
{
    MPI_Comm whole = node->comm.mpi;
    int rank = 0;
    souk_status status = souk_mpi_check(MPI_Comm_rank(whole, &rank), "MPI_Comm_rank", err);
    if (!status)
        status = souk_mpi_check(MPI_Comm_split(whole, rank / ranks_at_most, rank, &node->comm.mpi),
                                "MPI_Comm_split", err);
    MPI_Comm_free(&whole);
    return status;
}

souk_status souk_node_init_all(struct souk_node *node, const struct souk_comm *comm, bool share,
                               int ranks_at_most, struct souk_error *err)
{
    int leader = comm->rank;
    souk_status status;
    *node = (struct souk_node){.comm.mpi = MPI_COMM_NULL};
    node->node_of = souk_alloc_array((size_t)comm->size, sizeof *node->node_of);
    status = node->node_of ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for the ranks");
    status = souk_status_agree_all(comm, status, err);
    if (status)
        return status;
    if (share)
        status = souk_mpi_check(MPI_Comm_split_type(comm->mpi, MPI_COMM_TYPE_SHARED, comm->rank,
                                                    MPI_INFO_NULL, &node->comm.mpi),
                                "MPI_Comm_split_type", err);
    else
        status = souk_mpi_check(MPI_Comm_split(comm->mpi, comm->rank, 0, &node->comm.mpi),
                                "MPI_Comm_split", err);
    if (!status && share && ranks_at_most > 0)
        status = split_node_all(node, ranks_at_most, err);
    if (status)
        return status;
    MPI_Comm_set_errhandler(node->comm.mpi, MPI_ERRORS_RETURN);
    status = souk_mpi_check(MPI_Comm_rank(node->comm.mpi, &node->comm.rank), "MPI_Comm_rank", err);
    if (!status)
        status =
            souk_mpi_check(MPI_Comm_size(node->comm.mpi, &node->comm.size), "MPI_Comm_size", err);
    if (!status)
        status =
            souk_mpi_check(MPI_Bcast(&leader, 1, MPI_INT, 0, node->comm.mpi), "MPI_Bcast", err);
    if (!status)
        status =
            souk_mpi_check(MPI_Allgather(&leader, 1, MPI_INT, node->node_of, 1, MPI_INT, comm->mpi),
                           "MPI_Allgather", err);
    return status;
}

void souk_node_fini(struct souk_node *node)
{
    if (node->node_of && node->comm.mpi != MPI_COMM_NULL)
        MPI_Comm_free(&node->comm.mpi);
    free(node->node_of);
    *node = (struct souk_node){.comm.mpi = MPI_COMM_NULL};
}
