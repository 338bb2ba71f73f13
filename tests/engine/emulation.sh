# shellcheck shell=bash
# Programs of linux/arm64 on this machine, and a Python base image for both platforms.
#
# The kernel is told of Debian's static emulator for as long as the engine is there. Where the machine runs foreign
# programs by itself already, or Docker is somebody else's, nothing is registered.

BINFMT=/proc/sys/fs/binfmt_misc
BINFMT_NAME=pybuild-arm64
# The first 20 bytes of an arm64 program, and which bits of them count: elf(5), and binfmt-misc in the kernel's
# documentation.
ARM64_MAGIC='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
ARM64_MASK='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
# The image for both platforms, under a name that the official one has too.
BOTH_PLATFORMS=python:3.11-slim-bookworm
ARM64_HALF=arm64-with-apt

# Tells whether something runs programs of arm64 here.
arm64_runs() {
    [ "$(uname -m)" = aarch64 ] || grep -qs "^magic 7f454c4602010100.*b700" "$BINFMT"/*
}

# Has the kernel run programs of arm64 by the emulator.
start_emulation() {
    local emulator="${CLIENT_DIR}/qemu-aarch64-static"
    if [ ! -e "${BINFMT}/register" ]; then
        mount -t binfmt_misc binfmt_misc "$BINFMT" || die "this machine's kernel runs no foreign programs"
        : >"${STATE_DIR}/binfmt-mounted"
    fi
    if arm64_runs; then return; fi
    say "running programs of linux/arm64 with Debian's emulator"
    [ -x "$emulator" ] || fetch_emulator "$emulator"
    # F: the kernel opens the emulator now, so containers need not have it.
    printf '%s' ":${BINFMT_NAME}:M::${ARM64_MAGIC}:${ARM64_MASK}:${emulator}:F" >"${BINFMT}/register"
}

# Takes the emulator out of Debian's package, which itself is not installed. Argument: where to put it.
fetch_emulator() {
    local target=$1 folder
    folder=$(mktemp -d -p "${ENGINE_DIR}/var/tmp")
    need_package_lists
    # apt downloads as a user of its own.
    chmod 755 "$folder"
    (cd "$folder" && quietly "${LOG_DIR}/emulator.log" apt-get download qemu-user-static) ||
        die "qemu-user-static could not be downloaded"
    dpkg-deb --fsys-tarfile "$folder"/qemu-user-static_*.deb | tar -x -C "$folder" ./usr/bin/qemu-aarch64-static
    mv "${folder}/usr/bin/qemu-aarch64-static" "$target"
    rm -rf --one-file-system "$folder"
}

# Takes back what `start_emulation` told the kernel.
stop_emulation() {
    local entry="${BINFMT}/${BINFMT_NAME}"
    if [ -e "$entry" ] && grep -qs "^interpreter ${CLIENT_DIR}/" "$entry"; then echo -1 >"$entry"; fi
    if [ -e "${STATE_DIR}/binfmt-mounted" ]; then
        umount "$BINFMT" 2>/dev/null || true
        rm -f "${STATE_DIR}/binfmt-mounted"
    fi
}

# Makes Python's base image for both platforms: the one of this platform, and one of arm64.
make_both_platforms() {
    local image="${REGISTRY}/library/${BOTH_PLATFORMS}" root="${IMAGES_WORK}/arm64" version
    # The half of arm64 says by its tag how it was made: an engine that was kept may have an older one.
    local arm64="${image}-${ARM64_HALF}"
    if image_exists "$BOTH_PLATFORMS" && image_exists "${BOTH_PLATFORMS}-${ARM64_HALF}"; then return; fi
    say "making ${BOTH_PLATFORMS} for linux/amd64 and linux/arm64"
    mkdir -p "$IMAGES_WORK"
    unpack_foreign_debian "$root" bookworm arm64 python3,netbase,tzdata
    configure_apt "$root" bookworm
    ln -s /usr/bin/python3 "${root}/usr/local/bin/python3"
    ln -s /usr/bin/python3.11 "${root}/usr/local/bin/python3.11"
    ln -s python3 "${root}/usr/local/bin/python"
    version=$(docker_client buildx imagetools inspect "${REGISTRY}/library/python:3.11-slim" \
        --format '{{json .Image}}' | grep -o 'PYTHON_VERSION=[0-9.]*' | sort -u)
    tar -C "$root" --numeric-owner --exclude='./dev/*' -c . |
        docker_client import --platform linux/arm64 -c "ENV PATH=${OFFICIAL_PATH}" -c 'ENV LANG=C.UTF-8' \
            -c "ENV ${version}" -c 'CMD ["python3"]' - "$arm64" >/dev/null
    rm -rf --one-file-system "$root"
    quietly "${LOG_DIR}/push-arm64.log" docker_client push "$arm64" || die "${arm64} could not be pushed"
    quietly "${LOG_DIR}/push-arm64.log" docker_client buildx imagetools create -t "$image" \
        "${REGISTRY}/library/python:3.11-slim" "$arm64" || die "${image} could not be made"
}

# Writes down in a root's database that a package is installed there, so that apt and dpkg can go on from it.
# Arguments: root, the package's file.
record_package() {
    local root=$1 deb=$2 info="$1/var/lib/dpkg/info" control name file
    control=$(mktemp -d -p "${ENGINE_DIR}/var/tmp")
    dpkg-deb -e "$deb" "$control"
    name=$(dpkg-deb -f "$deb" Package)
    sed '1a Status: install ok installed' "${control}/control" >>"${root}/var/lib/dpkg/status"
    echo >>"${root}/var/lib/dpkg/status"
    # Where several architectures may be installed side by side, files are named after both.
    if [ "$(dpkg-deb -f "$deb" Multi-Arch)" = same ]; then name="${name}:$(dpkg-deb -f "$deb" Architecture)"; fi
    for file in "$control"/*; do
        case ${file##*/} in
            control) ;;
            # Nobody has a trigger to run for: what they keep up to date is not looked at here.
            triggers) ;;
            *) cp "$file" "${info}/${name}.${file##*/}" ;;
        esac
    done
    dpkg-deb --fsys-tarfile "$deb" | tar -t | sed -e 's|^\.||' -e 's|\(.\)/$|\1|' -e 's|^/$|/.|' >"${info}/${name}.list"
    rm -rf "$control"
}

# Unpacks packages of another platform with all they depend on, and configures none of them: that would run their
# scripts in the emulator, for minutes. Arguments: folder, suite, architecture, packages.
unpack_foreign_debian() {
    local root=$1 suite=$2 architecture=$3 packages=$4 deb folder
    need_package debootstrap debootstrap
    rm -rf --one-file-system "$root"
    mkdir -p "$root"
    quietly "${root}.log" unshare --mount --propagation private debootstrap --foreign --variant=minbase \
        --arch="$architecture" --keyring="$ARCHIVE_KEYRING" --include="$packages" \
        "$suite" "$root" "$(debian_mirror)" /usr/share/debootstrap/scripts/sid || die "debootstrap of ${suite} failed"
    mkdir -p "${root}/var/lib/dpkg/info"
    for deb in "$root"/var/cache/apt/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" --keep-directory-symlink
        record_package "$root" "$deb"
    done
    # What the scripts would have made, as far as a Python program can tell.
    cp "${root}/usr/share/base-passwd/passwd.master" "${root}/etc/passwd"
    cp "${root}/usr/share/base-passwd/group.master" "${root}/etc/group"
    echo '_apt:x:42:65534::/nonexistent:/usr/sbin/nologin' >>"${root}/etc/passwd"
    [ -e "${root}/bin/sh" ] || ln -s dash "${root}/bin/sh"
    mkdir -p "${root}/etc/ssl/certs" "${root}/usr/local/bin"
    # debootstrap links these to the machine's own until its second stage.
    for folder in proc sys; do
        [ ! -L "${root}/${folder}" ] || rm "${root}/${folder}"
        mkdir -p "${root}/${folder}"
    done
    cp -L /etc/ssl/certs/ca-certificates.crt "${root}/etc/ssl/certs/"
    rm -rf "${root}"/var/cache/apt/archives/*.deb "${root}/debootstrap" "${root}.log"
}
