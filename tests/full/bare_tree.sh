#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs scripts/demo and scripts/test of the last commit in a tree that holds nothing but the base of this machine's own
# Debian or Ubuntu release, so that no package can be missing from their lists.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source scripts/lib.sh

install_packages debootstrap git
source /etc/os-release

tree=$(mktemp -d "${TMPDIR:-/tmp}/bare-tree.XXXXXX")
trap 'as_root rm -rf --one-file-system "$tree"' EXIT
trap 'exit 130' INT TERM HUP
chmod 755 "$tree" # the root of what runs in it, some of it unprivileged

# This machine's own mirror, for this machine's own release: URI, release, component.
as_root apt-get -o DPkg::Lock::Timeout=300 -qq update
mapfile -t repositories < <(
  apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk -v id="$ID" -v codename="$VERSION_CODENAME" 'tolower($1) == id && index($3, codename) == 1 { print $2, $3, $4 }'
)
mirror=$(printf '%s\n' "${repositories[@]}" | awk -v codename="$VERSION_CODENAME" '$2 == codename { print $1; exit }')
[[ $mirror ]] || die "apt's sources here have no mirror of $ID $VERSION_CODENAME"

say "A bare $ID $VERSION_CODENAME in $tree"
as_root debootstrap --variant=minbase "$VERSION_CODENAME" "$tree" "$mirror"
printf 'deb %s\n' "${repositories[@]}" | as_root tee "$tree/etc/apt/sources.list" >/dev/null
apt-config dump Acquire | grep -v ' "";$' | as_root tee "$tree/etc/apt/apt.conf.d/99machine" >/dev/null
for file in /etc/resolv.conf /etc/hosts; do as_root cp --dereference "$file" "$tree$file"; done
if [[ $mirror == https:* ]]; then
  as_root install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/ca-certificates.crt"
fi

as_root mkdir "$tree/flowviz_metrics"
git archive HEAD | as_root tar -x -C "$tree/flowviz_metrics"

# inside COMMAND: in the tree, with processes and mounts that end with the command and an environment from nothing.
inside() {
  as_root unshare --mount --pid --fork --kill-child --mount-proc="$tree/proc" \
    bash -c 'mount --rbind /dev "$0/dev" && exec chroot "$0" "$@"' "$tree" \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
    http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" no_proxy="${no_proxy:-}" \
    bash -c "cd /flowviz_metrics && $1"
}

say "scripts/demo in it"
if inside 'scripts/demo --duration 5 --no-wait'; then say "1 passed, 0 failed"; else say "0 passed, 1 failed"; fi
say "scripts/test in it"
inside 'scripts/test'
