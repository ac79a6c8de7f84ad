#define KERNEL_TABLE souk_rowsolve_avx512
#define KERNEL_NAME "avx512"
#define PRODUCT_ROWS 12
#define TILE_ROWS 8
#define TILE_VECTORS 2
#include "shared/math/rowsolve_kernels.h"
