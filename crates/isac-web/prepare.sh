#!/usr/bin/env bash
# Fetches what `cargo xtask page --test` needs and this machine lacks: the wasm32 target, Chromium, and
# playwright-core in target/page-node. Touches no installed toolchain: Debian's rustc-web is unpacked into
# target/wasm-toolchain and the standard library built once from its sources.
set -eu
cd "$(dirname "$0")/../.."
wasm=wasm32-unknown-unknown
folder=$PWD/target/wasm-toolchain
node_folder=$PWD/target/page-node

have_target() { ls "$(rustc --print target-libdir --target $wasm 2>/dev/null)"/*.rlib >/dev/null 2>&1; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

unpack_target() {
  command -v apt-get >/dev/null || { echo "no rustup target $wasm and no apt-get" >&2; return 1; }
  rm -rf "$folder"
  mkdir -p "$folder/debs"
  as_root apt-get update -qq || true
  # The libraries of the compiler carry its version in their names.
  libraries=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
    --no-enhances rustc-web | grep -E '^(libstd-rust-web[-.a-z0-9]*|libllvm[0-9]+)$' | sort -u)
  (cd "$folder/debs" && apt-get download -qq rustc-web rust-web-src $libraries)
  for package in "$folder"/debs/*.deb; do dpkg -x "$package" "$folder"; done
  rm -rf "$folder/debs"
  host=$(rustc -vV | sed -n 's/^host: //p')
  ln -s "$(rustc --print sysroot)/lib/rustlib/$host/bin/rust-lld" "$folder/rust-lld"
  # Any crate will do: what counts are the libraries it is built with.
  mkdir -p "$folder/std/src"
  printf '[package]\nname = "std-once"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n[profile.release]\npanic = "abort"\n' > "$folder/std/Cargo.toml"
  : > "$folder/std/src/lib.rs"
  (cd "$folder/std" && RUSTC=$folder/usr/bin/rustc RUSTC_BOOTSTRAP=1 LD_LIBRARY_PATH=$folder/usr/lib/x86_64-linux-gnu \
    CARGO_TARGET_DIR=$folder/std/target cargo build --release --target $wasm -Zbuild-std=std,panic_abort)
  libraries=$folder/usr/lib/rustlib/$wasm/lib
  mkdir -p "$libraries"
  cp "$folder"/std/target/$wasm/release/deps/*.rlib "$libraries"
  rm -rf "$libraries"/libstd_once* "$folder/std"
  touch "$folder/ready"
}

have_target || [ -f "$folder/ready" ] || unpack_target
command -v node >/dev/null || { echo "node is missing" >&2; exit 1; }
command -v chromium >/dev/null || as_root apt-get install -y -qq --no-install-recommends chromium >/dev/null
[ -d "$node_folder/node_modules/playwright-core" ] || npm install --silent --no-save --prefix "$node_folder" playwright-core@1.65.1
