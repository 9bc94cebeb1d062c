#!/usr/bin/env bash
# Sourced by the other scripts: finds the configuration, the log folder and the
# oxkeeper program. Everything it reads and sets is named as in Apache's scripts, so
# zookeeper-env.sh, java.env and wrappers keep working.
#
#   ZOOBINDIR      folder of the calling script        (set by the caller)
#   ZOOCFGDIR      folder of the configuration         (or: --config DIR)
#   ZOOCFG         name of the file in it              (default zoo.cfg)
#   ZOO_LOG_DIR    folder of the .out files            (default <prefix>/logs)
#   OXKEEPER_BIN   the program                         (default: see find_oxkeeper)
#   ZK_SERVER_HEAP, ZK_CLIENT_HEAP   accepted; a native program has no heap to limit

ZOOBINDIR="${ZOOBINDIR:-/usr/bin}"
ZOOKEEPER_PREFIX="${ZOOBINDIR}/.."

# Sourcing shares the caller's arguments, so this takes the option off every script's
# list. With nothing after DIR to act on, DIR is not an option but the command.
if [ $# -gt 1 ] && [ "$1" = "--config" ]; then
  ZOOCFGDIR="$2"
  shift 2
fi

if [ -z "$ZOOCFGDIR" ]; then
  ZOOCFGDIR="$ZOOBINDIR/../etc/zookeeper"
  [ -e "$ZOOKEEPER_PREFIX/conf" ] && ZOOCFGDIR="$ZOOBINDIR/../conf"
fi

[ -f "$ZOOCFGDIR/zookeeper-env.sh" ] && . "$ZOOCFGDIR/zookeeper-env.sh"
ZOOCFG="$ZOOCFGDIR/${ZOOCFG:-zoo.cfg}"
[ -f "$ZOOCFGDIR/java.env" ] && . "$ZOOCFGDIR/java.env"

ZOO_LOG_DIR="${ZOO_LOG_DIR:-$ZOOKEEPER_PREFIX/logs}"

# Prints the program's path: told, installed, on the PATH, or freshly built.
find_oxkeeper() {
  local candidate
  for candidate in "$OXKEEPER_BIN" "$ZOOKEEPER_PREFIX/lib/oxkeeper" "$ZOOKEEPER_PREFIX/bin/oxkeeper"; do
    if [ -f "$candidate" ] && [ -x "$candidate" ]; then
      echo "$candidate"
      return 0
    fi
  done
  type -P oxkeeper && return 0
  candidate="$ZOOKEEPER_PREFIX/target/release/oxkeeper"
  [ -x "$candidate" ] && echo "$candidate"
}

if ! OXKEEPER="$(find_oxkeeper)"; then
  echo "Error: OXKEEPER_BIN is not set and oxkeeper could not be found in PATH." >&2
  exit 1
fi

# A heap size given on purpose goes along: the server answers that it ignores it.
[ -n "$ZK_SERVER_HEAP" ] && SERVER_JVMFLAGS="-Xmx${ZK_SERVER_HEAP}m $SERVER_JVMFLAGS"
[ -n "$ZK_CLIENT_HEAP" ] && CLIENT_JVMFLAGS="-Xmx${ZK_CLIENT_HEAP}m $CLIENT_JVMFLAGS"
export SERVER_JVMFLAGS CLIENT_JVMFLAGS JVMFLAGS

# The text after the last "=" of the lines that begin with the given pattern.
config_value() {
  grep "^[[:space:]]*$1" "${2:-$ZOOCFG}" | sed -e 's/.*=//'
}
