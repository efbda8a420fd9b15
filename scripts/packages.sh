#!/usr/bin/env bash
# Fetches Debian packages, unpacks them below CACHE-FOLDER/root and prints that folder. What apt's own
# sources do not have is looked for among Debian's non-free packages (documents that may not be changed), in
# lists of its own, and then in ../shared/data/debs.
# usage: scripts/packages.sh CACHE-FOLDER PACKAGE...
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
cache=$1
shift
mkdir -p "$cache/root" "$cache/debs" "$cache/done"
cache=$(cd "$cache" && pwd)
command -v dpkg-deb >/dev/null || { echo "no dpkg-deb on this machine: Debian packages cannot be unpacked" >&2; exit 1; }

nonfree() {
  local lists=$cache/apt release
  release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  [ -n "$release" ] || return 1
  mkdir -p "$lists/lists/partial" "$lists/cache/archives/partial"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $release non-free" > "$lists/sources.list"
  local opts=(-o Dir::Etc::sourcelist="$lists/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$lists/lists" -o Dir::Cache="$lists/cache")
  [ -f "$lists/updated" ] || { apt-get "${opts[@]}" update >&2 && touch "$lists/updated"; } || return 1
  apt-get "${opts[@]}" download "$1" >&2
}

updated=
for package; do
  [ ! -f "$cache/done/$package" ] || continue
  cd "$cache/debs"
  if ! apt-get download "$package" >&2; then
    if [ -z "$updated" ] && [ "$(id -u)" = 0 ]; then apt-get update >&2 || true; updated=1; fi
    apt-get download "$package" >&2 || nonfree "$package" || cp "$here"/../shared/data/debs/"$package"_*.deb .
  fi
  dpkg-deb -x "$package"_*.deb "$cache/root"
  rm -f "$package"_*.deb
  touch "$cache/done/$package"
done
printf '%s\n' "$cache/root"
