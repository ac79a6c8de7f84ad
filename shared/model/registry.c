#include "shared/model/registry.h"
