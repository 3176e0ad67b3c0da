#!/usr/bin/env bash
# Makes a new rider, with the session that operator-login.sh has left.
# usage: rider-register.sh NAME EMAIL PASSWORD [AREA]...        (an area is the beginning of addresses: "서울 마포구")
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -ge 3 ] || wrong_use
areas=''
for area in "${@:4}"; do areas=$areas${areas:+,}$(json_string "$area"); done
[ -s "$state/operator.cookies" ] || fail "no session yet: call operator-login.sh first"
post_json "{\"role\":\"RIDER\",\"name\":$(json_string "$1"),\"email\":$(json_string "$2"),\
\"password\":$(json_string "$3"),\"area_codes\":[$areas]}" "$store/open-api/store-user" -b "$state/operator.cookies"
