#!/bin/sh
# Runs other software on our instances, whatever of it is installed, and prints ratios.
#   cargo xtask peers            all sizes
#   cargo xtask peers 8 16 32    these sizes only
# Debian packages: coinor-csdp, sdpa, dsdp. Python: cvxpy (with Clarabel and SCS), numpy, pymanopt.
# Tolerances: ours 1e-9; the others as packaged (CSDP 1e-8, SDPA 1e-7, DSDP 1e-6). Times are CPU
# times of one thread without reading the file; where a program reports a solve time of its own, that
# clock on the wall stands beside it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=${TMPDIR:-/tmp}/isac-peers
mkdir -p "$work"
cd "$here/../.."
sizes=${*:-8 16 32 64 128}

export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
cargo build -q --profile repro -p isac-benches --features clarabel-sdp --example conic_peer --example noma_peer
# shellcheck disable=SC2086
./target/repro/examples/conic_peer "$work" $sizes >"$work/ours.txt"
echo "N  ours_full_ms  ours_reduced_ms  iterations  worst_dimacs  objective"
cat "$work/ours.txt"

ratio() { # name N milliseconds
    ours=$(awk -v n="$2" '$1 == n { print $2 }' "$work/ours.txt")
    reduced=$(awk -v n="$2" '$1 == n { print $3 }' "$work/ours.txt")
    awk -v name="$1" -v n="$2" -v t="$3" -v o="$ours" -v r="$reduced" 'BEGIN {
        printf "%-24s N=%-4d %10.2f ms   %8.1fx ours full   %10.1fx ours reduced\n", name, n, t, t/o, t/r }'
}

# CPU milliseconds (user) of `$1` runs of the rest, each.
cpu() {
    runs=$1
    shift
    times >"$work/before"
    i=0
    while [ "$i" -lt "$runs" ]; do
        "$@" >"$work/output" 2>&1 || true
        i=$((i + 1))
    done
    times >"$work/after"
    awk -v runs="$runs" 'function s(text) { split(text, p, /[ms]/); return 60 * p[1] + p[2] }
        FNR == 2 { t[++files] = s($1) } END { print 1000 * (t[2] - t[1]) / runs }' \
        "$work/before" "$work/after"
}

# The solve alone: CPU time of whole runs less that of runs stopped after one iteration, which read
# the file and set up; a machine with other jobs makes every clock on the wall useless.
alone() { # name N runs full... -- short...
    name=$1 n=$2 runs=$3
    shift 3
    full=$(cpu "$runs" sh -c "$1")
    short=$(cpu "$runs" sh -c "$2")
    ratio "$name" "$n" "$(awk -v a="$full" -v b="$short" 'BEGIN { d = a - b; print (d > 0 ? d : 0) }')"
}

mkdir -p "$work/csdp_one"
cat >"$work/csdp_one/param.csdp" <<'PARAM'
axtol=1.0e-8
atytol=1.0e-8
objtol=1.0e-8
pinftol=1.0e8
dinftol=1.0e8
maxiter=1
minstepfrac=0.90
maxstepfrac=0.97
minstepp=1.0e-8
minstepd=1.0e-8
usexzgap=1
tweakgap=0
affine=0
printlevel=0
perturbobj=1
fastmode=0
PARAM
param=/usr/share/sdpa/param.sdpa
for n in $sizes; do
    file=$work/power_$n.dat-s
    runs=$((n <= 16 ? 20 : (n <= 32 ? 5 : 2)))
    if command -v csdp >/dev/null; then
        alone csdp "$n" "$runs" "cd '$work' && csdp '$file'" "cd '$work/csdp_one' && csdp '$file'"
    fi
    if command -v sdpa >/dev/null && [ -r "$param" ]; then
        sed 's/^[0-9]* *\(.*maxIteration\)/1 \1/' "$param" >"$work/sdpa_one.param"
        alone sdpa "$n" "$runs" "sdpa -ds '$file' -o '$work/sdpa.out' -p '$param'" \
            "sdpa -ds '$file' -o '$work/sdpa.one' -p '$work/sdpa_one.param'"
        seconds=$(awk '/main loop time/ { t = $NF } END { print t }' "$work/sdpa.out")
        [ -n "$seconds" ] && ratio "sdpa, as it reports" "$n" "$(awk -v s="$seconds" 'BEGIN { print 1000 * s }')"
    fi
    if command -v dsdp5 >/dev/null; then
        alone dsdp5 "$n" "$runs" "cd '$work' && dsdp5 '$file'" "cd '$work' && dsdp5 '$file' -maxit 1"
        seconds=$(cd "$work" && dsdp5 "$file" 2>/dev/null | awk '/^DSDP Solve Time/ { t = $4 } END { print t }')
        [ -n "$seconds" ] && ratio "dsdp5, as it reports" "$n" "$(awk -v s="$seconds" 'BEGIN { print 1000 * s }')"
    fi
done

if python3 -c "import cvxpy, numpy" 2>/dev/null; then
    # shellcheck disable=SC2086
    python3 "$here/cvxpy_sdp.py" "$work" $sizes | while read -r name n t; do ratio "$name" "$n" "$t"; done
    # One max-min design by the printed Algorithm 1 against ours, on the same channels.
    python3 "$here/noma_cvxpy.py" "$work/noma.json" >"$work/noma_cvxpy.txt"
    ./target/repro/examples/noma_peer "$work/noma.json" >"$work/noma_ours.txt"
    cat "$work/noma_cvxpy.txt" "$work/noma_ours.txt"
    awk 'NR == FNR { their[$1] = $(NF - 2); next }
        { printf "%-5s printed Algorithm 1 through cvxpy takes %.0f times as long\n", $2, their[$2] / $(NF - 2) }' \
        "$work/noma_cvxpy.txt" "$work/noma_ours.txt"
    ./target/repro/examples/noma_peer
else
    echo "cvxpy is not installed: its rows are left out"
fi

if python3 -c "import pymanopt, numpy" 2>/dev/null; then
    cargo build -q --profile repro -p isac-benches --example alpha_fair_peer
    peer=./target/repro/examples/alpha_fair_peer
    "$peer" "$work/alpha_fair.json" >/dev/null
    # One thread, the kernels that OpenBLAS chooses for this processor.
    pymanopt() {
        env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE OPENBLAS_NUM_THREADS=1 \
            python3 "$here/pymanopt_alpha_fair.py" "$work/alpha_fair.json"
    }
    # Before and after ours, so that the load of the machine shows.
    pymanopt >"$work/pymanopt.txt"
    grep -v '^ours:' "$work/pymanopt.txt"
    # Our time to the objectives that pymanopt went through.
    # shellcheck disable=SC2046
    "$peer" "$work/alpha_fair.json" $(sed -n 's/^ours:.*\.json//p' "$work/pymanopt.txt") | tee "$work/ours_alpha_fair.txt"
    pymanopt | tee "$work/pymanopt_again.txt" | grep -v '^ours:'
    # Ratio of the times to pymanopt's end, the faster of its two runs against each of ours.
    awk 'FILENAME ~ /pymanopt/ && /after/ { end = $1; t[FILENAME] = 1000 * $3 }
        FILENAME ~ /ours/ && /iterations/ { name = $0; sub(/:.*/, "", name) }
        FILENAME ~ /ours/ && $1 == end && /after/ {
            least = 1e99
            for (f in t) if (t[f] < least) least = t[f]
            printf "pymanopt %.1f ms, %.1f times our %.2f ms: %s\n", least, least / $3, $3, name
        }' "$work/pymanopt.txt" "$work/pymanopt_again.txt" "$work/ours_alpha_fair.txt"
else
    echo "pymanopt is not installed: its rows are left out"
fi

# Joint designs of the cell-free paper, the same reduced programs to all; times per design.
designs=50
cargo build -q --profile repro -p isac-benches --example cell_free_peer
./target/repro/examples/cell_free_peer "$work" "$designs" >"$work/cell_free_ours.txt"
# name, and lines `I ms objective` on standard input (an objective may be absent).
cell_free() {
    awk -v name="$1" 'NR == FNR { ms[$1] = $2; value[$1] = $3; next }
        { n++; t[n] = $2; r[n] = $2 / ms[$1]
          if (NF > 2) { d = $3 / value[$1] - 1; if (d < 0) d = -d; if (d > worst) worst = d } }
        function middle(a, n,  i, j, x) {
            for (i = 2; i <= n; i++) { x = a[i]; for (j = i - 1; j > 0 && a[j] > x; j--) a[j + 1] = a[j]; a[j + 1] = x }
            return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2 }
        END { printf "cell_free %-16s %d designs, median %8.2f ms, %6.1f times ours, values apart by at most %.1e\n",
            name, n, middle(t, n), middle(r, n), worst }' "$work/cell_free_ours.txt" -
}
cell_free ours <"$work/cell_free_ours.txt"
for program in csdp sdpa; do
    if ! command -v "$program" >/dev/null; then
        echo "cell_free: $program is NOT INSTALLED, its row is missing"
        continue
    fi
    if [ "$program" = sdpa ] && [ ! -r "$param" ]; then
        echo "cell_free: sdpa has no $param, its row is missing"
        continue
    fi
    i=0
    while [ "$i" -lt "$designs" ]; do
        file=$work/cell_free_$i.dat-s
        if [ "$program" = csdp ]; then
            t=$(cpu 5 sh -c "cd '$work' && csdp '$file'")
            value=$(awk '/Primal objective value/ { print $4 }' "$work/output")
        else
            t=$(cpu 5 sh -c "sdpa -ds '$file' -o '$work/sdpa.out' -p '$param'")
            value=$(awk '/objValPrimal/ { print $3 }' "$work/sdpa.out")
        fi
        echo "$i $t $value"
        i=$((i + 1))
    done | cell_free "$program, reading"
done
if python3 -c "import cvxpy, numpy" 2>/dev/null; then
    python3 -W ignore "$here/cell_free_cvxpy.py" "$work" "$designs" >"$work/cell_free_cvxpy.txt"
    for name in cvxpy+clarabel cvxpy+scs; do
        if grep -q "^$name " "$work/cell_free_cvxpy.txt"; then
            sed -n "s/^$name //p" "$work/cell_free_cvxpy.txt" | cell_free "$name"
        else
            echo "cell_free: $name is NOT INSTALLED, its row is missing"
        fi
    done
else
    echo "cell_free: cvxpy is NOT INSTALLED, its rows are missing"
fi

# AO of the heterogeneous ISAC paper at (12, 12), full dimension: CPU seconds of both sides.
cargo build -q --profile repro -p isac-benches --example hisac_peer
./target/repro/examples/hisac_peer "$work/hisac.json" | tee "$work/hisac_ours.txt"
if python3 -c "import cvxpy, numpy" 2>/dev/null; then
    export OPENBLAS_NUM_THREADS=1 RAYON_NUM_THREADS=1
    python3 -W ignore "$here/hisac_cvxpy.py" "$work/hisac.json" | tee "$work/hisac_cvxpy.txt"
    theirs=$(awk '{ print $6 }' "$work/hisac_cvxpy.txt")
    awk -v t="$theirs" '{ printf "cvxpy AO / %-18s %8.0fx\n", $1, t / $2 }' "$work/hisac_ours.txt"
fi
