# shellcheck shell=bash
# A second dockerd that has built nothing yet, as a fresh CI runner has it, in the root of the first one.
#
# It has data, a socket, process ids and a network of its own. That network is a loopback interface with the first
# engine's registry behind it: whatever a build cannot take from there, it cannot get. (Without a namespace of its own,
# a dockerd without a bridge would delete the first one's `docker0`.) It lives as long as its caller holds the standard
# input open, so that a test that is killed leaves nothing behind.

# One folder for each: data, socket, configuration, log.
EMPTY_DIR="${ENGINE_DIR}/var/lib/pybuild-empty"

# Runs an empty engine until the standard input ends; prints a shell line for the commands that use it.
#
# SIGUSR1 kills the engine in the middle of its work and starts another one on the same data, as after a power cut. The
# line is then printed once more. Argument: how much its data may take, such as `600m`, or nothing for no bound.
run_empty_engine() {
    local size=$1 folder input again=0
    [ -e "${ENGINE_DIR}${REGISTRY_CONFIG}" ] ||
        no_empty_engine "the engine in ${ENGINE_DIR} has no registry of its own: no empty one is started beside it"
    mkdir -p "$EMPTY_DIR"
    remove_dead_empty_engines
    folder=$(mktemp -d -p "$EMPTY_DIR")
    # shellcheck disable=SC2064 # the folder of now
    trap "stop_empty_engine '${folder##*/}'" EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    trap 'again=1' USR1
    write_empty_config "$folder"
    # In the background, because a shell that waits for it acts upon a signal at once.
    cat <&0 >/dev/null &
    input=$!
    start_empty_engine "$folder" "$size"
    while kill -0 "$input" 2>/dev/null; do
        wait "$input" || true
        if [ "$again" = 1 ]; then
            again=0
            kill_empty_engine "${folder##*/}"
            start_empty_engine "$folder" "$size"
        fi
    done
}

# Starts dockerd on a folder's data, and waits until it answers. Arguments: the folder, the bound of its data.
start_empty_engine() {
    local folder=$1 size=$2 pid
    # A session of its own: Ctrl-C reaches this script alone, which ends it in order. Should the script be killed, it
    # and all it has started go too: dockerd is the first process of their namespace.
    # shellcheck disable=SC2016 # expanded by the inner shell
    setsid setpriv --pdeathsig KILL \
        unshare --mount --propagation private --net --pid --fork --kill-child \
        "${ENGINE_SCRIPTS}/enter.sh" "$ENGINE_DIR" "${REPOSITORY}:/tmp" \
        sh -c 'ip link set lo up &&
            if [ -n "$3" ]; then mkdir -p "$4" && mount -t tmpfs -o "size=$3" tmpfs "$4"; fi && {
                OTEL_TRACES_EXPORTER=none docker-registry serve "$1" &
                exec dockerd --config-file "$2"
            }' \
        sh "$REGISTRY_CONFIG" "${folder#"$ENGINE_DIR"}/daemon.json" "$size" "${folder#"$ENGINE_DIR"}/data" \
        >>"${folder}/log" 2>&1 </dev/null &
    pid=$!
    wait_until 10 "the empty engine" pgrep -P "$pid" || die "the empty engine did not start"
    # A signal to `unshare` would reach nobody.
    record_process "empty-${folder##*/}" "$(pgrep -P "$pid")"
    SOCKET="${folder}/docker.sock" wait_until 60 "the empty engine" docker_answers || {
        show_log_tail "${folder}/log"
        die "the empty engine did not start"
    }
    echo "export DOCKER_HOST='unix://${folder}/docker.sock'"
}

# Kills an empty engine without a word to it. What it wrote beside its data would be taken for a living one's.
kill_empty_engine() {
    local name=$1 pid
    if pid=$(recorded_pid "empty-${name}"); then
        kill -KILL "$pid" 2>/dev/null || true
        wait_until 20 "the end of the empty engine" process_is_gone "empty-${name}" || die "the empty engine does not end"
    fi
    rm -rf --one-file-system "${EMPTY_DIR:?}/${name}"/{run,docker.pid,docker.sock}
}

# Ends the run where there can be none, with a code by which a test knows it.
no_empty_engine() {
    printf 'engine: %s\n' "$*" >&2
    exit 3
}

write_empty_config() {
    local folder=$1 inside=${1#"$ENGINE_DIR"}
    cat >"${folder}/daemon.json" <<CONFIG
{
  "data-root": "${inside}/data",
  "exec-root": "${inside}/run",
  "pidfile": "${inside}/docker.pid",
  "hosts": ["unix://${inside}/docker.sock"],
  "features": {"containerd-snapshotter": true},
  "bridge": "none",
  "iptables": false,
  "ip6tables": false,
  "registry-mirrors": ["http://127.0.0.1:${ENGINE_PORT}"]
}
CONFIG
}

# Ends an empty engine and removes its folder. Argument: the folder's name.
stop_empty_engine() {
    local name=$1
    trap '' INT TERM HUP
    stop_process "empty-${name}"
    # What is not recorded yet, and whoever waits for the end of the input.
    {
        jobs -p | xargs -r kill -KILL || true
        wait
    } 2>/dev/null
    rm -rf --one-file-system "${EMPTY_DIR:?}/${name}"
}

# Removes what the killed ones left; one that is starting has no record yet.
remove_dead_empty_engines() {
    local record name
    for record in "$STATE_DIR"/empty-*.pid; do
        name=$(basename "$record" .pid)
        if [ -e "$record" ] && ! recorded_pid "$name" >/dev/null; then stop_empty_engine "${name#empty-}"; fi
    done
}

# Ends all of them, whoever holds them.
stop_empty_engines() {
    local folder
    for folder in "$EMPTY_DIR"/*/; do
        if [ -d "$folder" ]; then stop_empty_engine "$(basename "$folder")"; fi
    done
}
