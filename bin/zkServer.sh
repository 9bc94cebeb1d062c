#!/usr/bin/env bash
# Starts, stops and asks after one server. Arguments, messages, pid and .out files and
# exit codes are those of Apache's zkServer.sh, which wrappers depend on.

ZOOBIN="$(dirname "${BASH_SOURCE-$0}")"
ZOOBINDIR="$(cd "$ZOOBIN" && pwd)"
if [ -e "$ZOOBINDIR/../libexec/zkEnv.sh" ]; then
  . "$ZOOBINDIR/../libexec/zkEnv.sh"
else
  . "$ZOOBINDIR/zkEnv.sh"
fi

# Supervisors look for this name in the process list.
MAIN_CLASS=org.apache.zookeeper.server.quorum.QuorumPeerMain

# --- JMX: there is none, but its settings are accepted and its messages expected.
JMX_FLAGS=()
if [ -n "$JMXDISABLE" ] && [ "$JMXDISABLE" != false ]; then
  echo "JMX disabled by user request" >&2
else
  echo "ZooKeeper JMX enabled by default" >&2
  if [ -n "$JMXPORT" ]; then
    echo "ZooKeeper remote JMX Port set to $JMXPORT" >&2
    echo "ZooKeeper remote JMX authenticate set to ${JMXAUTH:-false}" >&2
    echo "ZooKeeper remote JMX ssl set to ${JMXSSL:-false}" >&2
    echo "ZooKeeper remote JMX log4j set to ${JMXLOG4J:-true}" >&2
    [ -n "$JMXHOSTNAME" ] && echo "ZooKeeper remote JMX Hostname set to $JMXHOSTNAME" >&2
    # The server says in its log that it has no use for this one.
    JMX_FLAGS=("-Dcom.sun.management.jmxremote.port=$JMXPORT")
  fi
fi

# --- Which file: a bare name lies in ZOOCFGDIR, one with a folder is taken as it is.
[ -n "$2" ] && ZOOCFG="$ZOOCFGDIR/$2"
[ "$(dirname "$ZOOCFG")" != "$ZOOCFGDIR" ] && ZOOCFG="$2"
echo "Using config: $ZOOCFG" >&2

# --- Where the data is. Any key that begins with dataDir counts, as upstream.
ZOO_DATADIR="$(config_value dataDir | sed -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//')"
ZOO_DATALOGDIR="$(config_value dataLogDir)"

AUTOCREATE_FLAGS=()
if [ -n "$ZOO_DATADIR_AUTOCREATE_DISABLE" ]; then
  if [ ! -d "$ZOO_DATADIR/version-2" ]; then
    echo "ZooKeeper data directory is missing at $ZOO_DATADIR fix the path or run initialize"
    exit 1
  fi
  if [ -n "$ZOO_DATALOGDIR" ] && [ ! -d "$ZOO_DATALOGDIR/version-2" ]; then
    echo "ZooKeeper txnlog directory is missing at $ZOO_DATALOGDIR fix the path or run initialize"
    exit 1
  fi
  AUTOCREATE_FLAGS=("-Dzookeeper.datadir.autocreate=false")
fi

# --- Files of the running server.
if [ -z "$ZOOPIDFILE" ]; then
  [ -d "$ZOO_DATADIR" ] || mkdir -p "$ZOO_DATADIR"
  ZOOPIDFILE="$ZOO_DATADIR/zookeeper_server.pid"
else
  mkdir -p "$(dirname "$ZOOPIDFILE")"
fi
[ -w "$ZOO_LOG_DIR" ] || mkdir -p "$ZOO_LOG_DIR"
ZOO_LOG_FILE="${ZOO_LOG_FILE:-zookeeper-$USER-server-$HOSTNAME.log}"
ZOO_OUT_FILE="$ZOO_LOG_DIR/zookeeper-$USER-server-$HOSTNAME.out"

# --- The command. Properties go along as arguments, so that the process list shows
# them. A word with a quote is left to the environment, where the server unquotes it.
property_words() {
  local word
  set -f
  for word in $SERVER_JVMFLAGS $JVMFLAGS; do
    case "$word" in
      *[\"\'\\]*) ;;
      -D*) echo "$word" ;;
    esac
  done
  set +f
}
mapfile -t PROPERTY_FLAGS < <(property_words)
SERVER_COMMAND=(
  "$OXKEEPER" server --main-class "$MAIN_CLASS"
  "${AUTOCREATE_FLAGS[@]}"
  "-Dzookeeper.log.dir=$ZOO_LOG_DIR" "-Dzookeeper.log.file=$ZOO_LOG_FILE"
  "${PROPERTY_FLAGS[@]}" "${JMX_FLAGS[@]}"
  "$ZOOCFG"
)

is_running() {
  if type -P ps > /dev/null; then
    ps -p "$1" > /dev/null 2>&1
  else
    kill -0 "$1" > /dev/null 2>&1
  fi
}

start() {
  echo -n "Starting zookeeper ... "
  local pid
  if [ -f "$ZOOPIDFILE" ]; then
    pid="$(cat "$ZOOPIDFILE")"
    if kill -0 "$pid" > /dev/null 2>&1; then
      echo "already running as process $pid."
      exit 1
    fi
  fi
  # nohup turns into the server, so $! is the server's own pid and gets its signals.
  nohup "${SERVER_COMMAND[@]}" > "$ZOO_OUT_FILE" 2>&1 < /dev/null &
  pid=$!
  if [ -z "$pid" ]; then
    echo SERVER DID NOT START
    exit 1
  fi
  if ! { echo -n "$pid" > "$ZOOPIDFILE"; } 2> /dev/null; then
    echo FAILED TO WRITE PID
    exit 1
  fi
  sleep 1
  if ! is_running "$pid"; then
    echo FAILED TO START
    exit 1
  fi
  echo STARTED
}

start_foreground() {
  if [ -n "$ZOO_NOEXEC" ]; then
    "${SERVER_COMMAND[@]}"
  else
    exec "${SERVER_COMMAND[@]}"
  fi
}

print_cmd() {
  echo "\"$OXKEEPER\" server --main-class $MAIN_CLASS ${AUTOCREATE_FLAGS[*]}" \
    "-Dzookeeper.log.dir=\"$ZOO_LOG_DIR\" -Dzookeeper.log.file=\"$ZOO_LOG_FILE\"" \
    "${PROPERTY_FLAGS[*]} ${JMX_FLAGS[*]} \"$ZOOCFG\" > \"$ZOO_OUT_FILE\" 2>&1 < /dev/null"
}

stop() {
  echo -n "Stopping zookeeper ... "
  if [ ! -f "$ZOOPIDFILE" ]; then
    echo "no zookeeper to stop (could not find file $ZOOPIDFILE)"
    exit 0
  fi
  kill "$(cat "$ZOOPIDFILE")"
  rm "$ZOOPIDFILE"
  sleep 1
  echo STOPPED
  exit 0
}

# Sets clientPort, and clientPortAddress if it is given there, from the server list.
find_listed_client_port() {
  local myid listed dynamic
  myid="$(cat "$(config_value dataDir)/myid" 2> /dev/null)"
  if ! [[ "$myid" =~ ^[0-9]+$ ]]; then
    echo "myid could not be determined, will not able to locate clientPort in the server configs."
    return
  fi
  listed="$(config_value "server.$myid=.*;.*" | sed -e 's/.*;//')"
  if [ -z "$listed" ]; then
    echo "Client port not found in static config file. Looking in dynamic config file."
    dynamic="$(config_value dynamicConfigFile)"
    listed="$(config_value "server.$myid=.*;.*" "$dynamic" | sed -e 's/.*;//')"
  fi
  if [ -z "$listed" ]; then
    echo "Client port not found in the server configs"
    return
  fi
  if [[ "$listed" =~ \[(.*)\]:[0-9]+ ]]; then
    clientPortAddress="${BASH_REMATCH[1]}"
  elif [[ "$listed" =~ ^(.*):[0-9]+ ]]; then
    clientPortAddress="${listed%%:*}"
  fi
  clientPort="${listed##*:}"
}

# Asking a TLS port takes a client that may connect. The first line is known to
# wrappers, and so are the lines of one blank around the note.
secure_port_note() {
  cat << NOTE
 
Note: We used secureClientPort ($clientPort) to establish connection, but we failed. The 'status'
  command is a client of that port like any other, and needs a key and certificates of its own.
  Name them in CLIENT_JVMFLAGS, for example:
  CLIENT_JVMFLAGS="-Dzookeeper.client.secure=true
  -Dzookeeper.ssl.keyStore.location=client.p12 -Dzookeeper.ssl.keyStore.passwordPath=client.pass
  -Dzookeeper.ssl.trustStore.location=ca.pem"
  and run ./zkServer.sh status again.
 
NOTE
}

status() {
  local isSSL=false mode
  clientPortAddress="$(config_value 'clientPortAddress[^[:alpha:]]')"
  clientPortAddress="${clientPortAddress:-localhost}"
  clientPort="$(config_value 'clientPort[^[:alpha:]]')"
  [[ "$clientPort" =~ ^[0-9]+$ ]] || find_listed_client_port
  if [ -z "$clientPort" ]; then
    echo "Client port not found. Looking for secureClientPort in the static config."
    clientPort="$(config_value 'secureClientPort[^[:alpha:]]')"
    if [ -z "$clientPort" ]; then
      echo "Unable to find either secure or unsecure client port in any configs. Terminating."
      exit 1
    fi
    isSSL=true
    clientPortAddress="$(config_value 'secureClientPortAddress[^[:alpha:]]')"
    clientPortAddress="${clientPortAddress:-localhost}"
  fi
  echo "Client port found: $clientPort. Client address: $clientPortAddress. Client SSL: $isSSL."
  # Unquoted on purpose: blanks around a value of the file fall away. The last word
  # is given for TLS only.
  mode="$("$OXKEEPER" 4lw $clientPortAddress $clientPort srvr ${isSSL/false/} 2> /dev/null | grep Mode)"
  if [ -z "$mode" ]; then
    [ "$isSSL" = true ] && secure_port_note
    echo "Error contacting service. It is probably not running."
    exit 1
  fi
  echo $mode
  exit 0
}

case "$1" in
  start) start ;;
  start-foreground) start_foreground ;;
  stop) stop ;;
  restart)
    shift
    "$0" stop "$@"
    sleep 3
    "$0" start "$@"
    ;;
  status) status ;;
  print-cmd) print_cmd ;;
  version) "$OXKEEPER" version 2> /dev/null ;;
  *)
    echo "Usage: $0 [--config <conf-dir>] {start|start-foreground|stop|version|restart|status|print-cmd}" >&2
    ;;
esac
