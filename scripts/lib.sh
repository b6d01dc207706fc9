# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# What the scripts here share: which packages they need and how these are installed, one way to build, and how the
# reports of test programs are counted. Sourced from the repository's root.

# A package, or a|b for the first that the system has.
packages_build=(g++ cmake ninja-build pkg-config python3 libcpp-httplib-dev libpq-dev libsqlite3-dev nlohmann-json3-dev)
packages_stack=(pgbouncer postgresql prometheus prometheus-alertmanager prometheus-node-exporter
  prometheus-postgres-exporter python3-yaml)
packages_test=("${packages_stack[@]}" clang clang-19 'clang-format-19|clang-format' debian-archive-keyring docker-compose doctest-dev
  'libclang-rt-dev|libclang-rt-14-dev' libfaketime locales openssl prometheus-cpp-dev prometheus-pushgateway python3-jsonschema
  python3-prometheus-client python3-protobuf tzdata valgrind)
packages_aarch64=(g++-aarch64-linux-gnu 'qemu-user-static|qemu-user')
packages_pictures=(chromium fonts-dejavu-core)
packages_bench=(prometheus-cpp-dev python3-matplotlib)

say() { printf '%s\n' "$*"; }
die() {
  say "$0: $*" >&2
  exit 1
}
misuse() {
  say "$0: $*; see --help" >&2
  exit 2
}

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

is_installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed* ]]; }

# missing_packages SPEC...: prints what has to be installed.
missing_packages() {
  local spec name
  for spec in "$@"; do
    for name in ${spec//|/ }; do
      is_installed "$name" && continue 2
      apt-cache show "$name" >/dev/null 2>&1 && break
    done
    say "$name"
  done
}

# install_packages SPEC...: installs what is missing, and says so. Services that come with packages are not started.
install_packages() {
  command -v apt-get >/dev/null || die "this needs a Debian or Ubuntu system; elsewhere, install the likes of: $*"
  local missing sudo_note=''
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "not root and no sudo here; first install: ${missing[*]}"
    sudo_note=' (with sudo)'
  fi
  (
    policy=/usr/sbin/policy-rc.d # what Debian's packages ask whether to start their services
    if [[ ! -e $policy ]]; then
      trap 'as_root rm -f "$policy"' EXIT
      trap 'exit 130' INT TERM HUP
      printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null && as_root chmod 755 "$policy" || exit
    fi
    say "Reading the package lists$sudo_note."
    as_root apt-get -o DPkg::Lock::Timeout=300 -qq update || exit
    mapfile -t missing < <(missing_packages "$@") # the lists know more now
    say "Installing$sudo_note: ${missing[*]}."
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq -y \
      install --no-install-recommends "${missing[@]}" >/dev/null || exit
    # Nor does what was installed for a test come up with the next boot.
    command -v systemctl >/dev/null || exit 0
    for name in pgbouncer postgresql prometheus{,-alertmanager,-node-exporter,-postgres-exporter,-pushgateway}; do
      if [[ " ${missing[*]} " == *" $name "* ]]; then as_root systemctl --quiet disable "$name.service"; fi
    done
  ) || die "the packages could not be installed"
}

# use_echarts: the library that draws pictures of boards, in $ECHARTS.
use_echarts() {
  local version=6.1.0 folder=$PWD/build/echarts
  export ECHARTS=$folder/node_modules/echarts/dist/echarts.min.js
  [[ $(cat "$folder/version" 2>/dev/null) == "$version" ]] && return
  command -v npm >/dev/null || install_packages npm
  mkdir -p "$folder"
  npm install --loglevel=error --no-audit --no-fund --prefix "$folder" "echarts@$version" && [[ -e $ECHARTS ]] || return
  say "$version" >"$folder/version"
}

# use_grafana_schema: Grafana's types as a JSON schema, in $GRAFANA_SCHEMA. Made anew when tests/dashboards/grafana.ts changes.
use_grafana_schema() {
  local folder=$PWD/build/grafana-schema source=tests/dashboards/grafana.ts
  local packages=(@grafana/schema@12.1.1 ts-json-schema-generator@2.3.0)
  export GRAFANA_SCHEMA=$folder/board.schema.json
  cmp -s "$source" "$folder/made-from" && [[ $(cat "$folder/packages" 2>/dev/null) == "${packages[*]}" ]] && return
  command -v npm >/dev/null || install_packages npm
  mkdir -p "$folder"
  npm install --loglevel=error --no-audit --no-fund --prefix "$folder" "${packages[@]}" || return
  cp "$source" "$folder/grafana.ts"
  (cd "$folder" && node_modules/.bin/ts-json-schema-generator --path grafana.ts --type Board --no-type-check --out "$GRAFANA_SCHEMA") || return
  say "${packages[*]}" >"$folder/packages"
  cp "$source" "$folder/made-from"
}

# use_debian RELEASE PACKAGE...: unpacks packages of Debian 13 or 14 in build/debian-RELEASE/PACKAGE, whatever this system is: programs
# that Debian 12 lacks, and newer ones to check against. It is done by an apt that shares nothing with the system's but the keys and
# the mirror.
use_debian() {
  local release=$1 root=$PWD/build/debian-$1 key=/usr/share/keyrings/debian-archive-keyring.gpg
  local -A names=([13]=trixie [14]=forky)
  shift
  mkdir -p "$root/apt/lists/partial" "$root/apt/archives/partial" || return
  (
    flock 9 # another suite may want it, too
    missing=()
    for package in "$@"; do [[ -e $root/$package/complete ]] || missing+=("$package"); done
    ((${#missing[@]})) || exit 0
    [[ -e $key ]] || install_packages debian-archive-keyring || exit
    mirror=$(apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' | awk '$1 $2 == "DebianDebian" { print $3; exit }')
    say "deb [signed-by=$key] ${mirror:-http://deb.debian.org/debian} ${names[$release]} main" >"$root/apt/sources.list"
    : >"$root/apt/status"
    cat >"$root/apt/apt.conf" <<END
Dir::State "$root/apt";
Dir::State::status "$root/apt/status";
Dir::Cache "$root/apt";
Dir::Etc::sourcelist "$root/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Sandbox::User "";
Acquire::Languages "none";
END
    export APT_CONFIG=$root/apt/apt.conf
    apt-get -qq update || exit
    for package in "${missing[@]}"; do
      rm -rf "${root:?}/$package" && mkdir "$root/$package" && cd "$root/$package" || exit
      apt-get -qq download "$package" && dpkg -x "$package"_*.deb . && rm "$package"_*.deb && touch complete || exit
    done
  ) 9>"$root/lock"
}

# use_libcxx VERSION: has clang's presets with libc++ find that version of it. A system has only one of them at a time, and
# whoever has another one keeps it: what is not installed is unpacked in build/.
use_libcxx() {
  local version=$1 root=''
  if ! is_installed "libc++-$version-dev"; then
    root=$PWD/build/libcxx-$version
    if [[ ! -e $root/complete ]]; then
      rm -rf "$root" && mkdir -p "$root" || return
      (
        cd "$root" || exit
        packages=("libc++"{1-"$version",-"$version"-dev} "libc++abi"{1-"$version",-"$version"-dev}
          "libunwind-$version"{,-dev})
        apt-get -qq download "${packages[@]}" ||
          { as_root apt-get -o DPkg::Lock::Timeout=300 -qq update && apt-get -qq download "${packages[@]}"; } || exit
        for package in *.deb; do dpkg -x "$package" . || exit; done
        touch complete
      ) || return
    fi
  fi
  root+=/usr/lib/llvm-$version
  export FLOWVIZ_METRICS_LIBCXX_FLAGS="-nostdinc++ -isystem $root/include/c++/v1 -Wno-unused-command-line-argument"
  export LIBRARY_PATH=$root/lib LD_LIBRARY_PATH=$root/lib
}

# use_newer_prometheus: newer releases of Prometheus than Debian 12's 2.42: that of Debian 13 in $NEWER_PROMETHEUS, and that of
# Debian 14, which is one of Prometheus 3, in $PROMETHEUS_3, and its promtool in $PROMTOOL_3. A system that is as new has its own.
use_newer_prometheus() {
  local own
  export NEWER_PROMETHEUS=$PWD/build/debian-13/prometheus/usr/bin/prometheus
  export PROMETHEUS_3=$PWD/build/debian-14/prometheus/usr/bin/prometheus PROMTOOL_3=$PWD/build/debian-14/promtool/usr/bin/promtool
  own=$(dpkg-query -W -f '${Version}' prometheus)
  if dpkg --compare-versions "$own" ge 2.53; then NEWER_PROMETHEUS=$(command -v prometheus); else use_debian 13 prometheus || return; fi
  if dpkg --compare-versions "$own" ge 3; then
    PROMETHEUS_3=$(command -v prometheus) PROMTOOL_3=$(command -v promtool)
  else
    use_debian 14 prometheus promtool
  fi
}

# use_pinned_programs: has the releases found first that compose.yaml pins, as near as Debian has them: Prometheus 3.5 with its promtool,
# Alertmanager 0.28, node-exporter 1.9, postgres-exporter 0.17.
use_pinned_programs() {
  local package packages=(prometheus-alertmanager prometheus-node-exporter prometheus-postgres-exporter)
  use_newer_prometheus && use_debian 13 "${packages[@]}" || return
  export PATH=${PROMETHEUS_3%/*}:${PROMTOOL_3%/*}:$PATH
  for package in "${packages[@]}"; do
    PATH=$PWD/build/debian-13/$package/usr/bin:$PATH
    [[ $(command -v "$package") == "$PWD/build/debian-13/"* ]] || return
  done
}

# build PRESET TARGET...: configures and builds. What `ninja_options` holds goes to ninja.
ninja_options=()
build() {
  local preset=$1
  shift
  mkdir -p build
  (
    flock 9 # others build there, too
    cmake --preset "$preset" &&
      cmake --build --preset "$preset" -j "$(nproc)" --target "$@" -- "${ninja_options[@]}" 9>&-
  ) 9>"build/$preset.lock"
}

# count_cases: adds up the reports of test programs on standard input, as `PASSED FAILED`: doctest's and unittest's
# summaries and lines `N passed, N failed`. What was skipped or expected to fail did not pass.
count_cases() {
  awk '
    /^\[doctest\] test cases: / {
      for (i = 2; i <= NF; ++i) {
        if ($i == "passed") passed += $(i - 1)
        if ($i == "failed" || $i == "skipped") failed += $(i - 1)
      }
    }
    /^Ran [0-9]+ tests? in / { ran = $2 }
    ran != "" && /^(OK|FAILED)( \(.*\))?$/ {
      bad = 0
      if (match($0, /\(.*\)/)) {
        n = split(substr($0, RSTART + 1, RLENGTH - 2), counts, /[^0-9]+/)
        for (i = 1; i <= n; ++i) bad += counts[i]
      }
      passed += ran > bad ? ran - bad : 0
      failed += bad
      ran = ""
    }
    /^[0-9]+ passed, [0-9]+ failed$/ { passed += $1; failed += $3 }
    END { print passed + 0, failed + 0 }
  '
}
