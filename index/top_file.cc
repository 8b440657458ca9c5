#include "index/top_file.h"
