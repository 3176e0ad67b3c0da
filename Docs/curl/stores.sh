#!/usr/bin/env bash
# Looks for stores of a category, best star first.
# usage: stores.sh [CATEGORY]        (default: KOREAN_FOOD)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

customer GET "$api/api/store/search?category=${1:-KOREAN_FOOD}"
