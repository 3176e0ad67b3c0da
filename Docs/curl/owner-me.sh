#!/usr/bin/env bash
# Shows the store user who is logged in, and the store.
# usage: owner-me.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

owner GET "$store/api/store-user/me"
