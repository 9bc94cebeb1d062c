#!/usr/bin/env bash
# kazoo's own test suite against the Java server or Oxkeeper; see run.py for the options.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
case ${1:-ox} in
  java) "$here/../setup.sh" java kazoo >/dev/null ;;
  *) "$here/../setup.sh" kazoo >/dev/null ;;
esac
exec python3 "$here/run.py" "$@"
