# setlog_library(FOLDER SOURCES...): the library setlog_<FOLDER>, made of one folder.
#
# A folder may include only itself and the folders whose libraries it links. That is
# enforced by the include path: each library exports one directory that holds nothing
# but a link to its own folder, so `#include "client/x.h"` in a library that does not
# link setlog_client does not compile.
function(setlog_library folder)
  set(view ${PROJECT_BINARY_DIR}/include/${folder})
  file(MAKE_DIRECTORY ${view})
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${folder} ${view}/${folder} SYMBOLIC)
  add_library(setlog_${folder} STATIC ${ARGN})
  target_include_directories(setlog_${folder} PUBLIC ${view})
endfunction()
