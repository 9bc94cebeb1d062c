#!/usr/bin/env bash
# Runs fuzz targets with libFuzzer: run.sh [seconds per target] [target]...
set -euo pipefail
cd "$(dirname "$0")"

seconds=${1:-60}
shift || true
[ $# -gt 0 ] || set -- $(sed -n 's/^name = "\(.*\)"$/\1/p' Cargo.toml | grep -v oxkeeper-fuzz)

# The first inputs, from the same place as those of the short run.
cargo run --quiet --manifest-path ../Cargo.toml -p testkit --example fuzz_seeds -- corpus

for target in "$@"; do
    echo "== $target"
    cargo +nightly fuzz run "$target" -- \
        -max_total_time="$seconds" -max_len=16384 -timeout=20 -rss_limit_mb=1024 -print_final_stats=1
done
