// SPDX-License-Identifier: MIT
//
// A program whose code is mostly inlined: templates in templates, lambdas,
// containers. What it computes is of no interest; its debug information is.

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <unordered_map>
#include <vector>

namespace
{

struct Shape {
    virtual ~Shape() = default;
    virtual double area() const = 0;
};

template <typename T> struct Square final : Shape {
    explicit Square(T side) : side_(side)
    {
    }
    double area() const override
    {
        return static_cast<double>(side_) * static_cast<double>(side_);
    }
    T side_;
};

template <typename T> inline std::unique_ptr<Shape> make(T side)
{
    return std::make_unique<Square<T>>(side);
}

inline void add_word(std::map<std::string, std::vector<int>> &words,
                     const std::string &word, int place)
{
    words[word].push_back(place);
}

template <unsigned Depth> struct Nest {
    static inline std::string name(const std::string &of)
    {
        return Nest<Depth - 1>::name("(" + of + ")");
    }
};

template <> struct Nest<0> {
    static inline std::string name(const std::string &of)
    {
        return of;
    }
};

} // namespace

int main(int argc, char **argv)
{
    std::vector<std::unique_ptr<Shape>> shapes;
    std::map<std::string, std::vector<int>> words;
    std::unordered_map<int, std::function<int(int)>> functions;

    for (int i = 0; i < 50 + argc; i++) {
        shapes.push_back(make(i));
        shapes.push_back(make(static_cast<float>(i)));
        add_word(words, std::to_string(i % 7), i);
        functions[i] = [i, &words](int n) {
            return n + i + static_cast<int>(words.size());
        };
    }
    std::sort(shapes.begin(), shapes.end(), [](const auto &a, const auto &b) {
        return a->area() < b->area();
    });
    double sum = std::accumulate(
        shapes.begin(), shapes.end(), 0.0,
        [](double before, const auto &s) { return before + s->area(); });
    int total = 0;
    for (const auto &[key, function] : functions)
        total += function(key);
    std::printf("%g %d %s\n", sum, total, Nest<5>::name(argv[0]).c_str());
    return 0;
}
