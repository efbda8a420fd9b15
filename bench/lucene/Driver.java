import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.Tokenizer;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.FieldType;
import org.apache.lucene.document.StoredField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexOptions;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.PhraseQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopDocs;
import org.apache.lucene.search.TopScoreDocCollector;
import org.apache.lucene.search.similarities.BM25Similarity;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;

/** Drives Lucene 8.8.1 by the protocol of ../drive/drive.go. */
public final class Driver {
  static final String TEXT = "text";
  static final PrintStream out = new PrintStream(System.out, false);
  static DirectoryReader reader;
  static IndexSearcher searcher;

  public static void main(String[] args) {
    try {
      if (args.length == 5 && args[0].equals("index")) {
        index(args[1], args[2], Integer.parseInt(args[3]), args[4].equals("stored"));
      } else if (args.length == 3 && args[0].equals("add")) {
        add(args[1], Integer.parseInt(args[2]));
      } else if (args.length == 1 && args[0].equals("serve")) {
        serve();
      } else {
        throw new IllegalArgumentException("usage: index CORPUS DIR THREADS stored|id, add DIR N, or serve");
      }
      out.flush();
    } catch (Throwable e) {
      e.printStackTrace();
      out.println("error\t" + e.toString().replace('\n', ' '));
      out.flush();
      System.exit(1);
    }
  }

  /** Runs of ASCII letters and digits, in lower case. */
  static final class AlnumTokenizer extends Tokenizer {
    private final CharTermAttribute term = addAttribute(CharTermAttribute.class);
    private final char[] buf = new char[8192];
    private int at, end;

    @Override
    public boolean incrementToken() throws IOException {
      clearAttributes();
      int n = 0;
      char[] t = term.buffer();
      for (;;) {
        if (at == end) {
          at = 0;
          end = input.read(buf, 0, buf.length);
          if (end <= 0) {
            end = 0;
            break;
          }
        }
        char c = buf[at++];
        if (c >= 'A' && c <= 'Z') c |= 0x20;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
          if (n == t.length) t = term.resizeBuffer(n + 1);
          t[n++] = c;
        } else if (n > 0) {
          break;
        }
      }
      term.setLength(n);
      return n > 0;
    }

    @Override
    public void reset() throws IOException {
      super.reset();
      at = end = 0;
    }
  }

  static IndexWriter writer(Directory dir) throws IOException {
    IndexWriterConfig c = new IndexWriterConfig(new Analyzer() {
      @Override
      protected TokenStreamComponents createComponents(String field) {
        return new TokenStreamComponents(new AlnumTokenizer());
      }
    });
    c.setSimilarity(new BM25Similarity(1.2f, 0.75f));
    c.setRAMBufferSizeMB(256);
    return new IndexWriter(dir, c);
  }

  static Document document(String id, String text, boolean stored) {
    FieldType type = new FieldType();
    type.setTokenized(true);
    type.setStored(stored);
    type.setIndexOptions(IndexOptions.DOCS_AND_FREQS_AND_POSITIONS);
    type.freeze();
    Document d = new Document();
    d.add(new StoredField("id", id));
    d.add(new Field(TEXT, text, type));
    return d;
  }

  static void index(String corpus, String dir, int threads, boolean stored) throws Exception {
    long start = System.nanoTime(), searchable;
    AtomicLong docs = new AtomicLong();
    try (BufferedReader in = new BufferedReader(
            new InputStreamReader(new FileInputStream(corpus), StandardCharsets.ISO_8859_1), 1 << 20);
        Directory d = FSDirectory.open(Path.of(dir)); IndexWriter w = writer(d)) {
      inThreads(threads, t -> {
        for (;;) {
          String line;
          synchronized (in) {
            line = in.readLine();
          }
          if (line == null) return;
          int tab = line.indexOf('\t');
          w.addDocument(document(line.substring(0, tab), line.substring(tab + 1), stored));
          docs.incrementAndGet();
        }
      });
      w.commit();
      searchable = System.nanoTime() - start;
      w.forceMerge(1);
      w.commit();
    }
    out.printf("indexed\t%d\t%.3f\t%.3f%n", docs.get(), searchable / 1e9, (System.nanoTime() - start) / 1e9);
  }

  interface Task {
    void run(int thread) throws Exception;
  }

  static void inThreads(int n, Task task) throws Exception {
    AtomicReference<Exception> failed = new AtomicReference<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      int number = i;
      Thread t = new Thread(() -> {
        try {
          task.run(number);
        } catch (Exception e) {
          failed.set(e);
        }
      });
      t.start();
      threads.add(t);
    }
    for (Thread t : threads) t.join();
    if (failed.get() != null) throw failed.get();
  }

  static void use(DirectoryReader r) {
    reader = r;
    searcher = new IndexSearcher(r);
    searcher.setSimilarity(new BM25Similarity(1.2f, 0.75f));
    searcher.setQueryCache(null); // it would answer a repeated query from memory
  }

  static void add(String dir, int n) throws Exception {
    try (Directory d = FSDirectory.open(Path.of(dir)); IndexWriter w = writer(d)) {
      use(DirectoryReader.open(w));
      for (String way : new String[] {"nrt", "commit"}) {
        out.print("added\t" + way);
        for (int i = 0; i < n; i++) {
          String word = "unheard" + way + i;
          String text = "A document that is new and holds the word " + word + " which no other does";
          long start = System.nanoTime();
          w.addDocument(document("new-" + word, text, false));
          if (way.equals("commit")) w.commit();
          DirectoryReader r = DirectoryReader.openIfChanged(reader, w);
          reader.close();
          use(r);
          TopDocs top = top(query(new String[] {"TERM", word}), 10, false);
          long took = System.nanoTime() - start;
          if (top.scoreDocs.length != 1) throw new IllegalStateException(word + " is not found");
          out.print("\t" + took);
        }
        out.println();
      }
    }
  }

  /** A query is its kind and its words. */
  static Query query(String[] q) {
    switch (q[0]) {
      case "PHRASE":
        String[] words = new String[q.length - 1];
        System.arraycopy(q, 1, words, 0, words.length);
        return new PhraseQuery(TEXT, words);
      case "TERM":
        return new TermQuery(new Term(TEXT, q[1]));
      default:
        BooleanClause.Occur occur = q[0].equals("AND") ? BooleanClause.Occur.MUST : BooleanClause.Occur.SHOULD;
        BooleanQuery.Builder b = new BooleanQuery.Builder();
        for (int i = 1; i < q.length; i++) b.add(new TermQuery(new Term(TEXT, q[i])), occur);
        return b.build();
    }
  }

  /** Without the total, no more hits are counted than are returned. */
  static TopDocs top(Query q, int k, boolean total) throws IOException {
    TopScoreDocCollector c = TopScoreDocCollector.create(k, total ? Integer.MAX_VALUE : k);
    searcher.search(q, c);
    return c.topDocs();
  }

  static void serve() throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line; (line = in.readLine()) != null; out.flush()) {
      String[] f = line.split("\t");
      switch (f[0]) {
        case "open":
          long start = System.nanoTime();
          use(DirectoryReader.open(FSDirectory.open(Path.of(f[1]))));
          out.println("opened\t" + (System.nanoTime() - start));
          break;
        case "batch":
          batch(f[1], read(in, Integer.parseInt(f[2])));
          break;
        case "qps":
          qps(Integer.parseInt(f[1]), Double.parseDouble(f[2]), read(in, Integer.parseInt(f[3])));
          break;
        default:
          throw new IllegalArgumentException("no such request: " + line);
      }
    }
  }

  static String[][] read(BufferedReader in, int n) throws IOException {
    String[][] queries = new String[n][];
    for (int i = 0; i < n; i++) queries[i] = in.readLine().split("[\t ]");
    return queries;
  }

  static void batch(String command, String[][] queries) throws IOException {
    boolean count = command.equals("COUNT"), total = command.endsWith("_COUNT");
    int k = count ? 0 : Integer.parseInt(command.split("_")[1]);
    long[] took = new long[queries.length], counts = new long[queries.length];
    TopDocs[] tops = new TopDocs[queries.length];
    for (int i = 0; i < queries.length; i++) {
      long start = System.nanoTime();
      if (count) {
        counts[i] = searcher.count(query(queries[i]));
      } else {
        tops[i] = top(query(queries[i]), k, total);
        counts[i] = tops[i].totalHits.value;
      }
      took[i] = System.nanoTime() - start;
    }
    for (int i = 0; i < queries.length; i++) {
      StringBuilder s = new StringBuilder().append(took[i]).append('\t').append(counts[i]).append('\t');
      if (tops[i] != null) {
        for (ScoreDoc d : tops[i].scoreDocs) {
          if (s.charAt(s.length() - 1) != '\t') s.append(',');
          s.append(searcher.doc(d.doc).get("id")).append(':').append(d.score);
        }
      }
      out.println(s);
    }
  }

  static void qps(int threads, double seconds, String[][] queries) throws Exception {
    AtomicLong done = new AtomicLong();
    long start = System.nanoTime(), end = start + (long) (seconds * 1e9);
    inThreads(threads, t -> {
      long n = 0;
      int from = t * queries.length / threads;
      for (; System.nanoTime() < end; n++) top(query(queries[(int) ((from + n) % queries.length)]), 10, false);
      done.addAndGet(n);
    });
    out.printf("qps\t%.1f%n", done.get() / ((System.nanoTime() - start) / 1e9));
  }
}
