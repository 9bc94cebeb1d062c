#!/usr/bin/env bash
# Makes empty data directories, for set-ups that forbid the server to do it. Arguments,
# messages and exit codes are those of Apache's script.

ZOOBIN="$(dirname "${BASH_SOURCE-$0}")"
ZOOBINDIR="$(cd "$ZOOBIN" && pwd)"
if [ -e "$ZOOBINDIR/../libexec/zkEnv.sh" ]; then
  . "$ZOOBINDIR/../libexec/zkEnv.sh"
else
  . "$ZOOBINDIR/zkEnv.sh"
fi

option_line() {
  printf '     %-53s %s\n' "$1" "$2"
}

usage() {
  echo "usage: $0 <parameters>"
  echo "  Optional parameters:"
  option_line -h "Display this message"
  option_line --help "Display this message"
  option_line "--configfile=$ZOOCFG" "ZooKeeper config file"
  option_line "--myid=#" "Set the myid to be used, if any (1-255)"
  option_line --force "Force creation of the data/txnlog dirs"
  exit 1
}

refuse() {
  echo "$1"
  exit 1
}

# A version-2 folder is data. Its parent may be there before, with its own owner and
# permissions, and stays.
refuse_existing() {
  [ -d "$2/version-2" ] &&
    refuse "ZooKeeper $1 directory already exists at $2 (or use --force to force re-initialization)"
}

make_empty() {
  rm -rf "$1/myid" "$1/version-2" > /dev/null 2>&1
  mkdir -p "$1/version-2"
}

initialize() {
  [ -e "$ZOOCFG" ] || refuse "Unable to find config file at $ZOOCFG"
  local data log
  data="$(config_value dataDir)"
  log="$(config_value dataLogDir)"
  [ -n "$data" ] || refuse "Unable to determine dataDir from $ZOOCFG"

  if [ -n "$FORCE" ]; then
    echo "Force enabled, data/txnlog directories will be re-initialized"
  else
    refuse_existing data "$data"
    [ -n "$log" ] && refuse_existing txnlog "$log"
  fi

  make_empty "$data"
  [ -n "$log" ] && make_empty "$log"

  if [ -n "$MYID" ]; then
    echo "Using myid of $MYID"
    echo "$MYID" > "$data/myid"
  else
    echo "No myid provided, be sure to specify it in $data/myid if using non-standalone"
  fi
  # Tells a server that its empty disk is meant to be empty.
  touch "$data/initialize"
}

while [ -n "$1" ]; do
  case "$1" in
    --configfile) ZOOCFG="$2"; shift ;;
    --configfile=?*) ZOOCFG="${1#*=}" ;;
    --myid) MYID="$2"; shift ;;
    --myid=?*) MYID="${1#*=}" ;;
    --force) FORCE=1 ;;
    -h | --help) usage ;;
    *)
      echo "Unknown option: $1"
      usage
      ;;
  esac
  # Nothing is left to shift after an option that lacks its value.
  shift || break
done
initialize
