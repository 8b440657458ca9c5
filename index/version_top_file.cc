#include "index/version_top_file.h"
