# What the scripts in this folder share. They need bash and curl, nothing else.
#
#   API_URL          where api is        (default: http://localhost:8080)
#   STORE_URL        where store-admin is (default: http://localhost:8081)
#   DELIVERY_STATE   where token and cookie are kept between calls (a folder of your own in the temporary one)
#
# Each prints the reply's status on standard error and its body on standard output, and fails when the status is an
# error.
# shellcheck shell=bash
set -euo pipefail

api=${API_URL:-http://localhost:8080} api=${api%/}
store=${STORE_URL:-http://localhost:8081} store=${store%/}
state=${DELIVERY_STATE:-${TMPDIR:-/tmp}/delivery-curl-$UID}
: "$api" "$store"

# The comment at the script's top.
usage() { sed -n '2,$ { /^#/!q; s/^# \{0,1\}//p; }' "$0"; }
case ${1:-} in -h | --help)
    usage
    printf '\nSettings: API_URL (%s), STORE_URL (%s), DELIVERY_STATE (%s)\n' "$api" "$store" "$state"
    exit 0
    ;;
esac

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}
wrong_use() {
    usage >&2
    exit 2
}

(umask 077 && mkdir -p "$state")
# The folder's name can be guessed, so somebody else may have made it.
if [ ! -O "$state" ] || [ -L "$state" ]; then fail "$state is not yours; set DELIVERY_STATE to a folder that is"; fi

# json_string TEXT: as a JSON string, with its quotes.
json_string() {
    local text=$1
    text=${text//\\/\\\\}
    text=${text//\"/\\\"}
    text=${text//$'\n'/\\n}
    text=${text//$'\r'/\\r}
    text=${text//$'\t'/\\t}
    printf '"%s"' "$text"
}

# json_field NAME: the first text or number of that name in the JSON on standard input. Enough for these replies; for
# anything more use a JSON tool.
json_field() {
    tr -d '\n' | grep -oE "\"$1\" *: *(\"[^\"]*\"|-?[0-9]+)" | head -n 1 | sed -E 's/^"[^"]*" *: *"?([^"]*)"?$/\1/'
}

remember() { (umask 077 && printf '%s\n' "$2" >"$state/$1"); }
recall() { cat "$state/$1" 2>/dev/null || fail "nothing is known of $1 yet: call $2 first"; }

# call METHOD URL [CURL OPTION…]: see above. The status is left in $status, the body in $body, the head in $state/head.
status='' body=''
call() {
    local method=$1 url=$2
    shift 2
    rm -f "$state/body" "$state/head"
    status=$(umask 077 && curl -sS -X "$method" -o "$state/body" -D "$state/head" -w '%{http_code}' "$@" "$url") ||
        fail "no answer from $url; is it running (Docs/scripts/up)?"
    body=$(cat "$state/body" 2>/dev/null || true)
    rm -f "$state/body"
    printf '%s %s: HTTP %s\n' "$method" "$url" "$status" >&2
    [ -z "$body" ] || printf '%s\n' "$body"
    case $status in [45]*) return 1 ;; esac
}

# with_json JSON METHOD URL [CURL OPTION…]. The body goes over standard input, so that no list of processes shows a
# password.
with_json() { call "${@:2}" -H 'Content-Type: application/json' --data-binary @- < <(printf '%s' "$1"); }
# post_json JSON URL [CURL OPTION…]
post_json() { with_json "$1" POST "${@:2}"; }
# customer METHOD URL [CURL OPTION…]: with the token that login.sh has left.
customer() {
    local token
    token=$(recall access_token login.sh)
    call "$1" "$2" -H "authorization-token: $token" "${@:3}"
}
# owner METHOD URL [CURL OPTION…]: with the session that owner-login.sh has left.
owner() {
    [ -s "$state/owner.cookies" ] || fail "no session yet: call owner-login.sh first"
    call "$1" "$2" -b "$state/owner.cookies" "${@:3}"
}
# operator METHOD URL [CURL OPTION…]: with the session that operator-login.sh has left.
operator() {
    [ -s "$state/operator.cookies" ] || fail "no session yet: call operator-login.sh first"
    call "$1" "$2" -b "$state/operator.cookies" "${@:3}"
}
# rider METHOD URL [CURL OPTION…]: with the session that rider-login.sh has left.
rider() {
    [ -s "$state/rider.cookies" ] || fail "no session yet: call rider-login.sh first"
    call "$1" "$2" -b "$state/rider.cookies" "${@:3}"
}
