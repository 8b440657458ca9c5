#include "index/index_directory.h"
