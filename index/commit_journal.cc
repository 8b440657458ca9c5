#include "index/commit_journal.h"
