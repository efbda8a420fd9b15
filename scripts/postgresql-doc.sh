#!/usr/bin/env bash
# Fetches the Debian package postgresql-doc-15 and prints the folder of its HTML pages.
# usage: scripts/postgresql-doc.sh CACHE-FOLDER
set -euo pipefail
root=$("$(dirname "$0")/packages.sh" "$1" postgresql-doc-15)
printf '%s\n' "$root/usr/share/doc/postgresql-doc-15/html"
