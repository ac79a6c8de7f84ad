#define KERNEL_TABLE souk_rowsolve_avx2
#define KERNEL_NAME "avx2"
#define PRODUCT_ROWS 3
#define TILE_ROWS 4
#define TILE_VECTORS 1
#include "shared/math/rowsolve_kernels.h"
