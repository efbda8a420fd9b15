#!/usr/bin/env bash
# Makes a site of all RFCs in HTML, of Debian's doc-rfc packages: CACHE-FOLDER/rfc-html with rfcN.html, lists of
# a hundred of them each, and an index of the lists. Prints that folder.
# usage: scripts/rfcs.sh CACHE-FOLDER         470 MB are fetched, and 1.1 GB kept
set -euo pipefail
cache=$1
to=$cache/rfc-html
if [ ! -f "$to/index.html" ]; then
  root=$("$(dirname "$0")/packages.sh" "$cache" doc-rfc-std doc-rfc-std-proposed doc-rfc-experimental doc-rfc-fyi-bcp doc-rfc-informational \
    doc-rfc-misc doc-rfc-old-std doc-rfc-others)
  rm -rf "$to.part"
  mkdir -p "$to.part"
  for file in "$root"/usr/share/doc/RFC/links/rfc*.html*; do
    name=$(basename "$file" .gz)
    case $file in *.gz) gunzip -c "$file" > "$to.part/$name" ;; *) cp -L "$file" "$to.part/$name" ;; esac
  done
  ls "$to.part" | sed -n 's/^rfc\([0-9]*\)\.html$/\1/p' | sort -n | awk -v to="$to.part" '
    { list = sprintf("list-%02d.html", $1 / 100)
      if (!(list in seen)) {
        seen[list] = 1
        lists = lists sprintf("<li><a href=\"%s\">RFC %d to %d</a>\n", list, int($1 / 100) * 100, int($1 / 100) * 100 + 99)
        printf "<!doctype html><title>RFC %d to %d</title><h1>RFC %d to %d</h1><ul>\n", int($1 / 100) * 100, int($1 / 100) * 100 + 99, int($1 / 100) * 100, int($1 / 100) * 100 + 99 > (to "/" list)
      }
      printf "<li><a href=\"rfc%d.html\">RFC %d</a>\n", $1, $1 > (to "/" list) }
    END { printf "<!doctype html><title>RFCs</title><h1>Requests for comments</h1><ul>\n%s</ul>\n", lists > (to "/index.html") }'
  mv "$to.part" "$to"
fi
printf '%s\n' "$to"
