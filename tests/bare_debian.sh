#!/usr/bin/env bash
# ./run demo-check on a bare Debian: debootstrap, the packages that the README names, a copy of this checkout; first as
# an ordinary user (no Pango, nothing may be installed), then as root from /root (the database moves to /var/lib).
#
# As root on a machine with debootstrap: tests/bare_debian.sh
# From the environment, all optional:
#   DEBIAN_SUITE   bookworm unless told
#   DEBIAN_MIRROR  where Debian's packages come from; debootstrap's own default otherwise
#   PIP_…, SSL_CERT_FILE, …_proxy   handed on; a certificate file is copied in
#   BARE_BIND      folders of this machine to show inside, separated by spaces (a package index on disk)
#   BARE_RUNS      how many times in a row, 1 unless told
set -euo pipefail

if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null; then
    echo "This needs root and debootstrap (apt-get install debootstrap)." >&2
    exit 1
fi
# In a mount namespace of its own: what is mounted here is gone with this script, however it ends.
if [ "${BARE_INSIDE:-}" != yes ]; then
    BARE_INSIDE=yes exec unshare --mount --propagation private "$0" "$@"
fi

checkout=$(cd "$(dirname "$0")/.." && pwd)
packages=$(sed -n 's/^.*apt-get install \(-y \)\?\(--no-install-recommends \)\?//p' "$checkout/README.md" | head -n 1)
if [ -z "$packages" ]; then
    echo "README.md names no packages (a line with: apt-get install …)." >&2
    exit 1
fi

root=$(mktemp -d /var/tmp/bare-debian.XXXXXX)
chmod 755 "$root"
finish() {
    for mounted in $(awk -v under="$root/" 'index($2, under) == 1 { print $2 }' /proc/mounts | sort -r); do
        umount "$mounted"
    done
    rm -rf --one-file-system "$root"
}
trap finish EXIT

echo "== bare Debian ${DEBIAN_SUITE:-bookworm} with: $packages"
debootstrap --variant=minbase --include="$(echo "$packages" | tr -s ' ' ',')" \
    "${DEBIAN_SUITE:-bookworm}" "$root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$root.log" 2>&1 || {
    tail -n 5 "$root.log" >&2
    exit 1
}
rm "$root.log"
mount -t proc proc "$root/proc"
mkdir -p "$root/dev/shm"
mount -t tmpfs tmpfs "$root/dev/shm"
cp /etc/resolv.conf "$root/etc/resolv.conf"
for file in /etc/pip.conf "${PIP_CONFIG_FILE:-}" "${SSL_CERT_FILE:-}"; do
    [ -f "$file" ] && install -D "$file" "$root$file"
done
for folder in ${BARE_BIND:-}; do
    mkdir -p "$root$folder"
    mount --bind -o ro "$folder" "$root$folder"
done

chroot "$root" useradd --create-home --shell /bin/bash casey
for home in "$root/home/casey" "$root/root"; do
    mkdir "$home/candor"
    tar -C "$checkout" --exclude=./.git --exclude=./.venv --exclude=./.data --exclude=./.env.local \
        --exclude=node_modules --exclude=__pycache__ -cf - . | tar -C "$home/candor" --no-same-owner -xf -
done
chroot "$root" chown -R casey: /home/casey

settings=(PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8)
while IFS= read -r name; do
    settings+=("$name=${!name}")
done < <(compgen -e | grep -E '^PIP_|^SSL_CERT_FILE$|_proxy$|_PROXY$' || true)

check() { # login, folder
    local answer began=$SECONDS
    answer=$(env -i "${settings[@]}" HOME="$(dirname "$2")" \
        chroot --userspec="$1" "$root" /bin/sh -c 'cd "$1" && ./run demo-check' sh "$2" | tail -n 1)
    echo "== $1: $((SECONDS - began)) s: $answer"
    case $answer in *'"ok": true'*) ;; *) exit 1 ;; esac
}

for _ in $(seq "${BARE_RUNS:-1}"); do
    check casey:casey /home/casey/candor
    check root:root /root/candor
done
if find /proc -maxdepth 2 -name root -lname "$root" 2>/dev/null | grep -q .; then
    echo "Something still runs." >&2
    exit 1
fi
echo "== all good"
