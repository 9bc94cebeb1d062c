#!/usr/bin/env bash
# Deletes old snapshots and transaction logs: zkCleanup.sh -n count, for cron.

ZOOBIN="$(dirname "${BASH_SOURCE-$0}")"
ZOOBINDIR="$(cd "$ZOOBIN" && pwd)"
if [ -e "$ZOOBINDIR/../libexec/zkEnv.sh" ]; then
  . "$ZOOBINDIR/../libexec/zkEnv.sh"
else
  . "$ZOOBINDIR/zkEnv.sh"
fi

DIRECTORIES=("$(config_value 'dataDir=')")
LOG_DIRECTORY="$(config_value 'dataLogDir=')"
[ -n "$LOG_DIRECTORY" ] && DIRECTORIES=("$LOG_DIRECTORY" "${DIRECTORIES[@]}")

exec "$OXKEEPER" purge "${DIRECTORIES[@]}" "$@"
