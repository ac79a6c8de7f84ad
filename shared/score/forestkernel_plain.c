#define KERNEL_TABLE souk_forest_plain
#define KERNEL_NAME "plain"
#include "shared/score/forestkernel.h"
