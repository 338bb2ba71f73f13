#!/usr/bin/env bash
# Runs a program inside of the engine's root, in a mount namespace that the caller has already made.
#
# Every mount that the engine needs, and every one that Docker adds, lives in this namespace alone: all of them are
# gone with the last process, and the machine's own view of the folder never has a mount in it that a removal
# could reach through.
#
# Arguments: the engine's root, folders to share at the same path (":" between them), command.
set -euo pipefail

root=$1 shares=$2
shift 2

# containerd's image store needs its root to be a mount point.
mount --bind "$root" "$root"
mkdir -p "${root}"/{proc,sys,dev,tmp,run}
mount -t proc proc "${root}/proc"
mount --rbind /sys "${root}/sys"
mount --rbind /dev "${root}/dev"

# Docker resolves the paths of bind mounts in its own root; without these `-v "$PWD":/src` would see nothing.
IFS=: read -r -a folders <<<"$shares"
for folder in "${folders[@]}"; do
    mkdir -p "${root}${folder}"
    mount --bind "$folder" "${root}${folder}"
done

# A mere chroot would leave the machine's root as that of the namespace, and that is where `docker exec` and health
# checks, which join the namespaces of a container's process, would land.
mkdir -p "${root}/.machine"
cd "$root"
pivot_root . .machine
cd /
umount -l /.machine
rmdir /.machine 2>/dev/null || true

exec /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    HTTP_PROXY="${HTTP_PROXY:-${http_proxy:-}}" HTTPS_PROXY="${HTTPS_PROXY:-${https_proxy:-}}" \
    NO_PROXY="${NO_PROXY:-${no_proxy:-}}" "$@"
