#!/bin/sh
# Runs other software on our instances, whatever of it is installed, and prints ratios.
#   cargo xtask peers            all sizes
#   cargo xtask peers 8 16 32    these sizes only
# Debian packages: coinor-csdp, sdpa, dsdp. Python: cvxpy (with Clarabel and SCS), numpy, pymanopt.
# Tolerances: ours 1e-9; the others as packaged (CSDP 1e-8, SDPA 1e-7, DSDP 1e-6). Times of the
# others are what they report as solve time, without reading the file.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=${TMPDIR:-/tmp}/isac-peers
mkdir -p "$work"
cd "$here/../.."
sizes=${*:-8 16 32 64 128}

cargo build -q --profile repro -p isac-benches --example conic_peer
# shellcheck disable=SC2086
./target/repro/examples/conic_peer "$work" $sizes >"$work/ours.txt"
echo "N  ours_full_ms  ours_reduced_ms  iterations  worst_dimacs  objective"
cat "$work/ours.txt"

ratio() { # name N milliseconds
    ours=$(awk -v n="$2" '$1 == n { print $2 }' "$work/ours.txt")
    reduced=$(awk -v n="$2" '$1 == n { print $3 }' "$work/ours.txt")
    awk -v name="$1" -v n="$2" -v t="$3" -v o="$ours" -v r="$reduced" 'BEGIN {
        printf "%-18s N=%-4d %10.1f ms   %8.1fx ours full   %10.1fx ours reduced\n", name, n, t, t/o, t/r }'
}

for n in $sizes; do
    file=$work/power_$n.dat-s
    if command -v csdp >/dev/null; then
        # CSDP reports a total with its set-up; user time is what it prints last.
        seconds=$(csdp "$file" 2>/dev/null | awk '/^Total time:/ { t = $3 } END { print t }')
        [ -n "$seconds" ] && ratio csdp "$n" "$(awk -v s="$seconds" 'BEGIN { print 1000 * s }')"
    fi
    if command -v sdpa >/dev/null; then
        sdpa -ds "$file" -o "$work/sdpa.out" >/dev/null 2>&1 || true
        seconds=$(awk '/main loop time/ { t = $NF } END { print t }' "$work/sdpa.out")
        [ -n "$seconds" ] && ratio sdpa "$n" "$(awk -v s="$seconds" 'BEGIN { print 1000 * s }')"
    fi
    if command -v dsdp5 >/dev/null; then
        seconds=$(dsdp5 "$file" 2>/dev/null | awk '/DSDP Solve Time|Solve Time/ { t = $NF } END { print t }')
        [ -n "$seconds" ] && ratio dsdp5 "$n" "$(awk -v s="$seconds" 'BEGIN { print 1000 * s }')"
    fi
done

if python3 -c "import cvxpy, numpy" 2>/dev/null; then
    # shellcheck disable=SC2086
    python3 "$here/cvxpy_sdp.py" "$work" $sizes | while read -r name n t; do ratio "$name" "$n" "$t"; done
else
    echo "cvxpy is not installed: its rows are left out"
fi

if python3 -c "import pymanopt, numpy" 2>/dev/null; then
    cargo build -q --profile repro -p isac-benches --example alpha_fair_peer
    peer=./target/repro/examples/alpha_fair_peer
    "$peer" "$work/alpha_fair.json" >/dev/null
    OPENBLAS_NUM_THREADS=1 python3 "$here/pymanopt_alpha_fair.py" "$work/alpha_fair.json" >"$work/pymanopt.txt"
    grep -v '^ours:' "$work/pymanopt.txt"
    # Our time to the objectives that pymanopt went through.
    # shellcheck disable=SC2046
    "$peer" "$work/alpha_fair.json" $(sed -n 's/^ours:.*\.json//p' "$work/pymanopt.txt")
else
    echo "pymanopt is not installed: its rows are left out"
fi
