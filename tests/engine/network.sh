# shellcheck shell=bash
# What dockerd changes in the machine's network, put back when the engine ends.

FAMILIES="4 6"

forwarding_file() {
    case $1 in
        4) echo /proc/sys/net/ipv4/ip_forward ;;
        6) echo /proc/sys/net/ipv6/conf/all/forwarding ;;
    esac
}

# Runs a command of the engine's root; the machine itself may have no iptables and no nft.
in_root() {
    chroot "$ENGINE_DIR" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# Writes down the firewall's tables and the forwarding switches before dockerd touches them.
#
# Kept once until they are put back: a second start after a crash must not take dockerd's own rules for the machine's.
record_network() {
    local family file
    [ ! -e "${STATE_DIR}/network" ] || return 0
    {
        in_root nft list tables 2>/dev/null || true
        for family in $FAMILIES; do
            file=$(forwarding_file "$family")
            [ ! -r "$file" ] || echo "forward ${file} $(cat "$file")"
        done
        in_root ip link show docker0 >/dev/null 2>&1 && echo "link docker0" || true
    } >"${STATE_DIR}/network.new"
    mv "${STATE_DIR}/network.new" "${STATE_DIR}/network"
}

# Makes the bridge of an engine that stands beside another one, with a way out; dockerd makes only `docker0` by itself.
make_bridge() {
    local bridge="$ENGINE_BRIDGE" subnet="${ENGINE_BRIDGE_ADDRESS%.*}.0/24"
    [ "$ENGINE_BRIDGE" != docker0 ] || return 0
    in_root ip link show "$ENGINE_BRIDGE" >/dev/null 2>&1 || in_root ip link add "$ENGINE_BRIDGE" type bridge
    in_root ip address replace "$ENGINE_BRIDGE_ADDRESS" dev "$ENGINE_BRIDGE"
    in_root ip link set "$ENGINE_BRIDGE" up
    need_rule nat POSTROUTING -s "$subnet" ! -o "$bridge" -j MASQUERADE
    need_rule filter FORWARD -i "$bridge" -j ACCEPT
    need_rule filter FORWARD -o "$bridge" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
}

# Puts a rule first in a chain, unless it is there. Arguments: table, chain, rule.
need_rule() {
    local table=$1
    shift
    in_root iptables -t "$table" -C "$@" 2>/dev/null || in_root iptables -t "$table" -I "$@"
}

# Removes our own bridge and the rules that name it or its addresses.
remove_bridge() {
    local family table subnet="${ENGINE_BRIDGE_ADDRESS%.*}.0/24"
    [ "$ENGINE_BRIDGE" != docker0 ] || return 0
    in_root ip link delete "$ENGINE_BRIDGE" 2>/dev/null || true
    while read -r _ family table; do
        case $family in ip | ip6) ;; *) continue ;; esac
        in_root "$(iptables_of "$family")-save" -t "$table" 2>/dev/null |
            { grep -F -e " ${ENGINE_BRIDGE} " -e "-s ${subnet} " || true; } | sed -n "s/^-A /-t ${table} -D /p" |
            while read -r rule; do
                # shellcheck disable=SC2086 # a rule is words; docker quotes none
                in_root "$(iptables_of "$family")" $rule || true
            done
    done < <(in_root nft list tables 2>/dev/null || true)
}

# Tells whether another dockerd than ours runs on this machine: then docker's rules are that one's too.
other_dockerd_runs() {
    local own pid
    own=$(recorded_pid dockerd || true)
    for pid in $(pgrep -x dockerd || true); do [ "$pid" = "$own" ] || return 0; done
    return 1
}

# Removes docker's bridges and firewall rules, and sets forwarding as it was.
restore_network() {
    local record="${STATE_DIR}/network" word file value family table
    [ -e "$record" ] || return 0
    remove_bridge
    if other_dockerd_runs; then
        rm -f "$record"
        return
    fi
    grep -q '^link docker0$' "$record" || in_root ip link delete docker0 2>/dev/null || true
    while read -r word family table; do
        [ "$word" = table ] || continue
        case $family in ip | ip6) ;; *) continue ;; esac
        # A table that dockerd made and nobody else has put a rule into goes as a whole.
        if grep -qx "table ${family} ${table}" "$record" || other_rules "$family" "$table" | grep -q '^-A'; then
            remove_docker_rules "$family" "$table"
        else
            in_root nft delete table "$family" "$table" || true
        fi
    done < <(in_root nft list tables 2>/dev/null || true)
    while read -r word file value; do
        [ "$word" != forward ] || [ ! -w "$file" ] || echo "$value" >"$file"
    done <"$record"
    rm -f "$record"
}

# Prints a table without docker's chains and rules, as iptables-restore reads it.
other_rules() {
    in_root "$(iptables_of "$1")-save" -t "$2" 2>/dev/null | grep -v -e DOCKER -e docker0 || true
}

# Takes docker's chains out of a table that others use too.
remove_docker_rules() {
    other_rules "$1" "$2" | in_root "$(iptables_of "$1")-restore" -T "$2" 2>/dev/null || true
}

iptables_of() {
    if [ "$1" = ip6 ]; then echo ip6tables; else echo iptables; fi
}
