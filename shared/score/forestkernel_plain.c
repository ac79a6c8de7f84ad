#define KERNEL_TABLE souk_forest_plain
#define KERNEL_NAME "plain"
#define VECTOR_BYTES 16
#include "shared/score/forestkernel.h"
