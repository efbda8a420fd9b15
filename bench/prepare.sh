#!/bin/sh
# Cuts the passages: CACHE/para.tsv ("id TAB text", what the drivers read) and
# CACHE/passages.jsonl ({"id": …, "text": …}, the same). 575,642 documents, 415 MB of
# ASCII text. Whoever comes second finds them; two at once do the work twice and
# the last rename wins, with equal bytes.
set -eu
shared=$1 cache=$2
[ -s "$cache/para.tsv" ] && [ -s "$cache/passages.jsonl" ] && exit 0

source=$shared/data/enwiki-2015-head.jsonl.xz
[ -r "$source" ] || { echo "bench: no $source: set TRAWL_SHARED to the folder that holds data/" >&2; exit 1; }
mkdir -p "$cache"
work=$(mktemp -d "$cache/cutting.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
echo "bench: cutting the passages (a minute)" >&2

# The cutter reads and writes fixed names where it stands. The source comes
# through a pipe, and what nobody needs goes nowhere.
cd "$work"
mkfifo enwiki-2015-head.jsonl
ln -s /dev/null docs.tsv
ln -s /dev/null para.norm.txt
xz -dc "$source" > enwiki-2015-head.jsonl &
timeout 900 python3 "$shared/data/peers/prep-passages.py" >&2
wait $!
[ "$(wc -l < para.tsv)" -eq 575642 ] || { echo "bench: cut $(wc -l < para.tsv) passages, not 575642" >&2; exit 1; }
python3 -c '
import json, sys
for line in sys.stdin:
    i, text = line.rstrip("\n").split("\t")
    print(json.dumps({"id": i, "text": text}))' < para.tsv > passages.jsonl
for f in para.tsv passages.jsonl; do mv "$f" "$cache/$f"; done
