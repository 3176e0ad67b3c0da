#!/usr/bin/env bash
# Changes the refresh token for new tokens and keeps them.
# usage: refresh.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

token=$(recall refresh_token login.sh)
post_json "{\"refresh_token\":$(json_string "$token")}" "$api/open-api/user/refresh"
remember access_token "$(json_field access_token <<<"$body")"
remember refresh_token "$(json_field refresh_token <<<"$body")"
