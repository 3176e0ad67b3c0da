#!/usr/bin/env bash
# Where the store's open orders are, or one order, from the table that the events feed.
# usage: owner-order-view.sh [ID]
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

owner GET "$store/api/order-view${1:+/$1}"
