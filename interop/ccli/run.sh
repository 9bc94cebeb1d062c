#!/usr/bin/env bash
# The C client's command line against the Java server or Oxkeeper; see run.py for the options.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
case ${1:-ox} in
  java) "$here/../setup.sh" java ccli >/dev/null ;;
  *) "$here/../setup.sh" ccli >/dev/null ;;
esac
exec python3 "$here/run.py" "$@"
