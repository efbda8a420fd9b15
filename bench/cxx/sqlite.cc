// Drives SQLite FTS5. Its bm25() has k1 = 1.2 and b = 0.75, and an idf of its own;
// the tokenizer "ascii" makes runs of ASCII letters and digits in lower case. The
// id is the rowid less one.
#include <sqlite3.h>

#include "drive.hh"

namespace {

// Bytes of the table of new postings. The default of 1 MiB makes hundreds of merges.
const char *kHashBytes = "200000000";

struct Database {
  sqlite3 *db = nullptr;

  Database(const std::string &dir, int flags) {
    if (sqlite3_open_v2((dir + "/fts5.db").c_str(), &db, flags, nullptr) != SQLITE_OK) fail();
    run("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-262144; PRAGMA mmap_size=4294967296");
  }
  ~Database() { sqlite3_close(db); }

  [[noreturn]] void fail() { throw std::runtime_error(sqlite3_errmsg(db)); }

  void run(const std::string &sql) {
    if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail();
  }
};

struct Statement {
  Database &d;
  sqlite3_stmt *s = nullptr;

  Statement(Database &d, const char *sql) : d(d) {
    if (sqlite3_prepare_v2(d.db, sql, -1, &s, nullptr) != SQLITE_OK) d.fail();
  }
  ~Statement() { sqlite3_finalize(s); }

  void text(int i, const std::string &t) { sqlite3_bind_text(s, i, t.data(), t.size(), SQLITE_TRANSIENT); }

  bool step() {
    int rc = sqlite3_step(s);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) d.fail();
    return rc == SQLITE_ROW;
  }
};

void insert(Statement &s, long row, const std::string &text) {
  sqlite3_reset(s.s);
  sqlite3_bind_int64(s.s, 1, row);
  s.text(2, text);
  s.step();
}

struct Searcher : Session {
  Database d;
  Statement count_all{d, "SELECT count(*) FROM t WHERE t MATCH ?"};
  Statement top{d, "SELECT rowid, rank FROM t WHERE t MATCH ? ORDER BY rank LIMIT ?"};
  long next = 1L << 40;

  Searcher(const std::string &dir, int flags) : d(dir, flags) {}

  Found search(const Query &q, int k, bool count) override {
    std::string match;
    for (auto &w : q.words) {
      if (!match.empty()) match += q.kind == "PHRASE" ? " + " : q.kind == "AND" ? " AND " : " OR ";
      match += '"' + w + '"';
    }
    Found f;
    if (count) {
      sqlite3_reset(count_all.s);
      count_all.text(1, match);
      count_all.step();
      f.count = sqlite3_column_int64(count_all.s, 0);
    }
    std::vector<Hit> hits;
    if (k > 0) {
      sqlite3_reset(top.s);
      top.text(1, match);
      sqlite3_bind_int(top.s, 2, k);
      while (top.step()) hits.push_back({std::to_string(sqlite3_column_int64(top.s, 0) - 1), -sqlite3_column_double(top.s, 1)});
    }
    f.hits = [hits] { return hits; };
    return f;
  }

  void add(const std::string &, const std::string &text) override {
    Statement s(d, "INSERT INTO t(rowid, text) VALUES(?, ?)");
    insert(s, next++, text);
  }
};

}  // namespace

std::unique_ptr<Session> open_session(const std::string &dir, bool writable) {
  return std::make_unique<Searcher>(dir, writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
}

void build_index(const Docs &docs, const std::string &dir, bool stored, const std::function<void()> &searchable) {
  Database d(dir, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  d.run(std::string("CREATE VIRTUAL TABLE t USING fts5(text, ") + (stored ? "" : "content='', ") + "tokenize='ascii')");
  d.run(std::string("INSERT INTO t(t, rank) VALUES('hashsize', ") + kHashBytes + ")");
  d.run("BEGIN");
  {
    Statement s(d, "INSERT INTO t(rowid, text) VALUES(?, ?)");
    docs([&](const std::string &id, const std::string &text) { insert(s, std::stol(id) + 1, text); });
  }
  d.run("COMMIT");
  searchable();
  d.run("INSERT INTO t(t) VALUES('optimize')");
}

int main(int argc, char **argv) {
  return drive::run(argc, argv, [] {
    try {
      throw;
    } catch (const std::exception &e) {
      return std::string(e.what());
    }
  });
}
