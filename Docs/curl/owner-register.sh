#!/usr/bin/env bash
# Makes a new store with its first user, the MASTER.
# usage: owner-register.sh STORE_NAME EMAIL PASSWORD [ROLE]        (default role: MASTER)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# = 3 ] || [ $# = 4 ] || wrong_use
post_json "{\"store_name\":$(json_string "$1"),\"email\":$(json_string "$2"),\"password\":$(
    json_string "$3"),\"role\":$(json_string "${4:-MASTER}")}" "$store/open-api/store-user"
