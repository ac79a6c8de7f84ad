#define KERNEL_TABLE souk_rowsolve_plain
#define KERNEL_NAME "plain"
#define PRODUCT_ROWS 4
#define TILE_ROWS 4
#define TILE_VECTORS 1
#include "shared/math/rowsolve_kernels.h"
