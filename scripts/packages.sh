#!/usr/bin/env bash
# Fetches Debian packages, unpacks them below CACHE-FOLDER/root and prints that folder. A
# package that apt cannot bring is taken from ../shared/data/debs.
# usage: scripts/packages.sh CACHE-FOLDER PACKAGE...
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
cache=$1
shift
mkdir -p "$cache/root" "$cache/debs" "$cache/done"
cache=$(cd "$cache" && pwd)
command -v dpkg-deb >/dev/null || { echo "no dpkg-deb on this machine: Debian packages cannot be unpacked" >&2; exit 1; }
updated=
for package; do
  [ ! -f "$cache/done/$package" ] || continue
  cd "$cache/debs"
  if ! apt-get download "$package" >&2; then
    if [ -z "$updated" ] && [ "$(id -u)" = 0 ]; then apt-get update >&2 || true; updated=1; fi
    apt-get download "$package" >&2 || cp "$here"/../shared/data/debs/"$package"_*.deb .
  fi
  dpkg-deb -x "$package"_*.deb "$cache/root"
  rm -f "$package"_*.deb
  touch "$cache/done/$package"
done
printf '%s\n' "$cache/root"
