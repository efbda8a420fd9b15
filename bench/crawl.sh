#!/bin/sh
# Crawls real documentation sites on loopback, without delay, with Trawl's crawl half and with colly: crawl.sh --help.
set -eu
cd "$(dirname "$0")"
exec python3 crawl/run.py "$@"
