#!/usr/bin/env bash
# Where the customer's orders are, or one of them, from the table that the events feed.
# usage: order-view.sh [ID]
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

customer GET "$api/api/order-view${1:+/$1}"
