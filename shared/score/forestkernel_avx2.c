#if defined(__x86_64__)
#define KERNEL_TABLE souk_forest_avx2
#define KERNEL_NAME "avx2"
#define VECTOR_BYTES 32
#include "shared/score/forestkernel.h"
#endif
