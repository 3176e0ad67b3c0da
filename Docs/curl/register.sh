#!/usr/bin/env bash
# Registers a customer.
# usage: register.sh NAME EMAIL ADDRESS PASSWORD
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# = 4 ] || wrong_use
post_json "{\"name\":$(json_string "$1"),\"email\":$(json_string "$2"),\"address\":$(json_string "$3"),\"password\":$(
    json_string "$4")}" "$api/open-api/user/register"
