#include "train/evaluate/duty.h"

int souk_duty_rounds(const struct souk_comm *comm, int parts)
{
    return (parts + comm->size - 1) / comm->size;
}

/* The first rank of part p where ranks r have part r * parts / size. */
static int first_sharer(const struct souk_comm *comm, int parts, int part)
{
    return (int)(((int64_t)part * comm->size + parts - 1) / parts);
}

struct souk_duty souk_duty_of(const struct souk_comm *comm, int parts, int round)
{
    if (comm->size <= parts) {
        const int part = round * comm->size + comm->rank;
        return (struct souk_duty){part < parts ? part : -1, 0, 1};
    }
    const int part = (int)((int64_t)comm->rank * parts / comm->size);
    const int first = first_sharer(comm, parts, part);
    return (struct souk_duty){part, comm->rank - first,
                              first_sharer(comm, parts, part + 1) - first};
}

int souk_duty_owner(const struct souk_comm *comm, int parts, int part)
{
    return comm->size <= parts ? part % comm->size : first_sharer(comm, parts, part);
}

int souk_duty_round_of(const struct souk_comm *comm, int parts, int part)
{
    return comm->size <= parts ? part / comm->size : 0;
}

int64_t souk_slice_first(int64_t count, int slice, int slices)
{
    return count / slices * slice + count % slices * slice / slices;
}
