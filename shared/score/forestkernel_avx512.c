#if defined(__x86_64__)
#define KERNEL_TABLE souk_forest_avx512
#define KERNEL_NAME "avx512"
#define VECTOR_BYTES 64
#include "shared/score/forestkernel.h"
#endif
