#include "miner/wanted.h"

#include "tests/unit/catch.h"

using namespace ebb::miner;

namespace {

using Indices = std::vector<std::size_t>;

tl::expected<Indices, std::string> choose(const char* list, std::vector<std::string> names,
                                          const std::string& reason = {}) {
  return choose_cards(read_wanted(list), names, reason);
}

}  // namespace

TEST_CASE("wanted devices: auto is the CPU and all cards, of which there may be none") {
  CHECK(read_wanted("auto").cpu);
  CHECK(choose("auto", {"cuda:0", "cuda:1"}) == Indices{0, 1});
  CHECK(choose("auto", {}, "no NVIDIA driver") == Indices{});
  CHECK_FALSE(read_wanted("cuda").cpu);
  CHECK(read_wanted("cuda:0,cpu").cpu);
  CHECK(choose("cpu", {"cuda:0"}) == Indices{});
}

TEST_CASE("wanted devices: cards by name, each once") {
  CHECK(choose("cuda:1", {"cuda:0", "cuda:1"}) == Indices{1});
  CHECK(choose("cuda:2,cuda:0,cuda:2", {"cuda:0", "cuda:1", "cuda:2"}) == Indices{0, 2});
  CHECK(choose("cuda,cuda:0", {"cuda:0", "cuda:1"}) == Indices{0, 1});
}

TEST_CASE("wanted devices: a card that is not there is an error that names it") {
  CHECK(choose("cuda:7", {"cuda:0"}).error() == "--devices: there is no cuda:7");
  CHECK(choose("cuda:1", {"cuda:0"}, "cuda:1 failed").error() ==
        "--devices: there is no cuda:1 (cuda:1 failed)");
  for (const char* list : {"cuda", "cuda:0", "auto,cuda:0"}) {
    CHECK(choose(list, {}, "built without CUDA").error() ==
          "--devices: no CUDA device: built without CUDA");
  }
}
