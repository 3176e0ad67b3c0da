#!/usr/bin/env bash
# What every store has earned on a day, for operators.
# usage: settlement-stores.sh [QUERY]        (for example: day=2026-11-20)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

operator GET "$store/api/settlement/stores${1:+?$1}"
