#!/usr/bin/env bash
# Lists what a store has on its menu.
# usage: menus.sh [STORE_ID]        (default: 1)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

customer GET "$api/api/store-menu/search?storeId=${1:-1}"
