// model/piece_reader.h -- the bytes of a file of a model, or of a shard of it, once.
//
//   PieceReader reader;
//   std::optional<OddFile> odd = reader.Open(source, piece);
//   while (!odd && reader.left() > 0) odd = reader.Read(buffer, n);
//   if (!odd) odd = reader.Close();
//
// It is the file that was listed or odd: a regular file of the listed size and times,
// at the beginning and at the end, and with no bytes beyond that size. Not thread-safe.
#ifndef SETLOG_MODEL_PIECE_READER_H_
#define SETLOG_MODEL_PIECE_READER_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "model/model_tree.h"
#include "model/open_below.h"

namespace setlog {

// The bytes [begin, end) of a file.
struct ModelPiece {
  size_t file = 0;  // its index in the tree
  uint64_t begin = 0;
  uint64_t end = 0;

  uint64_t bytes() const { return end - begin; }
};

// Where the files are.
struct ModelSource {
  int root;
  const ModelTree& tree;
  bool follow_symlinks;
};

class PieceReader {
 public:
  std::optional<OddFile> Open(const ModelSource& source, const ModelPiece& piece);

  // How many bytes there are to read yet.
  uint64_t left() const { return end_ - next_; }
  // The next `bytes` <= left().
  std::optional<OddFile> Read(uint8_t* to, size_t bytes);

  std::optional<OddFile> Close();

 private:
  // Whether it is what was listed.
  std::optional<OddFile> Check() const;
  OddFile Changed() const;
  // Up to `bytes` of what is next; 0 at the end, or errno.
  ssize_t ReadSome(uint8_t* to, size_t bytes) const;

  const ModelFile* file_ = nullptr;
  Descriptor descriptor_;
  uint64_t next_ = 0;
  uint64_t end_ = 0;
};

}  // namespace setlog

#endif  // SETLOG_MODEL_PIECE_READER_H_
