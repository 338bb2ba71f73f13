# shellcheck shell=bash
# Our own dockerd and registry: started, found again, ended.

# The registry's configuration, as it is called inside of the engine's root.
REGISTRY_CONFIG=/etc/pybuild-registry.yml

# A process is recorded as "pid start-time": a pid alone may belong to somebody else by now.
process_start_time() {
    # The name in field 2 may hold spaces; what follows its closing parenthesis has fixed columns.
    sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20
}

# Records a process under a name.
record_process() {
    local name=$1 pid=$2
    echo "$pid $(process_start_time "$pid")" >"${STATE_DIR}/${name}.pid"
}

# Prints the pid of a recorded process if exactly that process still runs.
recorded_pid() {
    local name=$1 pid='' started=''
    [ -r "${STATE_DIR}/${name}.pid" ] || return 1
    read -r pid started <"${STATE_DIR}/${name}.pid" || true
    [ -n "$pid" ] && [ -n "$started" ] && [ "$(process_start_time "$pid")" = "$started" ] || return 1
    echo "$pid"
}

registry_answers() {
    curl -fs --noproxy '*' -m 2 -o /dev/null "http://127.0.0.1:${ENGINE_PORT}/v2/"
}

docker_answers() {
    [ -S "$SOCKET" ] && curl -fs -m 3 -o /dev/null --unix-socket "$SOCKET" http://localhost/_ping
}

# Prints which image store our dockerd runs with: containerd or classic.
running_store() {
    cat "${STATE_DIR}/store" 2>/dev/null || echo containerd
}

# Starts the registry unless it answers.
start_registry() {
    if [ "$ENGINE_BESIDE" = 1 ]; then
        registry_answers || die "no registry on port ${ENGINE_PORT}: start the first engine, then the one beside it"
        return
    fi
    if recorded_pid registry >/dev/null && registry_answers; then return; fi
    registry_answers && die "port ${ENGINE_PORT} is taken by another program; set PYBUILD_ENGINE_PORT"
    say "starting the registry on 127.0.0.1:${ENGINE_PORT}"
    mkdir -p "${ENGINE_DIR}/var/lib/pybuild-registry"
    cat >"${ENGINE_DIR}${REGISTRY_CONFIG}" <<CONFIG
version: 0.1
log:
  level: warn
  accesslog:
    disabled: true
storage:
  filesystem:
    rootdirectory: /var/lib/pybuild-registry
  delete:
    enabled: true
http:
  addr: 127.0.0.1:${ENGINE_PORT}
CONFIG
    start_detached registry chroot "$ENGINE_DIR" /usr/bin/env -i PATH=/usr/bin:/bin OTEL_TRACES_EXPORTER=none \
        docker-registry serve "$REGISTRY_CONFIG"
    wait_until 20 "the registry" registry_answers || {
        show_log_tail "${LOG_DIR}/registry.log"
        die "the registry did not start"
    }
}

# Starts a program in a session of its own and records it. Arguments: name, command.
start_detached() {
    local name=$1 log="${LOG_DIR}/$1.log" started="${STATE_DIR}/$1.new"
    shift
    rm -f "$started"
    # The shell replaces itself by the program, so its pid is the program's; the lock must not live on in it.
    # shellcheck disable=SC2016 # expanded by the inner shell
    setsid bash -c 'echo "$$" >"$1"; shift; exec "$@"' "$name" "$started" "$@" \
        >"$log" 2>&1 </dev/null {ENGINE_LOCK_FD}>&- &
    wait_until 10 "$name" test -s "$started" || die "${name} did not start"
    record_process "$name" "$(cat "$started")"
    rm -f "$started"
}

# Writes dockerd's configuration. Argument: containerd or classic.
write_daemon_config() {
    local store=$1 snapshotter=true data=/var/lib/docker bridge=''
    if [ "$store" = classic ]; then
        snapshotter=false
        data=/var/lib/docker-classic
    fi
    # A dockerd that keeps firewall rules begins with removing docker's chains, and with them the rules of the engine
    # beside it.
    if [ "$ENGINE_BRIDGE" != docker0 ]; then
        bridge="\"bridge\": \"${ENGINE_BRIDGE}\", \"iptables\": false, \"ip6tables\": false,"
    fi
    mkdir -p "${ENGINE_DIR}/etc/docker" "${ENGINE_DIR}${data}"
    cat >"${ENGINE_DIR}/etc/docker/daemon.json" <<CONFIG
{
  ${bridge}
  "data-root": "${data}",
  "builder": {"gc": {"enabled": true, "policy": [{"all": true, "keepStorage": "${BUILD_CACHE}"}]}},
  "features": {"containerd-snapshotter": ${snapshotter}},
  "hosts": ["unix:///run/docker.sock"],
  "registry-mirrors": ["http://127.0.0.1:${ENGINE_PORT}"]
}
CONFIG
}

# Starts dockerd with the wanted image store; one that runs with the other store is ended first.
start_docker() {
    local store=$1
    if recorded_pid dockerd >/dev/null && docker_answers; then
        [ "$(running_store)" = "$store" ] && return
        say "switching from the $(running_store) image store to the ${store} one"
        stop_docker
    fi
    say "starting dockerd with the ${store} image store"
    kill_leftovers
    write_daemon_config "$store"
    record_network
    make_bridge
    # Sockets and pid files of an engine that was killed would be taken for a living one's.
    rm -rf --one-file-system "${ENGINE_DIR}/run"
    mkdir -p "${ENGINE_DIR}/run"
    echo "$store" >"${STATE_DIR}/store"
    start_detached dockerd unshare --mount --propagation private \
        "${ENGINE_SCRIPTS}/enter.sh" "$ENGINE_DIR" "${REPOSITORY}:/tmp" dockerd
    wait_until 60 "dockerd" docker_answers || {
        show_log_tail "${LOG_DIR}/dockerd.log"
        die "dockerd did not start"
    }
}

# Ends a recorded process and waits for its end; after 20 s it is killed.
stop_process() {
    local name=$1 pid
    if pid=$(recorded_pid "$name"); then
        kill -TERM "$pid" 2>/dev/null || true
        wait_until 20 "the end of ${name}" process_is_gone "$name" || kill -KILL "$pid" 2>/dev/null || true
    fi
    rm -f "${STATE_DIR}/${name}.pid"
}

process_is_gone() { ! recorded_pid "$1"; }

# Lists what runs in the engine's root, but the registry: containerd and its shims, and their children.
#
# A root folder cannot be mistaken, unlike a name; the children are containers, whose root is another.
engine_processes() {
    local root registry own pid
    root=$(stat -c %d:%i "$ENGINE_DIR")
    registry=$(recorded_pid registry || true)
    own=$(stat -L -c '%d:%i %n' /proc/[0-9]*/root 2>/dev/null | sed -n "s|^${root} /proc/\\([0-9]*\\)/root\$|\\1|p")
    for pid in $own; do
        [ "$pid" != "$registry" ] || continue
        cat "/proc/${pid}/task/${pid}/children" 2>/dev/null || true
        echo "$pid"
    done
}

# Kills what a dockerd left behind that was itself killed.
kill_leftovers() {
    local left
    left=$(engine_processes)
    [ -n "$left" ] || return 0
    # shellcheck disable=SC2086 # a list of pids
    kill -KILL $left 2>/dev/null || true
}

# Ends our dockerd with everything it started.
stop_docker() {
    if recorded_pid dockerd >/dev/null; then
        if docker_answers; then remove_containers; fi
        say "ending dockerd"
        stop_process dockerd
    fi
    kill_leftovers
    restore_network
}

# Removes every container of our own dockerd, and the networks they used.
remove_containers() {
    local docker="${CLIENT_DIR}/bin/docker" ids
    export DOCKER_HOST="unix://${SOCKET}" DOCKER_CONFIG="${CLIENT_DIR}/config"
    ids=$("$docker" ps -aq)
    if [ -n "$ids" ]; then
        say "removing $(wc -w <<<"$ids") containers"
        # shellcheck disable=SC2086 # a list of ids
        "$docker" rm -f -v $ids >/dev/null || true
    fi
    "$docker" network prune -f >/dev/null || true
}

stop_registry() {
    if recorded_pid registry >/dev/null; then
        say "ending the registry"
        stop_process registry
    fi
}
