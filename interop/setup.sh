#!/usr/bin/env bash
# Prepares the real peers that the interop tests talk to, through the ordinary clients (mvn, pip,
# apt-get). Safe to run again: what is already there is kept, so a second run takes a moment.
#
#   interop/setup.sh [java] [kazoo] [ccli]      no argument: all three
#
#   java   Apache ZooKeeper 3.9.5, its server and zkCli, with the libraries they run with
#   kazoo  a Python environment with kazoo and its test tools, and kazoo's source release
#   ccli   the command line of the C client library (cli_mt)
#
# Everything goes to OXKEEPER_INTEROP_DIR (default: target/interop of this checkout).
# Exit code: 0 when every requested peer is there, else 1 with one sentence per missing peer.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${OXKEEPER_INTEROP_DIR:-$(dirname "$here")/target/interop}
mkdir -p "$dir" || { echo "setup: cannot create $dir; set OXKEEPER_INTEROP_DIR" >&2; exit 1; }
dir=$(cd "$dir" && pwd)
log=$dir/setup.log
missing=0

have() { command -v "$1" >/dev/null 2>&1; }

# miss PEER SENTENCE: reports a peer that cannot be had and goes on with the next.
miss() {
  echo "MISSING $1: $2 (details: $log)" >&2
  missing=1
}

# Installs Debian packages, as root or with sudo when that asks for no password.
apt_install() {
  have apt-get || return 1
  local root=()
  if [ "$(id -u)" != 0 ]; then
    have sudo && sudo -n true 2>/dev/null || return 1
    root=(sudo -n)
  fi
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >>"$log" 2>&1 && return 0
  "${root[@]}" apt-get update >>"$log" 2>&1
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >>"$log" 2>&1
}

# A stamp says which inputs a peer was made from; other inputs make it again.
stamp_of() { cat "$@" | cksum | tr ' ' '-'; }
is_done() { [ -f "$dir/$1/stamp" ] && [ "$(cat "$dir/$1/stamp")" = "$2" ]; }

setup_java() {
  local stamp
  stamp=$(stamp_of "$here/pom.xml" "$here/logback.xml")
  have java || apt_install default-jre-headless ||
    { miss java "no java command; install a Java runtime of version 11 or later"; return; }
  if ! is_done java "$stamp"; then
    have mvn || apt_install maven ||
      { miss java "no mvn command; install Maven"; return; }
    rm -rf "$dir/java"
    mkdir -p "$dir/java/conf"
    mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies \
      -DincludeScope=runtime -DoutputDirectory="$dir/java/lib" >>"$log" 2>&1 ||
      { miss java "Maven could not fetch Apache ZooKeeper 3.9.5"; return; }
    cp "$here/logback.xml" "$dir/java/conf/logback.xml"
    echo "$stamp" >"$dir/java/stamp"
  fi
  echo "java   $(basename "$dir"/java/lib/zookeeper-3*.jar .jar) on $(java -version 2>&1 | head -n 1): $dir/java"
}

setup_kazoo() {
  local stamp python=python3
  stamp=$(stamp_of "$here/kazoo/requirements.txt")
  if ! is_done kazoo "$stamp"; then
    have python3 || apt_install python3 python3-venv ||
      { miss kazoo "no python3 command; install Python 3.9 or later"; return; }
    rm -rf "$dir/kazoo"
    mkdir -p "$dir/kazoo/sdist"
    if ! "$python" -m venv "$dir/kazoo/venv" >>"$log" 2>&1; then
      apt_install python3-venv && "$python" -m venv --clear "$dir/kazoo/venv" >>"$log" 2>&1 ||
        { miss kazoo "python3 cannot make a virtual environment; install python3-venv"; return; }
    fi
    "$dir/kazoo/venv/bin/pip" install -q --disable-pip-version-check \
      -r "$here/kazoo/requirements.txt" >>"$log" 2>&1 ||
      { miss kazoo "pip could not install kazoo and its test tools"; return; }
    "$dir/kazoo/venv/bin/pip" download -q --disable-pip-version-check --no-deps --no-binary :all: \
      -d "$dir/kazoo/sdist" "$(grep '^kazoo==' "$here/kazoo/requirements.txt")" >>"$log" 2>&1 &&
      tar -xzf "$dir"/kazoo/sdist/kazoo-*.tar.gz -C "$dir/kazoo/sdist" --strip-components=1 >>"$log" 2>&1 ||
      { miss kazoo "pip could not fetch kazoo's source release, which has its tests"; return; }
    echo "$stamp" >"$dir/kazoo/stamp"
  fi
  echo "kazoo  $("$dir/kazoo/venv/bin/python" -c 'import kazoo.version as v; print(v.__version__)'): $dir/kazoo"
}

# Debian ships the command line in zookeeper-bin. The packages are unpacked, not installed, so
# this needs no root.
setup_ccli() {
  local stamp=zookeeper-bin-1
  if ! is_done ccli "$stamp"; then
    have apt-get && have dpkg-deb ||
      { miss ccli "the C command line comes from Debian's zookeeper-bin package and there is no apt-get here"; return; }
    rm -rf "$dir/ccli"
    mkdir -p "$dir/ccli/deb"
    download_ccli || { [ "$(id -u)" = 0 ] && apt-get update >>"$log" 2>&1 && download_ccli; } ||
      { miss ccli "apt-get could not download zookeeper-bin and libzookeeper-mt2"; return; }
    local deb
    for deb in "$dir"/ccli/deb/*.deb; do
      dpkg-deb -x "$deb" "$dir/ccli/root" >>"$log" 2>&1 ||
        { miss ccli "cannot unpack $deb"; return; }
    done
    cat >"$dir/ccli/cli_mt" <<'CLI'
#!/bin/sh
# The C client's command line with the library it came with.
root=$(dirname "$0")/root
lib=$(dirname "$(find "$root/usr/lib" -name 'libzookeeper_mt.so.2' | head -n 1)")
LD_LIBRARY_PATH=$lib exec "$root/usr/lib/zookeeper/bin/cli_mt" "$@"
CLI
    chmod +x "$dir/ccli/cli_mt"
    "$dir/ccli/cli_mt" 2>&1 | grep -q 'Version: ZooKeeper cli' ||
      { miss ccli "the unpacked cli_mt does not run"; return; }
    echo "$stamp" >"$dir/ccli/stamp"
  fi
  echo "ccli   $("$dir/ccli/cli_mt" 2>&1 | sed -n 's/^Version: //p'): $dir/ccli/cli_mt"
}

download_ccli() {
  (cd "$dir/ccli/deb" && apt-get download zookeeper-bin libzookeeper-mt2) >>"$log" 2>&1
}

: >"$log"
[ $# -gt 0 ] || set -- java kazoo ccli
for peer in "$@"; do
  case $peer in
    java | kazoo | ccli) "setup_$peer" ;;
    *) echo "setup: unknown peer '$peer'; known are java, kazoo and ccli" >&2; exit 2 ;;
  esac
done
exit "$missing"
