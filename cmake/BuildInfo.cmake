# Run by each build, as configuring happens too seldom: cmake -DSOURCE=... -DOUTPUT=...
# -P BuildInfo.cmake. Writes OUTPUT only when it changes, so nothing is rebuilt for
# nothing.
set(COMMIT "unknown")
find_program(GIT git)
if(GIT)
  execute_process(COMMAND ${GIT} -C ${SOURCE} describe --always --dirty --abbrev=12
    --match=none
    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET
    RESULT_VARIABLE failed)
  if(NOT failed)
    set(COMMIT ${described})
  endif()
endif()
configure_file(${SOURCE}/server/build_info.cc.in ${OUTPUT} @ONLY)
