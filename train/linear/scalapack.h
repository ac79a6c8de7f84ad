/** @file
 *  Prototypes of the BLACS and of ScaLAPACK, whose packages ship no headers: the one place for
 *  them. Matrices are column-major, indices start at 1, descriptors are SOUK_DESCRIPTOR_SIZE ints.
 *  Only blacs.c calls the BLACS.
 */
#ifndef SOUK_LINEAR_SCALAPACK_H
#define SOUK_LINEAR_SCALAPACK_H

#include <mpi.h>

enum { SOUK_DESCRIPTOR_SIZE = 9 };

int Csys2blacs_handle(MPI_Comm comm);
void Cfree_blacs_system_handle(int handle);
void Cblacs_gridinit(int *context, const char *order, int rows, int columns);
void Cblacs_gridinfo(int context, int *rows, int *columns, int *row, int *column);
void Cblacs_gridexit(int context);
void Cblacs_exit(int keep_mpi);

void descinit_(int *descriptor, const int *rows, const int *columns, const int *row_block,
               const int *column_block, const int *first_row, const int *first_column,
               const int *context, const int *leading, int *info);

/* Cholesky factor, and from it the inverse; both in the triangle `uplo`. */
void pdpotrf_(const char *uplo, const int *n, double *a, const int *ia, const int *ja,
              const int *descriptor, int *info);
void pdpotri_(const char *uplo, const int *n, double *a, const int *ia, const int *ja,
              const int *descriptor, int *info);

/* QR by Householder reflections, and the orthonormal factor from them. */
void pdgeqrf_(const int *rows, const int *columns, double *a, const int *ia, const int *ja,
              const int *descriptor, double *tau, double *work, const int *work_size, int *info);
void pdorgqr_(const int *rows, const int *columns, const int *reflectors, double *a, const int *ia,
              const int *ja, const int *descriptor, const double *tau, double *work,
              const int *work_size, int *info);

#endif
