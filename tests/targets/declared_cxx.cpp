// SPDX-License-Identifier: MIT
//
// declared_cxx: what the containers and pointers of C++ allocate for their
// elements. Prints how many blocks and bytes there are of each type (by the
// beginning of its name), and waits for a line.

#include <cstdio>
#include <map>
#include <memory>
#include <vector>

namespace shop
{
struct Part {
    long words[4] = {};
};
struct Box {
    long words[7] = {};
};
struct Thing {
    virtual ~Thing() = default;
    long words[10] = {};
};
struct Lamp : Thing {
    long more = 1;
};
} // namespace shop

static void *volatile keep[16];

int main()
{
    std::vector<shop::Part> parts(9);
    std::vector<char> bytes(1000);
    std::vector<shop::Part *> pointers(11);
    std::map<int, shop::Part> by_number;
    for (int i = 0; i < 5; i++)
        by_number[i] = {};
    auto shared = std::make_shared<shop::Part>();
    auto unique = std::make_unique<shop::Box>();
    shop::Box *box = new shop::Box;
    keep[0] = box;
    // Its class says more than the line.
    shop::Thing *thing = new shop::Lamp;
    keep[1] = thing;
    keep[2] = new shop::Box; // nothing says so
    keep[3] = shared.get();
    keep[4] = unique.get();
    std::printf(
        "{\"shop::Part[]\": [1, 288], \"char[]\": [1, 1000], "
        "\"shop::Part *[]\": [1, 88], \"std::_Rb_tree_node<\": "
        "[5, %zu], \"std::_Sp_counted_ptr_inplace<shop::Part\": "
        "[1, 48], \"shop::Box\": [2, 112], \"shop::Lamp\": [1, 96]}\n",
        5 * sizeof(std::_Rb_tree_node<std::pair<const int, shop::Part>>));
    std::fflush(stdout);
    (void)std::getchar();
    return 0;
}
