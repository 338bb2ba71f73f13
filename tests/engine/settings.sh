# shellcheck shell=bash
# Where the engine lives and what may be set about it; sourced by every script beside it.
# shellcheck disable=SC2034 # used by those that source this

# The engine's root folder: its own small Debian, its data and its registry.
ENGINE_DIR=${PYBUILD_ENGINE_DIR:-/var/lib/pybuild-engine}
# The Debian suite that Docker is taken from: the machine's own may be too old for current BuildKit.
ENGINE_SUITE=${PYBUILD_ENGINE_SUITE:-forky}
# The registry's port on the loopback interface.
ENGINE_PORT=${PYBUILD_ENGINE_PORT:-5000}
# How much of the build cache our own engine keeps. Its own rule also looks at the disk's free space, and then empties
# the cache of a full machine between two builds of a test.
BUILD_CACHE=40GB
# Set to 1 to start an engine of our own although the machine has a Docker that answers.
ENGINE_OWN=${PYBUILD_ENGINE_OWN:-0}
# Set to 1 to start an engine beside one that runs already: it uses that one's registry, with all images in it.
ENGINE_BESIDE=${PYBUILD_ENGINE_BESIDE:-0}

REGISTRY="localhost:${ENGINE_PORT}"
FRONTEND_IMAGE="${PYBUILD_FRONTEND:-${REGISTRY}/pybuild:dev}"
SOCKET="${ENGINE_DIR}/run/docker.sock"
# Records of what was started and of the machine's state before; they outlive `down --keep`.
STATE_DIR="${ENGINE_DIR}/var/lib/pybuild"
LOG_DIR="${ENGINE_DIR}/var/log/pybuild"
# The client's commands, runnable from outside of the engine's root.
CLIENT_DIR="${ENGINE_DIR}/opt/pybuild"
# The bridge of containers and build steps, and its address. Two engines on one bridge would give out the same
# addresses, so one that stands beside another has its own, named after its folder.
ENGINE_BRIDGE=docker0
ENGINE_BRIDGE_ADDRESS=''
if [ "$ENGINE_BESIDE" = 1 ]; then
    ENGINE_OWN=1
    ENGINE_BRIDGE=pybuild$(($(printf %s "$ENGINE_DIR" | cksum | cut -d' ' -f1) % 250))
    ENGINE_BRIDGE_ADDRESS=10.89.${ENGINE_BRIDGE#pybuild}.1/24
fi
# Present when a Docker that is not ours is used; holds its address.
BORROWED_FILE="${ENGINE_DIR}/borrowed"
# The name of the one container that is started in a Docker that is not ours.
BORROWED_REGISTRY=pybuild-registry

# A caller without a home, as a test may be, still means this user's toolchain and settings.
if [ ! -d "${HOME:-/nonexistent}" ]; then
    HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
    export HOME
fi

REPOSITORY=$(cd "${ENGINE_SCRIPTS}/../.." && pwd)

# Prints what is being done; stderr, because `env` is evaluated from stdout.
say() { printf '==> %s\n' "$*" >&2; }

# Prints a fact that belongs to the line above.
note() { printf '    %s\n' "$*" >&2; }

# Ends the run with a reason.
die() {
    printf 'engine: %s\n' "$*" >&2
    exit 1
}

# Shows the end of a log, so that a failure explains itself.
show_log_tail() {
    local log=$1
    [ -s "$log" ] || return 0
    note "last lines of ${log}:"
    tail -n 25 "$log" | sed 's/^/    | /' >&2
}

# Runs a command quietly; its output is shown only when it fails.
quietly() {
    local log=$1
    shift
    if ! "$@" >"$log" 2>&1 </dev/null; then
        show_log_tail "$log"
        return 1
    fi
}

# Waits until a command succeeds. Arguments: seconds, what is waited for, command.
wait_until() {
    local seconds=$1 what=$2 deadline
    shift 2
    deadline=$((SECONDS + seconds))
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            note "${what} did not answer within ${seconds} s"
            return 1
        fi
        sleep 0.2
    done
}
