// The protocol of ../drive/drive.go for engines in C++. A driver defines Index and
// Session, and includes this behind them; threads have a Session each.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

struct Query {
  std::string kind;
  std::vector<std::string> words;
};

struct Hit {
  std::string id;
  double score;
};

struct Found {
  long count = 0;
  std::function<std::vector<Hit>()> hits;  // reads the ids, when the clock has stopped
};

// An open index, for one thread at a time.
struct Session {
  virtual ~Session() = default;
  virtual Found search(const Query &q, int k, bool count) = 0;
  virtual void add(const std::string &id, const std::string &text) = 0;  // returns when search finds it
};

std::unique_ptr<Session> open_session(const std::string &dir, bool writable);

using Put = std::function<void(const std::string &id, const std::string &text)>;

// Calls put for each document.
using Docs = std::function<void(const Put &put)>;

void build_index(const Docs &docs, const std::string &dir, bool stored, const std::function<void()> &searchable);

// Calls emit for each run of letters and digits of an ASCII text, in lower case.
template <class Emit>
void each_word(const std::string &text, Emit emit) {
  std::string word;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c |= 0x20;
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      word += c;
    } else if (!word.empty()) {
      emit(word);
      word.clear();
    }
  }
  if (!word.empty()) emit(word);
}

namespace drive {

using Clock = std::chrono::steady_clock;

inline long since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
}

inline std::vector<std::string> split(const std::string &line, char by) {
  std::vector<std::string> out;
  std::stringstream in(line);
  for (std::string f; std::getline(in, f, by);) out.push_back(f);
  return out;
}

inline void index(const std::string &corpus, const std::string &dir, bool stored) {
  std::ifstream in(corpus);
  if (!in) throw std::runtime_error("cannot read " + corpus);
  long docs = 0, searchable = 0;
  auto start = Clock::now();
  build_index(
      [&](const Put &put) {
        for (std::string line; std::getline(in, line); docs++) {
          auto tab = line.find('\t');
          if (tab == std::string::npos) throw std::runtime_error("a line of the corpus has no tab");
          put(line.substr(0, tab), line.substr(tab + 1));
        }
      },
      dir, stored, [&] { searchable = since(start); });
  std::printf("indexed\t%ld\t%.3f\t%.3f\n", docs, searchable / 1e9, since(start) / 1e9);
}

inline void add(const std::string &dir, int n) {
  auto s = open_session(dir, true);
  std::printf("added\tnrt");
  for (int i = 0; i < n; i++) {
    std::string word = "unheardnrt" + std::to_string(i);
    std::string text = "A document that is new and holds the word " + word + " which no other does";
    auto start = Clock::now();
    s->add("new-" + word, text);
    Found f = s->search({"TERM", {word}}, 10, false);
    long took = since(start);
    if (f.hits().size() != 1) throw std::runtime_error(word + " is not found");
    std::printf("\t%ld", took);
  }
  std::printf("\n");
}

inline std::vector<Query> read_queries(int n) {
  std::vector<Query> out;
  for (std::string line; n-- > 0 && std::getline(std::cin, line);) {
    auto f = split(line, '\t');
    out.push_back({f.at(0), split(f.at(1), ' ')});
  }
  return out;
}

inline void batch(Session &s, const std::string &command, const std::vector<Query> &queries) {
  bool count = command.size() > 5 ? command.substr(command.size() - 5) == "COUNT" : true;
  int k = command == "COUNT" ? 0 : std::stoi(command.substr(4));
  std::vector<Found> found;
  std::vector<long> took;
  for (auto &q : queries) {
    auto start = Clock::now();
    found.push_back(s.search(q, k, count));
    took.push_back(since(start));
  }
  for (size_t i = 0; i < found.size(); i++) {
    std::printf("%ld\t%ld\t", took[i], found[i].count);
    if (k > 0) {
      const char *sep = "";
      for (auto &h : found[i].hits()) {
        std::printf("%s%s:%.9g", sep, h.id.c_str(), h.score);
        sep = ",";
      }
    }
    std::printf("\n");
  }
}

inline void qps(const std::string &dir, int threads, double seconds, const std::vector<Query> &queries) {
  std::vector<long> done(threads);
  std::vector<std::thread> all;
  auto start = Clock::now();
  for (int t = 0; t < threads; t++) {
    all.emplace_back([&, t] {
      try {
        auto s = open_session(dir, false);
        for (size_t i = t * queries.size() / threads; since(start) < seconds * 1e9; i++, done[t]++)
          s->search(queries[i % queries.size()], 10, false);
      } catch (...) {
        std::printf("error\ta thread failed\n");
        std::fflush(stdout);
        std::_Exit(1);
      }
    });
  }
  for (auto &t : all) t.join();
  long sum = 0;
  for (long n : done) sum += n;
  std::printf("qps\t%.1f\n", sum / (since(start) / 1e9));
}

inline void serve() {
  std::unique_ptr<Session> s;
  std::string dir;
  for (std::string line; std::getline(std::cin, line); std::fflush(stdout)) {
    auto f = split(line, '\t');
    if (f.size() == 2 && f[0] == "open") {
      auto start = Clock::now();
      s = open_session(dir = f[1], false);
      std::printf("opened\t%ld\n", since(start));
    } else if (f.size() == 3 && f[0] == "batch" && s) {
      batch(*s, f[1], read_queries(std::stoi(f[2])));
    } else if (f.size() == 4 && f[0] == "qps" && s) {
      qps(dir, std::stoi(f[1]), std::stod(f[2]), read_queries(std::stoi(f[3])));
    } else {
      throw std::runtime_error("no such request: " + line);
    }
  }
}

// run serves the command line; what says what went wrong.
template <class What>
int run(int argc, char **argv, What what) {
  try {
    std::vector<std::string> a(argv + 1, argv + argc);
    if (a.size() == 5 && a[0] == "index") {
      index(a[1], a[2], a[4] == "stored");
    } else if (a.size() == 3 && a[0] == "add") {
      add(a[1], std::stoi(a[2]));
    } else if (a.size() == 1 && a[0] == "serve") {
      serve();
    } else {
      throw std::runtime_error("usage: index CORPUS DIR THREADS stored|id, add DIR N, or serve");
    }
    return 0;
  } catch (...) {
    std::printf("error\t%s\n", what().c_str());
    return 1;
  }
}

}  // namespace drive
