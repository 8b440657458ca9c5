// server/build_info.h -- which sources and which compiler made this program.
#ifndef SETLOG_SERVER_BUILD_INFO_H_
#define SETLOG_SERVER_BUILD_INFO_H_

namespace setlog {

struct BuildInfo {
  const char* version;   // of the project, as in CMakeLists.txt
  const char* commit;    // git's, with "-dirty" if files were changed; or "unknown"
  const char* compiler;  // name and version
};

BuildInfo GetBuildInfo();

}  // namespace setlog

#endif  // SETLOG_SERVER_BUILD_INFO_H_
