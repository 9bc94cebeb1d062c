#!/usr/bin/env bash
# The real Java zkCli against the Java server or Oxkeeper; see run.py for the options.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
"$here/../setup.sh" java >/dev/null
exec python3 "$here/run.py" "$@"
