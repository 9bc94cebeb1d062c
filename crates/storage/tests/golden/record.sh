#!/bin/sh
# Records the golden files. Usage: record.sh <directory with the jars of ZooKeeper 3.9.5>
# See README.md.
set -eu
jars=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

java_with() {
    java -cp "$jars/*" -Dzookeeper.extendedTypesEnabled=true -Dzookeeper.preAllocSize=64 \
        -Dlogback.configurationFile="$here/../../../../interop/logback.xml" "$@"
}
record() { java_with "$@" >"$work/out" 2>&1 || { cat "$work/out"; exit 1; }; }

# name, then the properties for writing the log, then --, then those for the snapshot
variant() {
    name=$1; shift
    writing=""; while [ "$1" != -- ]; do writing="$writing $1"; shift; done; shift
    rm -rf "$here/$name" "$work/data"; mkdir -p "$here/$name" "$work/data"
    # shellcheck disable=SC2086
    record $writing "$here/RecordGolden.java" write "$work/data"
    record "$@" "$here/RecordGolden.java" restart "$work/data"
    record "$@" "$here/RecordGolden.java" dump "$work/data" "$here/$name/expected.txt"
    cp "$work/data/version-2/"* "$here/$name/"
}
snapshot_only() { rm "$here/$1/log.1" "$here/$1/snapshot.0"; }

variant plain --
variant gz -- -Dzookeeper.snapshot.compression.method=gz
snapshot_only gz
variant snappy -- -Dzookeeper.snapshot.compression.method=snappy
snapshot_only snappy
variant digest-off -Dzookeeper.digest.enabled=false -- -Dzookeeper.digest.enabled=false
variant no-last-zxid -- -Dzookeeper.serializeLastProcessedZxid.enabled=false
snapshot_only no-last-zxid
variant bare -Dzookeeper.digest.enabled=false -Dzookeeper.closeSessionTxn.enabled=false -- \
    -Dzookeeper.digest.enabled=false -Dzookeeper.serializeLastProcessedZxid.enabled=false
