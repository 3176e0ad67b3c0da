#!/usr/bin/env bash
# What the store has earned: today, on a day, in a month, or as a table for a spreadsheet.
# usage: settlement.sh [QUERY]        (for example: day=2026-11-20, month=2026-11, 'day=2026-11-20&format=csv')
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

owner GET "$store/api/settlement${1:+?$1}"
