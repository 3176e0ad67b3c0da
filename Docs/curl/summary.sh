#!/usr/bin/env bash
# A store's day in figures: orders, sales, how long things took, and what was sold.
# usage: summary.sh [DAY]            (for example 2026-11-20; default: today in Korea)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -le 1 ] || wrong_use
owner GET "$store/api/store/summary${1:+?day=$1}"
