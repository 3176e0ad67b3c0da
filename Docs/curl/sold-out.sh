#!/usr/bin/env bash
# Shows the store's menus, or says that one of them is sold out, or on sale again.
# usage: sold-out.sh [MENU_ID [MINUTES | on-sale]]
#
# Without minutes the menu is sold out until somebody says on-sale.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -gt 0 ] || { owner GET "$store/api/store-menu"; exit; }
[ $# -le 2 ] || wrong_use
case $1 in "" | *[!0-9]*) wrong_use ;; esac
case ${2-} in
    "") owner POST "$store/api/store-menu/$1/sold-out" ;;
    on-sale) owner POST "$store/api/store-menu/$1/on-sale" ;;
    *[!0-9]*) wrong_use ;;
    *)
        time=$(($(date +%s) + 60 * $2))
        # GNU's date, and that of the BSDs.
        until=$(date -u -d "@$time" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -r "$time" +%Y-%m-%dT%H:%M:%SZ)
        owner POST "$store/api/store-menu/$1/sold-out" -H 'Content-Type: application/json' --data-raw "{\"until\":\"$until\"}"
        ;;
esac
