#!/usr/bin/env bash
# Installs what the tests use beside Go: Chromium for the end-to-end test, its headless
# shell for rendered pages, xz for the shared archives, PostgreSQL for the database suite. What cannot be installed is
# named, and the tests that need it skip with a reason.
set -uo pipefail
want=()
[ -x /usr/bin/chromium ] || want+=(chromium)
command -v chromium-headless-shell >/dev/null || want+=(chromium-headless-shell)
command -v xz >/dev/null || want+=(xz-utils)
[ -x /usr/lib/postgresql/15/bin/initdb ] || want+=(postgresql-15)
if [ ${#want[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    log=$(mktemp)
    if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${want[@]}"; } >"$log" 2>&1; then
      echo "setup: could not install ${want[*]}: $(tail -n 1 "$log"); tests that need them skip"
    fi
  else
    echo "setup: not root, or no apt-get: tests that need ${want[*]} skip"
  fi
fi
exit 0
