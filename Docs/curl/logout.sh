#!/usr/bin/env bash
# Ends the customer's tokens that login.sh has left, and the streams that were opened with them.
# usage: logout.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

token=$(recall access_token login.sh)
refresh=$(recall refresh_token login.sh)
post_json "{\"refresh_token\":$(json_string "$refresh")}" "$api/open-api/user/logout" -H "authorization-token: $token"
rm -f "$state/access_token" "$state/refresh_token"
