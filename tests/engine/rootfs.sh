# shellcheck shell=bash
# The engine's root folder: a small Debian with Docker in it, and wrappers for its commands.

# Debian's package of dockerd; "docker" alone was taken by another program.
DOCKERD_PACKAGE=docker.io
ENGINE_PACKAGES=${DOCKERD_PACKAGE},docker-cli,docker-buildx,docker-compose,docker-registry,git,ca-certificates
ENGINE_PACKAGES=${ENGINE_PACKAGES},iptables,nftables,iproute2,procps
ARCHIVE_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# Lists the machine's apt sources as lines of "release uri".
apt_sources() {
    # shellcheck disable=SC2016 # apt expands these itself
    apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' | sort -u
}

# Reads the package lists where a machine has none yet: apt does not tell its sources without them.
need_package_lists() {
    local log="/tmp/pybuild-apt.$$"
    [ -z "$(apt_sources)" ] || return 0
    say "reading the lists of packages"
    quietly "$log" apt-get update || die "apt-get update failed"
    rm -f "$log"
}

# Prints the URI of the Debian mirror that this machine installs from.
#
# Taken from apt's configuration, so that a machine behind a proxy or a private mirror works unchanged.
debian_mirror() {
    local codename uri
    if [ -n "${PYBUILD_ENGINE_MIRROR:-}" ]; then
        echo "$PYBUILD_ENGINE_MIRROR"
        return
    fi
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    uri=$(apt_sources | awk -v release="$codename" '$1 == release { print $2; exit }')
    [ -n "$uri" ] || die "no Debian mirror in apt's sources; set PYBUILD_ENGINE_MIRROR"
    echo "$uri"
}

# Prints the URI of the machine's security mirror; nothing if it has none.
debian_security_mirror() {
    apt_sources | awk '$1 ~ /-security$/ { print $2; exit }'
}

# Installs packages on this machine that the script itself needs.
need_package() {
    local package=$1 command=$2 log="/tmp/pybuild-apt.$$"
    command -v "$command" >/dev/null && return
    need_package_lists
    say "installing ${package}"
    # A list may be older than the mirror's last change: then it names files that are gone.
    install_package "$log" "$package" || { quietly "$log" apt-get update && install_package "$log" "$package"; } ||
        die "${package} could not be installed"
    rm -f "$log"
}

install_package() {
    quietly "$1" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$2"
}

# Makes a minimal Debian in a folder. Arguments: folder, suite, packages with commas between.
#
# The sid script is named because it fits every suite, and an older debootstrap does not know newer names.
make_debian() {
    local folder=$1 suite=$2 packages=$3 proxy=''
    need_package debootstrap debootstrap
    eval "$(apt-config shell proxy Acquire::http::Proxy)"
    rm -rf --one-file-system "$folder"
    mkdir -p "$folder"
    http_proxy="${proxy:-${http_proxy:-}}" quietly "${folder}.log" unshare --mount --propagation private \
        debootstrap --variant=minbase --keyring="$ARCHIVE_KEYRING" --include="$packages" \
        "$suite" "$folder" "$(debian_mirror)" /usr/share/debootstrap/scripts/sid ||
        die "debootstrap of ${suite} failed"
    rm -f "${folder}.log"
    rm -rf "${folder}"/var/cache/apt/archives/*.deb "${folder}"/var/lib/apt/lists/*
}

# Makes the engine's root if it is not there yet.
#
# It is built beside its place and renamed at the end: an interrupted run leaves nothing half-made behind.
make_rootfs() {
    local partial="${ENGINE_DIR}.partial"
    if [ ! -x "${ENGINE_DIR}/usr/sbin/dockerd" ]; then
        need_package_lists
        say "installing Docker from Debian ${ENGINE_SUITE} into ${ENGINE_DIR}"
        make_debian "$partial" "$ENGINE_SUITE" "$ENGINE_PACKAGES"
        rm -rf --one-file-system "$ENGINE_DIR"
        mv "$partial" "$ENGINE_DIR"
        package_versions | sed 's/^/    /' >&2
    fi
    mkdir -p "$STATE_DIR" "$LOG_DIR"
    copy_machine_files
    make_wrappers
}

# Prints name and version of packages in the engine's root.
package_versions() {
    # shellcheck disable=SC2016 # dpkg-query expands these itself
    dpkg-query --admindir="${ENGINE_DIR}/var/lib/dpkg" -W -f '${Package} ${Version}\n' \
        "$DOCKERD_PACKAGE" containerd runc docker-buildx docker-compose docker-registry 2>/dev/null
}

# Prints Docker's version, without Debian's additions to it.
docker_version() {
    package_versions | sed -n "s/^${DOCKERD_PACKAGE} \\([0-9.]*\\).*/\\1/p"
}

# Copies how this machine reaches the network: resolver, hosts, trusted authorities.
copy_machine_files() {
    local file
    for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt; do
        [ -r "$file" ] || continue
        mkdir -p "${ENGINE_DIR}${file%/*}"
        cmp -s "$file" "${ENGINE_DIR}${file}" || cp --remove-destination -L "$file" "${ENGINE_DIR}${file}"
    done
}

# Writes one wrapper. Arguments: where, the program's path inside of the engine's root.
#
# The program runs outside of that root, with that root's dynamic linker and libraries: so it sees every folder of
# the machine as it is, and needs nothing of the machine's own libc.
write_wrapper() {
    local wrapper=$1 program=$2 root="$ENGINE_DIR"
    mkdir -p "${wrapper%/*}"
    cat >"${wrapper}.new" <<WRAPPER
#!/bin/sh
exec '${root}/lib64/ld-linux-x86-64.so.2' --library-path \\
    '${root}/usr/lib/x86_64-linux-gnu:${root}/usr/lib' '${root}${program}' "\$@"
WRAPPER
    chmod 755 "${wrapper}.new"
    mv "${wrapper}.new" "$wrapper"
}

# Makes `docker`, `docker buildx` and `docker compose` runnable from outside.
make_wrappers() {
    local plugins=/usr/libexec/docker/cli-plugins plugin
    write_wrapper "${CLIENT_DIR}/bin/docker" /usr/bin/docker
    for plugin in docker-buildx docker-compose; do
        write_wrapper "${CLIENT_DIR}/config/cli-plugins/${plugin}" "${plugins}/${plugin}"
    done
}
