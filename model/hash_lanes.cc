#include "model/hash_lanes.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "model/file_kind.h"

namespace setlog {
namespace {

// What a core's cache holds beside all else.
constexpr size_t kBuffersBytes = size_t{768} << 10;
// More at a time costs cache, less costs calls of the system.
constexpr size_t kMaxReadBytes = size_t{256} << 10;
// How many lanes pay off if there is no vector of them.
constexpr size_t kFewLanes = 3;
constexpr size_t kMaxSpare = 32;

struct Buffer {
  struct alignas(kSha256BlockBytes) Block {
    uint8_t bytes[kSha256BlockBytes];
  };
  // What a piece's last bytes need beside themselves.
  static constexpr size_t kPaddingBlocks = 2;

  explicit Buffer(size_t size) : blocks(new Block[size + kPaddingBlocks]), size(size) {}
  uint8_t* data() const { return blocks[0].bytes; }
  size_t bytes() const { return size * kSha256BlockBytes; }

  std::unique_ptr<Block[]> blocks;
  size_t size;
};

// A piece in flight.
struct Lane {
  size_t index;
  uint64_t bytes;
  PieceReader reader;
  std::optional<Buffer> buffer;
  size_t blocks = 0;    // in the buffer, from where Sha256Lane::data is
  bool padded = false;  // they are the last
};

class Lanes {
 public:
  Lanes(const ModelSource& source, PieceQueue& queue, const LanesOptions& options)
      : source_(source),
        queue_(queue),
        kernel_(options.kernel),
        threads_(options.threads),
        may_postpone_(options.may_postpone),
        max_lanes_(std::min(options.kernel.best_lanes, options.max_lanes)) {}

  void Run() {
    while (true) {
      TakePieces();
      if (lanes_.empty()) return;
      FillEmpty();
      if (!lanes_.empty() && !Compress()) return;
      FinishDone();
    }
  }

 private:
  // With the next piece this thread must not have more of all that is left than its
  // part, by more than half of that piece: four long ones are two for each of two
  // threads. And a piece among many lanes goes slowly, so there are many only if all of
  // it takes at least as long as the longest.
  bool WantsAnother() const {
    if (lanes_.empty()) return true;
    uint64_t mine = 0, longest = queue_.next_bytes();
    for (const Lane& lane : lanes_) {
      mine += lane.reader.left();
      longest = std::max(longest, lane.reader.left());
    }
    const uint64_t left = queue_.bytes_left();
    if ((mine + queue_.next_bytes() / 2) * threads_ > left) return false;
    const size_t many = lanes_.size() + 1;
    return many <= std::min(max_lanes_, kFewLanes) ||
           (many <= max_lanes_ && longest * many * threads_ <= left + left / 4);
  }

  void TakePieces() {
    while (WantsAnother()) {
      const std::optional<size_t> index = queue_.Take();
      if (!index) return;
      Lane lane{.index = *index, .bytes = queue_.piece(*index).bytes()};
      std::optional<OddFile> odd = lane.reader.Open(source_, queue_.piece(*index));
      if (odd && may_postpone_ && NoDescriptorLeft(*odd)) {
        max_lanes_ = lanes_.size();
        return queue_.Postpone(*index);
      }
      if (odd) {
        Drop(lane, *std::move(odd));
        continue;
      }
      lanes_.push_back(std::move(lane));
      states_.push_back(StartSha256(nullptr));
    }
  }

  // What is left of it is not to be waited for.
  void Drop(const Lane& lane, OddFile odd) {
    queue_.SetOdd(std::move(odd));
    queue_.Count(lane.reader.left());
  }

  void FillEmpty() {
    for (size_t i = 0; i < lanes_.size();) {
      Lane& lane = lanes_[i];
      std::optional<OddFile> odd;
      if (lane.blocks == 0) odd = Fill(lane, states_[i]);
      if (odd) {
        Drop(lane, *std::move(odd));
        Remove(i);
      } else {
        ++i;
      }
    }
  }

  std::optional<OddFile> Fill(Lane& lane, Sha256Lane& state) {
    if (!lane.buffer) lane.buffer = BufferFor(lane);
    const size_t bytes = static_cast<size_t>(
        std::min<uint64_t>(lane.buffer->bytes(), lane.reader.left()));
    uint8_t* const to = lane.buffer->data();
    if (std::optional<OddFile> odd = lane.reader.Read(to, bytes)) return odd;
    queue_.Count(bytes);
    size_t padding = 0;
    if (lane.reader.left() == 0) {
      padding = PadSha256(lane.bytes, to + bytes);
      lane.padded = true;
    }
    lane.blocks = (bytes + padding) / kSha256BlockBytes;
    state.data = to;
    return std::nullopt;
  }

  Buffer BufferFor(const Lane& lane) {
    const uint64_t most =
        std::min<uint64_t>(kMaxReadBytes, kBuffersBytes / lanes_.size());
    const size_t size =
        static_cast<size_t>(std::min(most, lane.bytes)) / kSha256BlockBytes + 1;
    for (Buffer& spare : spare_) {
      if (spare.size < size) continue;
      Buffer buffer = std::move(spare);
      spare = std::move(spare_.back());
      spare_.pop_back();
      return buffer;
    }
    return Buffer(size);
  }

  // As far as all lanes go. False if the caller wants no more.
  bool Compress() {
    size_t blocks = lanes_[0].blocks;
    for (const Lane& lane : lanes_) blocks = std::min(blocks, lane.blocks);
    kernel_.compress(states_, blocks);
    for (Lane& lane : lanes_) lane.blocks -= blocks;
    return !queue_.cancelled();
  }

  void FinishDone() {
    for (size_t i = 0; i < lanes_.size();) {
      Lane& lane = lanes_[i];
      if (lane.blocks > 0 || !lane.padded) {
        ++i;
        continue;
      }
      if (std::optional<OddFile> odd = lane.reader.Close()) {
        queue_.SetOdd(*std::move(odd));
      } else {
        queue_.SetDigest(lane.index, DigestFromBytes(DigestOf(states_[i])));
      }
      Remove(i);
    }
  }

  void Remove(size_t i) {
    // Memory that is new has to be found page by page, again for each file.
    if (lanes_[i].buffer) spare_.push_back(*std::move(lanes_[i].buffer));
    if (spare_.size() > kMaxSpare) spare_.erase(spare_.begin());
    std::swap(lanes_[i], lanes_.back());
    std::swap(states_[i], states_.back());
    lanes_.pop_back();
    states_.pop_back();
  }

  const ModelSource source_;
  PieceQueue& queue_;
  const Sha256LanesKernel& kernel_;
  const unsigned threads_;
  const bool may_postpone_;
  size_t max_lanes_;
  std::vector<Lane> lanes_;
  std::vector<Sha256Lane> states_;  // of lanes_
  std::vector<Buffer> spare_;
};

}  // namespace

void HashLanes(const ModelSource& source, PieceQueue& queue,
               const LanesOptions& options) {
  Lanes(source, queue, options).Run();
}

}  // namespace setlog
