# shellcheck shell=bash
# Base images under their usual names, made from Debian's packages and kept in the engine's registry.
#
# The registry is dockerd's mirror, so `FROM python:3.11-slim` finds them. Each carries what the official image has
# and a build may rely on: paths, environment, apt's habits; and how this machine reaches its package sources.

OFFICIAL_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
IMAGES_WORK="${ENGINE_DIR}/var/tmp/pybuild-images"

# Tells whether the registry has an image. Argument: name:tag.
image_exists() {
    local accept='application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json'
    accept="${accept}, application/vnd.docker.distribution.manifest.v2+json"
    accept="${accept}, application/vnd.docker.distribution.manifest.list.v2+json"
    curl -fsS --noproxy '*' -m 5 -o /dev/null -I -H "Accept: ${accept}" \
        "http://127.0.0.1:${ENGINE_PORT}/v2/library/${1%%:*}/manifests/${1#*:}" 2>/dev/null
}

# Lists the images of the registry as name:tag.
list_images() {
    local url="http://127.0.0.1:${ENGINE_PORT}/v2" name tag
    for name in $(curl -fsS --noproxy '*' "${url}/_catalog?n=1000" | grep -o '"[a-z0-9_./-]*"' | tr -d '"'); do
        [ "$name" != repositories ] || continue
        for tag in $(curl -fsS --noproxy '*' "${url}/${name}/tags/list" 2>/dev/null |
            sed -n 's/.*"tags":\[\([^]]*\)\].*/\1/p' | tr -d '"' | tr , ' '); do
            echo "${name}:${tag}"
        done
    done
}

# Makes every base image that the registry does not have yet; two suites at a time, as the machine has two cores.
make_images() {
    local bookworm trixie failed=0
    need_package_lists
    need_package debootstrap debootstrap
    # Job control gives each its own process group: without it they would outlive an interrupt.
    set -m
    (
        make_python bookworm 3.11
        make_rust bookworm
    ) </dev/null &
    bookworm=$!
    (
        make_python trixie 3.13
        make_node trixie 20
    ) </dev/null &
    trixie=$!
    set +m
    # shellcheck disable=SC2064 # the ids of now
    trap "kill -TERM -- -${bookworm} -${trixie} 2>/dev/null; exit 130" INT TERM
    wait "$bookworm" || failed=1
    wait "$trixie" || failed=1
    trap - INT TERM
    [ ! -e "$IMAGES_WORK" ] || rm -rf --one-file-system "$IMAGES_WORK"
    [ "$failed" = 0 ] || die "not every base image could be made; run it again to go on from here"
}

docker_client() {
    DOCKER_HOST="unix://${SOCKET}" DOCKER_CONFIG="${CLIENT_DIR}/config" "${CLIENT_DIR}/bin/docker" "$@"
}

# Makes debian:SUITE-slim, the base of all others.
make_debian_image() {
    local suite=$1 image="debian:$1-slim" root="${IMAGES_WORK}/$1"
    image_exists "$image" && return
    say "making ${image}"
    mkdir -p "$IMAGES_WORK"
    make_debian "$root" "$suite" ca-certificates
    configure_apt "$root" "$suite"
    trust_machine_authorities "$root"
    write_pip_configuration "${root}/etc/pip.conf"
    slim_down "$root"
    tar -C "$root" --numeric-owner --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' -c . |
        docker_client import -c "ENV PATH=${OFFICIAL_PATH}" -c 'CMD ["bash"]' - "${REGISTRY}/library/${image}" >/dev/null
    rm -rf --one-file-system "$root"
    quietly "${LOG_DIR}/push-${suite}.log" docker_client push "${REGISTRY}/library/${image}" ||
        die "${image} could not be pushed"
}

# Sets apt up as in the official slim images, with this machine's mirrors and proxies.
configure_apt() {
    local root=$1 suite=$2 security conf="$1/etc/apt/apt.conf.d" keys="Signed-By: ${ARCHIVE_KEYRING}"
    rm -f "${root}/etc/apt/sources.list"
    security=$(debian_security_mirror)
    {
        printf 'Types: deb\nURIs: %s\nSuites: %s %s-updates\nComponents: main\n%s\n' \
            "$(debian_mirror)" "$suite" "$suite" "$keys"
        [ -z "$security" ] ||
            printf '\nTypes: deb\nURIs: %s\nSuites: %s-security\nComponents: main\n%s\n' "$security" "$suite" "$keys"
    } >"${root}/etc/apt/sources.list.d/debian.sources"
    # Packages are deleted as soon as they are installed: a cache mount on apt's archives has to switch this off.
    cat >"${conf}/docker-clean" <<'APT'
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT
    echo 'Acquire::GzipIndexes "true";' >"${conf}/docker-gzip-indexes"
    echo 'Acquire::Languages "none";' >"${conf}/docker-no-languages"
    echo 'Apt::AutoRemove::SuggestsImportant "false";' >"${conf}/docker-autoremove-suggests"
    apt-config dump | grep -E '^Acquire::(https?(::[^ ]+)?::Proxy|Check-(Valid-Until|Date)) ' >"${conf}/machine" || true
}

# Adds the authorities that this machine's owner added to its own trust store.
trust_machine_authorities() {
    local root=$1 folder=usr/local/share/ca-certificates
    if [ -n "$(ls "/${folder}" 2>/dev/null)" ]; then
        mkdir -p "${root}/${folder}"
        cp -rL "/${folder}/." "${root}/${folder}/"
    fi
    chroot "$root" /usr/bin/env PATH="$OFFICIAL_PATH" update-ca-certificates >/dev/null 2>&1
}

# Tells pip which index and which authorities this machine uses; other settings are the machine's own business.
write_pip_configuration() {
    local file=$1 option value
    {
        echo '[global]'
        echo 'cert = /etc/ssl/certs/ca-certificates.crt'
        for option in index-url extra-index-url trusted-host proxy; do
            value=$(python3 -m pip config get "global.${option}" 2>/dev/null) || continue
            printf '%s = %s\n' "$option" "$value"
        done
    } >"$file"
}

# Drops documentation and translations, now and from packages to come, as the official slim images do.
slim_down() {
    local root=$1
    cat >"${root}/etc/dpkg/dpkg.cfg.d/docker" <<'DPKG'
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-include /usr/share/locale/locale.alias
DPKG
    find "${root}/usr/share/doc" -type f ! -name copyright -delete
    find "${root}/usr/share/doc" -type l -delete
    find "${root}/usr/share/doc" -depth -mindepth 1 -type d -empty -delete
    rm -rf "${root}"/usr/share/man/* "${root}"/usr/share/info/* "${root}"/usr/share/locale/[!l]* \
        "${root}"/var/log/*.log "${root}"/var/log/apt/* "${root}"/var/cache/debconf/*-old \
        "${root}"/var/lib/dpkg/*-old "${root}"/etc/resolv.conf "${root}"/etc/hostname "${root}"/tmp/*
    # Read by no program of a container; a fresh one must not look like this machine.
    : >"${root}/etc/machine-id"
}

# Builds one image from images/NAME.Dockerfile and pushes it.
#
# The Dockerfile's stage `version` holds one file with the version of the main package. It is read in a first build
# and given back to the second, which reuses everything: an image's environment cannot be computed in a build.
# Arguments: Dockerfile's name, version variable, tags ("," between), further options of `docker buildx build`.
build_image() {
    local name=$1 variable=$2 tags=$3 log version tag out
    shift 3
    log="${LOG_DIR}/image-${tags%%:*}-$$.log"
    out=$(mktemp -d -p "${ENGINE_DIR}/var/tmp")
    set -- "$@" --provenance=false --build-arg "REGISTRY=${REGISTRY}" \
        -f "${ENGINE_SCRIPTS}/images/${name}.Dockerfile" "${ENGINE_SCRIPTS}/images"
    quietly "$log" docker_client buildx build --progress=plain --target version --output "type=local,dest=${out}" "$@" ||
        die "${tags%%,*} could not be built"
    version=$(cat "${out}/version")
    rm -rf "$out"
    for tag in ${tags//,/ }; do set -- -t "${REGISTRY}/library/${tag}" "$@"; done
    quietly "$log" docker_client buildx build --progress=plain --build-arg "${variable}=${version}" --push "$@" ||
        die "${tags%%,*} could not be built"
    rm -f "$log"
    note "${tags//,/, }: ${variable}=${version}"
}

make_python() {
    local suite=$1 version=$2 image="python:$2-slim"
    make_debian_image "$suite"
    image_exists "$image" && return
    say "making ${image}"
    build_image python PYTHON_VERSION "$image" --build-arg "SUITE=${suite}" --build-arg "MINOR=${version}"
}

make_node() {
    local suite=$1 version=$2 image="node:$2-slim" npm="${IMAGES_WORK}/npm" key value
    image_exists "$image" && return
    say "making ${image}"
    # Debian's own npm is 400 packages; the machine's is one folder. Without one, the folder stays empty.
    mkdir -p "${IMAGES_WORK}/settings" "$npm"
    if command -v npm >/dev/null; then npm=$(npm root -g 2>/dev/null)/npm; fi
    {
        echo 'cafile=/etc/ssl/certs/ca-certificates.crt'
        echo 'prefix=/usr/local'
        for key in registry proxy https-proxy noproxy; do
            value=$(npm config get "$key" 2>/dev/null) || continue
            [ -z "$value" ] || [ "$value" = null ] || printf '%s=%s\n' "$key" "$value"
        done
    } >"${IMAGES_WORK}/settings/npmrc"
    build_image node NODE_VERSION "$image" --build-arg "SUITE=${suite}" \
        --build-context "npm=$(readlink -f "$npm")" --build-context "settings=${IMAGES_WORK}/settings"
}

make_rust() {
    local suite=$1 cargo="${IMAGES_WORK}/cargo"
    if image_exists "rust:1-slim-${suite}" && image_exists rust:1-slim; then return; fi
    if ! command -v rustc >/dev/null; then
        note "no Rust on this machine: rust:1-slim is left out, the frontend image cannot be built"
        return
    fi
    say "making rust:1-slim"
    mkdir -p "$cargo"
    : >"${cargo}/config.toml"
    # Only where crates come from; tokens stay on the machine.
    if [ -r "${CARGO_HOME:-$HOME/.cargo}/config.toml" ]; then
        grep -v -i token "${CARGO_HOME:-$HOME/.cargo}/config.toml" >"${cargo}/config.toml" || true
    fi
    build_image rust RUST_VERSION "rust:1-slim-${suite},rust:1-slim" --build-arg "SUITE=${suite}" \
        --build-context "toolchain=$(rustc --print sysroot)" --build-context "cargo=${cargo}"
}
