#!/usr/bin/env bash
# Ends the session of the store owner.
# usage: owner-logout.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

owner POST "$store/logout" -H "Accept: application/json"
rm -f "$state/owner.cookies"
