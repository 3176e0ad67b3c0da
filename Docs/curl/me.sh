#!/usr/bin/env bash
# Shows the customer who is logged in.
# usage: me.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

customer GET "$api/api/user/me"
