# shellcheck shell=bash
# A Docker that somebody else runs on this machine: used as it is, with base images pulled under their real names.
#
# Nothing is added to it but one container: a registry on the loopback interface for the frontend image, from
# `registry:2`, and that only if nothing answers on its port yet. `down` removes this container and nothing else.

# Prints the image store of the Docker that answers: containerd or classic.
borrowed_store() {
    if docker info --format '{{json .DriverStatus}}' | grep -q io.containerd.snapshotter; then
        echo containerd
    else
        echo classic
    fi
}

# Tells whether a Docker that is not ours answers and can build.
docker_is_offered() {
    [ "${DOCKER_HOST:-}" != "unix://${SOCKET}" ] || return 1
    command -v docker >/dev/null || return 1
    timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1 || return 1
    timeout 10 docker buildx version >/dev/null 2>&1
}

# Uses the machine's Docker if it offers one; fails if it does not. Argument: the wanted image store, empty for any.
borrow_docker() {
    local wanted=$1 store
    docker_is_offered || return 1
    store=$(borrowed_store)
    if [ -n "$wanted" ] && [ "$wanted" != "$store" ]; then
        die "this machine's Docker has the ${store} image store; set PYBUILD_ENGINE_OWN=1 for the ${wanted} one"
    fi
    if ! { is_borrowed && registry_answers; }; then
        say "using this machine's Docker $(docker version --format '{{.Server.Version}}'), ${store} image store"
        mkdir -p "$ENGINE_DIR"
        echo "${DOCKER_HOST:-}" >"${BORROWED_FILE}.new"
        mv "${BORROWED_FILE}.new" "$BORROWED_FILE"
    fi
    start_borrowed_registry
}

start_borrowed_registry() {
    registry_answers && return
    say "starting a registry on 127.0.0.1:${ENGINE_PORT}"
    docker rm -f "$BORROWED_REGISTRY" >/dev/null 2>&1 || true
    docker run -d --name "$BORROWED_REGISTRY" -p "127.0.0.1:${ENGINE_PORT}:5000" registry:2 >/dev/null ||
        die "no registry for the frontend image: start one on 127.0.0.1:${ENGINE_PORT} and run this again"
    wait_until 30 "the registry" registry_answers || die "the registry did not start"
}

# Takes our registry out of the machine's Docker.
return_docker() {
    export_borrowed_host
    if [ -n "$(docker ps -aq --filter "name=^${BORROWED_REGISTRY}\$" 2>/dev/null)" ]; then
        say "removing the registry's container"
        docker rm -f -v "$BORROWED_REGISTRY" >/dev/null
    fi
    rm -f "$BORROWED_FILE"
}

# Sets DOCKER_HOST as it was when the machine's Docker was found.
export_borrowed_host() {
    local host
    host=$(cat "$BORROWED_FILE")
    if [ -n "$host" ]; then export DOCKER_HOST="$host"; else unset DOCKER_HOST; fi
}

borrowed_env() {
    export_borrowed_host
    if [ -n "${DOCKER_HOST:-}" ]; then echo "export DOCKER_HOST='${DOCKER_HOST}'"; else echo "unset DOCKER_HOST"; fi
    cat <<LINES
export PYBUILD_REGISTRY='${REGISTRY}'
export PYBUILD_FRONTEND='${FRONTEND_IMAGE}'
export PYBUILD_ENGINE_STORE='$(borrowed_store)'
LINES
}

borrowed_status() {
    export_borrowed_host
    if ! docker_is_offered || ! registry_answers; then
        echo "engine: down (this machine's Docker)"
        return 1
    fi
    echo "engine: up (this machine's Docker $(docker version --format '{{.Server.Version}}'), $(borrowed_store) image store)"
    docker buildx version | sed 's/^/  /'
    echo "registry: ${REGISTRY}"
    list_images | sed 's/^/  /'
}
