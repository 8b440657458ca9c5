#include "index/journal.h"
