#!/usr/bin/env bash
# Shows Trawl on real pages: crawls a site and opens its search page.
# usage: scripts/run.sh [SITE]     environment: DATA, LISTEN, NO_BROWSER
set -euo pipefail
cd "$(dirname "$0")/.."
site=${1:-}
data=${DATA:-tmp/run}
listen=${LISTEN:-127.0.0.1:8080}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trawl
mkdir -p tmp

open_browser() {
  [ -n "${NO_BROWSER:-}" ] && return
  (sleep 1; command -v xdg-open >/dev/null && [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && xdg-open "http://$listen/" >/dev/null 2>&1) &
}

if [ -n "$site" ]; then
  open_browser
  exec bin/trawl serve --data "$data-$(printf %s "$site" | cksum | cut -d' ' -f1)" --listen "$listen" "$site"
fi

# The pages of a Debian package, served on loopback as the web site they are.
pages=$(scripts/postgresql-doc.sh "$cache" 2>tmp/postgresql-doc.log) || pages=
if [ -z "$pages" ]; then
  echo "postgresql-doc-15 cannot be fetched here ($(tail -n 1 tmp/postgresql-doc.log)); crawling Trawl's own manual."
  open_browser
  exec bin/trawl serve --data "$data-manual" --listen "$listen" --allow-private --delay=-1s "http://$listen/docs/"
fi
go build -o bin/devsite ./internal/devsite
bin/devsite --listen 127.0.0.1:8411 "$pages" &
devsite=$!
trap 'kill $devsite 2>/dev/null || true' EXIT
open_browser
bin/trawl serve --data "$data-postgresql" --listen "$listen" --allow-private --delay=-1s --parallel 8 http://127.0.0.1:8411/index.html
