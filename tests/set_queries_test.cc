#include "log/set_queries.h"

#include <algorithm>
#include <set>

#include "log/set_tree.h"
#include "log/sha256.h"
#include "testing.h"

namespace setlog {
namespace {

Hash ValueOf(const std::string& text) { return Sha256(AsBytes(text)); }

TEST(SetQueriesTest, EveryValueFindsItsKeyAndTheKeysRise) {
  std::vector<Hash> values;
  for (int i = 0; i < 1000; ++i) values.push_back(ValueOf(std::to_string(i * 7 % 600)));
  const SetQueries queries(values);
  std::set<Hash> distinct;
  for (const Hash& value : values) distinct.insert(SetKey(value));
  ASSERT_EQ(queries.keys().size(), distinct.size());
  EXPECT_TRUE(std::equal(distinct.begin(), distinct.end(), queries.keys().begin()));
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(queries.keys()[queries.place(i)], SetKey(values[i]));
    const std::optional<size_t> found = queries.Find(SetKey(values[i]));
    ASSERT_TRUE(found);
    EXPECT_EQ(values[*found], values[i]);
  }
}

TEST(SetQueriesTest, AKeyThatWasNotAskedForIsNotFound) {
  const std::vector<Hash> values = {ValueOf("a"), ValueOf("b")};
  const SetQueries queries(values);
  EXPECT_FALSE(queries.Find(SetKey(ValueOf("c"))));
  EXPECT_FALSE(queries.Find(ValueOf("a")));  // the value is not the key
  EXPECT_FALSE(SetQueries({}).Find(Hash()));
  EXPECT_TRUE(SetQueries({}).keys().empty());
}

}  // namespace
}  // namespace setlog
