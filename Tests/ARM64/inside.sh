#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What scripts/build-arm64 does as root, in namespaces of mounts and processes that end with it:
# inside.sh REPOSITORY USER:GROUP ENTRY QEMU [--tests [FILTER …]]. What is built belongs to USER; ENTRY is a name for QEMU.
set -euo pipefail

here=$1
user=$2
entry=$3
emulator=$4
mode=${5:-}
folder=$here/.build/arm64
[ $$ = 1 ] || { echo "start scripts/build-arm64 instead" >&2; exit 64; } # its mounts would stay

say() { printf '== %s (%d s)\n' "$1" "$SECONDS"; }
bash "$here/Tests/ARM64/roots.sh" "$folder"

# The repository has the same path everywhere: compilers write paths into what they make, and tests look beside their sources.
folders=("$here")
[ ! -d "$here/../shared" ] || folders+=("$(cd "$here/../shared" && pwd)")
mount -t tmpfs -o mode=1777 tmpfs "$folder/sysroot/tmp"
for root in build-root sysroot; do
  mount -t proc proc "$folder/$root/proc"
  mount --rbind /dev "$folder/$root/dev"
  for path in "${folders[@]}"; do
    mkdir -p "$folder/$root$path"
    mount --bind "$path" "$folder/$root$path"
  done
done
mkdir -p "$folder/home"
chown "$user" "$folder/home"
# in_root ROOT COMMAND …: as USER, in the repository.
in_root() {
  chroot --userspec="$user" "$folder/$1" /usr/bin/env -i -C "$here" "HOME=$folder/home" LANG=C.UTF-8 \
    "PATH=/usr/bin:/bin:/usr/libexec/swift/bin" "${@:2}"
}
# Without these the packages' descriptions would be looked for on the machine that builds.
libraries=$folder/sysroot/usr
build() {
  in_root build-root "PKG_CONFIG_SYSROOT_DIR=$folder/sysroot" \
    "PKG_CONFIG_PATH=$libraries/lib/aarch64-linux-gnu/pkgconfig:$libraries/share/pkgconfig" \
    nice swift build --scratch-path "$folder/swift" --swift-sdks-path "$folder" --swift-sdk arm64 \
    --disable-automatic-resolution --disable-default-traits "$@"
}
bash "$here/Tests/ARM64/binfmt.sh" add "$entry" "$emulator"
in_root build-root swift --version 2>&1 | head -n 1

if [ "$mode" = --tests ]; then
  say "building the tests"
  build --build-tests
  say "running them"
  filters=()
  for filter in "${@:6}"; do filters+=(--filter "$filter"); done
  run() {
    in_root sysroot "LD_LIBRARY_PATH=$folder/swift-arm64/swift/linux" "${typeface[@]}" \
      "$folder/swift/debug/bluezone-kioskPackageTests.xctest" --testing-library swift-testing "$@"
  }
  status=0
  typeface=()
  if [ ${#filters[@]} = 0 ]; then
    run --skip DisplayGoldenTests || status=$?
    say "pages as they were drawn, in the typeface of then"
    filters=(--filter DisplayGoldenTests)
  fi
  case ${filters[*]} in *DisplayGoldenTests*) typeface=("FONTCONFIG_FILE=$folder/fonts/fonts.conf") ;; esac
  run "${filters[@]}" || status=$?
  exit "$status"
fi

say "building the program"
build -c release --static-swift-stdlib --product kiosk
in_root build-root llvm-objcopy --strip-all "$folder/swift/release/kiosk" "$folder/kiosk"
in_root build-root clang --target=aarch64-linux-gnu --sysroot="$folder/sysroot" -fuse-ld=lld -shared -fPIC -O2 -Wall \
  -Wextra -Werror Tests/ARM64/without_sha2.c -o "$folder/without_sha2.so"

say "running it"
KIOSK_ROOT=$folder/sysroot KIOSK_PROGRAM=$folder/kiosk KIOSK_USER=$user KIOSK_FONTS=$folder/fonts/fonts.conf \
  KIOSK_WITHOUT_SHA2=$folder/without_sha2.so PYTHONPATH=$here/Tests/ARM64 python3 "$here/Tests/Air/run.py" test_arm64

say "made"
echo "$folder/kiosk: $(readelf -h "$folder/kiosk" | sed -n 's/ *Machine: *//p'), $(stat -c %s "$folder/kiosk") bytes. It needs, of Debian 13:"
readelf -d "$folder/kiosk" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | while read -r library; do
  package=$(awk -v name="${library%%.so.*}" -v version="${library#*.so.}" '$1 == name && $2 == version {
    sub(/^[^ ]+ +[^ ]+ +/, ""); sub(/ [^ ]+$/, ""); print; exit }' "$folder/shlibs")
  [ -n "$package" ] || { echo "no package is known to have $library" >&2; exit 1; }
  echo "  $library: $package"
done | tee "$folder/libraries"
chown "$user" "$folder"/{kiosk,libraries,without_sha2.so}
