#!/usr/bin/env bash
# Crawls the documentation sites of ../shared/data/sites.manifest.tsv in one go, served under their host names on
# loopback (devsite is their forward proxy), and holds what was found to an independent walk along their links. Prints a
# table by site, and why each page that was not fetched was not.
# usage: scripts/sites.sh [PACKAGE...]         CACHE (default /tmp/trawl-sites) keeps the packages, 6 GB, and PDFium compiled;
#                                              WALK, if given, is a file that keeps the walk from run to run
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${CACHE:-/tmp/trawl-sites}
manifest=../shared/data/sites.manifest.tsv
[ -f "$manifest" ] || { echo "sites: $manifest is not there" >&2; exit 1; }
mkdir -p "$cache" bin
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
go build -o bin/ ./internal/devsite ./internal/linkwalk ./internal/crawlrun

# One line a site: HOST/PATH=FOLDER, seeds.
want=" $* "
: > "$work/list"
while IFS=$'\t' read -r package folder seeds upstream; do
  [ "$want" = "  " ] || [[ $want == *" $package "* ]] || continue
  case $package in
    cacm-html)
      [ -d "$cache/cacm-html" ] || { mkdir -p "$cache/cacm-html" && tar -C "$cache/cacm-html" -xJf ../shared/data/cacm-html-site/cacm-html.tar.xz; }
      folder=$(dirname "$(find "$cache/cacm-html" -name index.html | head -n 1)"); upstream=cacm.test ;;
    rfc-html)
      folder=$(scripts/rfcs.sh "$cache" 2>"$work/apt") || { echo "sites: $package cannot be had, left out: $(tail -n 1 "$work/apt")" >&2; continue; } ;;
    *)
      parts=$package
      [ "$package" != developers-reference-all ] || parts="developers-reference developers-reference-de developers-reference-fr developers-reference-ja"
      root=$(scripts/packages.sh "$cache" $parts 2>"$work/apt") || { echo "sites: $package cannot be had, left out: $(tail -n 1 "$work/apt")" >&2; continue; }
      folder=$root/$folder ;;
  esac
  printf '%s\t%s=%s\t%s\n' "$package" "$upstream" "$folder" "$seeds" >> "$work/list"
done < "$manifest"

cut -f2- "$work/list" > "$work/walk"
cut -f2 "$work/list" > "$work/sites"
awk -F'\t' '{ split($2, at, "="); n = split($3, s, ","); for (i = 1; i <= n; i++) print "http://" at[1] "/" s[i] }' "$work/list" > "$work/seeds"
echo "sites: $(wc -l < "$work/list"); walking along their links"
if [ -s "${WALK:-}" ]; then cp "$WALK" "$work/truth"; else bin/linkwalk < "$work/walk" > "$work/truth"; fi
[ -z "${WALK:-}" ] || cp "$work/truth" "$WALK"

bin/crawlrun pdf-cache "$cache/pdfium" # a server does so once, in another process, for all that it will ever crawl
echo "sites: $(wc -l < "$work/truth") pages can be reached; crawling"
bin/devsite --listen 127.0.0.1:8414 --log "$work/requests" --sites "$work/sites" &
sleep 0.5
python3 scripts/sites.py "$work" bin/crawlrun --memory 96 --cache 24 --dir "$work/crawl" --convert-cache "$cache/pdfium" --proxy http://127.0.0.1:8414 --parallel 8 --seeds "$work/seeds" --why "$work/truth"
