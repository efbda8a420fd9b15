// Drives Xapian 1.4 (glass).
#include <xapian.h>

#include <filesystem>

#include "drive.hh"

namespace {

// Documents between flushes; the default of 10,000 makes ten times as many merges.
const char *kFlushDocs = "100000";

Xapian::Document document(const std::string &id, const std::string &text, bool stored) {
  Xapian::Document d;
  Xapian::termpos pos = 0;
  each_word(text, [&](const std::string &word) {
    if (word.size() < 240) d.add_posting(word, ++pos);  // longest term: 245 bytes
  });
  d.set_data(stored ? id + "\t" + text : id);
  return d;
}

struct Searcher : Session {
  Xapian::WritableDatabase writer;
  Xapian::Database db;

  Searcher(const std::string &dir, bool writable) {
    if (writable) {
      db = writer = Xapian::WritableDatabase(dir + "/db", Xapian::DB_OPEN | Xapian::DB_NO_SYNC);
    } else {
      db = Xapian::Database(dir + "/db");
    }
  }

  Found search(const Query &q, int k, bool count) override {
    using X = Xapian::Query;
    X x = q.kind == "PHRASE" ? X(X::OP_PHRASE, q.words.begin(), q.words.end(), q.words.size())
          : q.kind == "AND"  ? X(X::OP_AND, q.words.begin(), q.words.end())
                             : X(X::OP_OR, q.words.begin(), q.words.end());
    Xapian::Enquire e(db);
    e.set_query(x);
    if (k == 0) {
      e.set_weighting_scheme(Xapian::BoolWeight());
    } else {
      e.set_weighting_scheme(Xapian::BM25Weight(1.2, 0, 1, 0.75, 0));
    }
    Xapian::MSet m = e.get_mset(0, k, count ? db.get_doccount() : 0);
    Found f;
    f.count = m.get_matches_estimated();  // exact if all were checked
    f.hits = [m] {
      std::vector<Hit> hits;
      for (auto i = m.begin(); i != m.end(); ++i) {
        std::string data = i.get_document().get_data();
        hits.push_back({data.substr(0, data.find('\t')), i.get_weight()});
      }
      return hits;
    };
    return f;
  }

  void add(const std::string &id, const std::string &text) override {
    writer.add_document(document(id, text, false));
    writer.commit();
  }
};

}  // namespace

std::unique_ptr<Session> open_session(const std::string &dir, bool writable) {
  return std::make_unique<Searcher>(dir, writable);
}

void build_index(const Docs &docs, const std::string &dir, bool stored, const std::function<void()> &searchable) {
  setenv("XAPIAN_FLUSH_THRESHOLD", kFlushDocs, 1);
  std::string raw = dir + "/raw";
  {
    Xapian::WritableDatabase w(raw, Xapian::DB_CREATE | Xapian::DB_NO_SYNC);
    docs([&](const std::string &id, const std::string &text) { w.add_document(document(id, text, stored)); });
    w.commit();
    searchable();
    w.compact(dir + "/db");
  }
  std::filesystem::remove_all(raw);
}

int main(int argc, char **argv) {
  return drive::run(argc, argv, [] {
    try {
      throw;
    } catch (const Xapian::Error &e) {
      return e.get_description();
    } catch (const std::exception &e) {
      return std::string(e.what());
    }
  });
}
