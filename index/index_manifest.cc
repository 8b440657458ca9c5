#include "index/index_manifest.h"
