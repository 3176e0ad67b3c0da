#!/usr/bin/env bash
# Logs a customer in and keeps the tokens for the calls that follow.
# usage: login.sh [EMAIL [PASSWORD]]        (default: customer@example.com password)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

post_json "{\"email\":$(json_string "${1:-customer@example.com}"),\"password\":$(json_string "${2:-password}")}" \
    "$api/open-api/user/login"
remember access_token "$(json_field access_token <<<"$body")"
remember refresh_token "$(json_field refresh_token <<<"$body")"
