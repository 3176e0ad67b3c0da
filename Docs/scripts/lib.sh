# What Docs/scripts/up and Docs/scripts/test share. Sourced by bash, which sets -euo pipefail and $root, the top of the
# project, before.
# shellcheck shell=bash
: "${root:?}"

say() { printf '%s\n' "$*"; }
fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# --- Packages -------------------------------------------------------------------------------------------------------

# need PROBE PACKAGE…: remembers packages to install unless the probe (a program, or a path with a slash) is there.
missing=()
need() {
    local probe=$1
    shift
    case $probe in
        */*) compgen -G "$probe" >/dev/null || missing+=("$@") ;;
        *) PATH=$PATH:/usr/sbin:/sbin command -v "$probe" >/dev/null || missing+=("$@") ;;
    esac
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Installs what need() found missing, saying so first.
install_missing() {
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null ||
        fail "needed and not there: ${missing[*]} (names of Debian packages; there is no apt-get here to install them)"
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        fail "needed and not there: ${missing[*]}. As root: apt-get install ${missing[*]}"
    fi
    say "Installing Debian packages$([ "$(id -u)" = 0 ] || printf ' with sudo'): ${missing[*]}"
    as_root apt-get -qq update
    # The package would start a broker of its own on the usual ports; we only want its files.
    local policy=/usr/sbin/policy-rc.d status=0 made=''
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
        as_root chmod 755 $policy
        made=1
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" \
        >"${install_log:=/dev/null}" || status=$?
    [ -z "$made" ] || as_root rm -f $policy
    [ $status = 0 ] || fail "apt-get could not install: ${missing[*]}"
    missing=()
}

# --- Swift ----------------------------------------------------------------------------------------------------------

# Finds a toolchain and keeps its caches below .build: swift() runs it from then on.
find_swift() {
    local folder found=''
    for folder in ${SWIFTLY_BIN_DIR:+"$SWIFTLY_BIN_DIR"} ~/.local/share/swiftly/bin ~/.swiftly/bin \
        /opt/swift/usr/bin /usr/local/swift/usr/bin /usr/share/swift/usr/bin /opt/swift-*/usr/bin; do
        type -P swift >/dev/null && break
        [ ! -x "$folder/swift" ] || PATH=$PATH:$folder
    done
    type -P swift >/dev/null ||
        fail "Swift 6.2 or newer is needed and was not found; see https://www.swift.org/install/linux/"
    export SWIFTLY_HOME_DIR=${SWIFTLY_HOME_DIR:-$HOME/.local/share/swiftly}
    export SWIFTLY_BIN_DIR=${SWIFTLY_BIN_DIR:-$HOME/.local/share/swiftly/bin}
    mkdir -p "$root/.build/home"
    found=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
    case $found in
        '' | [0-5].* | 6.0 | 6.1)
            fail "Swift 6.2 or newer is needed; $(type -P swift) is ${found:-of an unknown version}"
            ;;
    esac
}

swift() {
    HOME=$root/.build/home CLANG_MODULE_CACHE_PATH=$root/.build/home/modules command swift "$@"
}

# The folder of the toolchain that `swift` belongs to, which may itself be a link into another folder.
toolchain() {
    local resources
    resources=$(target_info runtimeResourcePath)
    [ -x "$resources/../../bin/docc" ] || fail "no docc in the toolchain of $resources"
    cd -P "$resources/../.." && pwd
}
target_triple() { target_info triple; }
target_info() { swift -print-target-info | sed -n "s/.*\"$1\": \"\(.*\)\".*/\1/p" | head -n 1; }

# --- Ports ----------------------------------------------------------------------------------------------------------

is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Sets `port` to a free one below the range that outgoing connections use.
handed_out=' '
free_port() {
    while :; do
        port=$((12000 + RANDOM % 20000))
        case $handed_out in *" $port "*) continue ;; esac
        is_taken "$port" || break
    done
    handed_out="$handed_out$port "
}

# Prints the status of GET http://127.0.0.1:PORT/PATH, nothing when there is no answer.
http_status() {
    (
        exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 0
        printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$2" "$1" >&3
        read -r -t 5 _ status _ <&3 && printf '%s' "$status"
    ) 2>/dev/null || true
}

# --- Processes ------------------------------------------------------------------------------------------------------

# spawn LOG PROGRAM…: starts a program in a session of its own, so that Ctrl-C reaches only us and we stop things in
# order. It ends with us, also when we are killed. Sets `pid`.
spawn() {
    local log=$1
    shift
    setsid setpriv --pdeathsig TERM -- "$@" </dev/null >>"$log" 2>&1 &
    pid=$!
}

is_running() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }

# stop PID SECONDS: SIGTERM, SIGKILL when it takes longer than that. Returns the exit status.
stop() {
    [ -n "$1" ] || return 0
    kill -TERM "$1" 2>/dev/null || true
    await_end "$@"
}

# await_end PID SECONDS: the same without SIGTERM, for a process that has had it; a second one would end it at once.
await_end() {
    local pid=$1 left=$(($2 * 20))
    [ -n "$pid" ] || return 0
    while is_running "$pid" && [ $left -gt 0 ]; do
        left=$((left - 1))
        sleep 0.05
    done
    if is_running "$pid"; then kill -KILL "$pid" 2>/dev/null || true; fi
    wait "$pid" 2>/dev/null
}

# --- RabbitMQ -------------------------------------------------------------------------------------------------------

rabbitmq_installation() {
    local folder last=''
    for folder in /usr/lib/rabbitmq/lib/rabbitmq_server-*; do [ ! -d "$folder/plugins" ] || last=$folder; done
    [ -n "$last" ] || fail "RabbitMQ is not in /usr/lib/rabbitmq/lib, where Debian's and Ubuntu's package puts it"
    printf '%s' "$last"
}

# start_rabbitmq FOLDER LOG [PORT]: starts a broker on free ports of 127.0.0.1 (or on PORT, if it is free) with its data
# in the folder and a port mapper (epmd) of its own, and waits until it is ready. Sets rabbitmq_pid, epmd_pid,
# amqp_port.
rabbitmq_pid='' epmd_pid='' amqp_port=''
# Seconds that the broker gets to stop: few while it starts, when it does not listen to SIGTERM.
rabbitmq_grace=3
start_rabbitmq() {
    local folder=$1 log=$2 try installation port epmd_port distribution_port left
    installation=$(rabbitmq_installation)
    mkdir -p "$folder"
    chmod 700 "$folder"
    for try in 1 2 3; do
        if [ "$try" = 1 ] && [ -n "${3:-}" ]; then amqp_port=$3; else free_port && amqp_port=$port; fi
        free_port && epmd_port=$port
        free_port && distribution_port=$port
        : >"$log"
        printf '%s\n' "listeners.tcp.1 = 127.0.0.1:$amqp_port" 'log.console = true' 'log.console.level = info' \
            'log.file = false' 'disk_free_limit.absolute = 50MB' >"$folder/rabbitmq.conf"
        printf '[].\n' >"$folder/enabled_plugins"
        if [ ! -s "$folder/.erlang.cookie" ]; then
            (umask 277 && printf '%s' "$RANDOM$RANDOM$RANDOM$RANDOM" >"$folder/.erlang.cookie")
        fi
        local settings=(
            "HOME=$folder" LANG=C.UTF-8 "ERL_EPMD_PORT=$epmd_port" ERL_EPMD_ADDRESS=127.0.0.1
            "ERL_LIBS=$installation/plugins" ERL_CRASH_DUMP_SECONDS=0 ERL_MAX_PORTS=4096 SYS_PREFIX=
            "RABBITMQ_HOME=$installation" "RABBITMQ_BASE=$folder" RABBITMQ_NODENAME=delivery@localhost
            RABBITMQ_CONF_ENV_FILE=/dev/null "RABBITMQ_CONFIG_FILE=$folder/rabbitmq.conf"
            "RABBITMQ_ADVANCED_CONFIG_FILE=$folder/advanced.config" "RABBITMQ_MNESIA_BASE=$folder/mnesia"
            "RABBITMQ_LOG_BASE=$folder/log" "RABBITMQ_GENERATED_CONFIG_DIR=$folder/generated"
            "RABBITMQ_FEATURE_FLAGS_FILE=$folder/feature_flags"
            "RABBITMQ_ENABLED_PLUGINS_FILE=$folder/enabled_plugins"
            "RABBITMQ_PLUGINS_DIR=$installation/plugins" "RABBITMQ_DIST_PORT=$distribution_port"
        )
        spawn "$log" env "${settings[@]}" epmd -port "$epmd_port" -address 127.0.0.1
        epmd_pid=$pid
        left=100
        until is_taken "$epmd_port" || [ $left = 0 ]; do left=$((left - 1)) && sleep 0.02; done
        # Started without the package's script, which would put itself between us and the node.
        spawn "$log" env "${settings[@]}" erl -noinput -s rabbit boot -boot start_sasl +W w +sbwt none \
            -sname delivery@localhost -start_epmd false \
            -kernel inet_dist_use_interface '{127,0,0,1}' -kernel inet_dist_listen_min "$distribution_port" \
            -kernel inet_dist_listen_max "$distribution_port" -kernel prevent_overlapping_partitions false \
            -syslog logger '[]' -syslog syslog_error_logger false
        rabbitmq_pid=$pid
        left=600
        while is_running "$rabbitmq_pid" && [ $left -gt 0 ]; do
            if grep -q 'Server startup complete' "$log"; then
                rabbitmq_grace=20
                return 0
            fi
            left=$((left - 1))
            sleep 0.1
        done
        stop_rabbitmq
        [ "$try" = 3 ] || say "RabbitMQ did not start; trying again on other ports."
    done
    tail -n 20 "$log" >&2
    fail "RabbitMQ did not start; its log is above"
}

stop_rabbitmq() {
    stop "$rabbitmq_pid" "$rabbitmq_grace" || true
    stop "$epmd_pid" 5 || true
    rabbitmq_pid='' epmd_pid=''
}
