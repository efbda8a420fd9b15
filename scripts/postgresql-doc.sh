#!/usr/bin/env bash
# Fetches the Debian package postgresql-doc-15 and prints the folder of its HTML pages.
# usage: scripts/postgresql-doc.sh CACHE-FOLDER
set -euo pipefail
cache=$1
out=$cache/postgresql-doc-15
html=$out/usr/share/doc/postgresql-doc-15/html
if [ ! -f "$html/index.html" ]; then
  command -v dpkg-deb >/dev/null || { echo "no dpkg-deb on this machine" >&2; exit 1; }
  tmp=$(mktemp -d)
  trap 'rm -rf "$tmp"' EXIT
  here=$(cd "$(dirname "$0")/.." && pwd)
  if ! (cd "$tmp" && apt-get download postgresql-doc-15 >&2); then
    if [ "$(id -u)" = 0 ] && apt-get update >&2 && (cd "$tmp" && apt-get download postgresql-doc-15 >&2); then :
    else cp "$here"/../shared/data/debs/postgresql-doc-15_*.deb "$tmp"/
    fi
  fi
  mkdir -p "$out"
  dpkg-deb -x "$tmp"/postgresql-doc-15_*.deb "$out"
fi
[ -f "$html/index.html" ] || html=$(dirname "$(find "$out" -name index.html | head -n 1)")
printf '%s\n' "$html"
