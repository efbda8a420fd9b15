#!/usr/bin/env bash
# Measures what the README and the manual claim: the crawl of postgresql-doc-15, the judged
# collections, and a million documents in 512 MB. Needs ../shared/data. Prints a table.
# usage: scripts/measure.sh [crawl] [judged] [million]      (default: all three)
set -euo pipefail
cd "$(dirname "$0")/.."
make -s build
go build -o bin/devsite ./internal/devsite
data=../shared/data
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
what=${*:-crawl judged million}

unpack() { tar -C "$work" -xJf "$data/$1.tar.xz"; }
# peak runs a command and prints its peak memory (VmHWM, in MB) behind its output.
peak() { python3 - "$@" <<'PY'
import resource, subprocess, sys, time
t = time.time()
code = subprocess.call(sys.argv[1:])
r = resource.getrusage(resource.RUSAGE_CHILDREN)
print("  wall %.1f s, cpu %.1f s, peak memory %.0f MB" % (time.time() - t, r.ru_utime + r.ru_stime, r.ru_maxrss / 1024))
sys.exit(code)
PY
}

if [[ $what == *crawl* ]]; then
  echo "== crawl of postgresql-doc-15 (1,169 pages, loopback, no delay, 8 in parallel)"
  pages=$(scripts/postgresql-doc.sh "$work/cache")
  bin/devsite --listen 127.0.0.1:8412 --log "$work/requests.log" "$pages" &
  sleep 0.5
  peak bin/trawl crawl http://127.0.0.1:8412/index.html --data "$work/pg" --allow-private --delay=-1s --parallel 8 --wait 2>/dev/null
  python3 - "$work/requests.log" "$pages" <<'PY'
import collections, os, sys
got = collections.Counter(l.split()[2] for l in open(sys.argv[1]) if l.split()[0] == "200")
pages = {"/" + f for f in os.listdir(sys.argv[2]) if f.endswith(".html")}
print("  pages found %d of %d, fetched twice %d, other addresses answered 200: %d" % (
    len(pages & set(got)), len(pages), sum(got[p] > 1 for p in pages), len(set(got) - pages)))
PY
  unpack qrels-dev-knownitem
  k=$work/knownitem-postgresql
  for q in concept symbol; do
    printf '  known items, %s: ' "$q"
    bin/trawl eval --data "$work/pg" --queries "$k/queries.$q.dev.tsv" --qrels "$k/qrels.dev.txt" \
      --id-prefix http://127.0.0.1:8412/ --exclude "$k/excluded-pages.txt"
  done
fi

if [[ $what == *judged* ]]; then
  echo "== judged collections (reference: BM25 of ../shared/data/README.md)"
  unpack qrels-dev-scifact; unpack qrels-dev-classic
  for name in scifact cranfield cacm vaswani-npl; do
    dir=$work/$name
    bin/trawl index "$dir/docs.jsonl" --data "$work/judged" -c "$name" >/dev/null 2>&1
    printf '  %-14s ' "$name"
    bin/trawl eval --data "$work/judged" -c "$name" --queries "$dir/queries.tsv" --qrels "$dir/qrels.txt"
  done
fi

if [[ $what == *million* ]]; then
  echo "== one million documents with --memory 512MB"
  { xz -dc "$data/enwiki-2015-head.jsonl.xz" || true; } 2>/dev/null | python3 scripts/million.py 1000000 > "$work/million.jsonl"
  ls -l "$work/million.jsonl" | awk '{printf "  %.0f MB of JSON\n", $5/1e6}'
  peak bin/trawl index "$work/million.jsonl" --data "$work/million" -c million --memory 512MB
  peak bin/trawl search --data "$work/million" -c million --memory 512MB --limit 3 "history of the steam engine" | head -n 1
  du -sm "$work/million/blobs" | awk '{printf "  index on disk: %d MB\n", $1}'
fi
