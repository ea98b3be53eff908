#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes what a build for arm64 needs: roots.sh FOLDER, as root. Does nothing where FOLDER has it already.
#
# build-root   Debian sid with its Swift, for this machine's processor: the compiler.
# sysroot      Debian 13 for arm64: the libraries to link with, and what programs run in. Unpacked, not configured.
# swift-arm64  Swift's runtime for arm64 out of the same sid.
# kiosk.artifactbundle  Swift's description of the latter two as an SDK; Source: Swift Evolution SE-0387.
# fonts        the typeface that the pictures in Tests/KioskAppTests/Golden were drawn with, which differs from Debian 13's.
# shlibs       which package has which shared library, as the packages say it.
set -euo pipefail

recipe=1 # to be counted up with every change of what follows
folder=$1
sysroot_packages=(
  base-files bash coreutils libc-bin tzdata
  libc6-dev libgcc-14-dev libstdc++-14-dev
  # The kiosk's libraries; the developer's window is left out.
  libbluetooth-dev libcurl4-openssl-dev libdrm-dev libgpiod-dev libpango1.0-dev libqrencode-dev libsqlite3-dev
  fontconfig-config fonts-inter
  # The tests' other sides.
  bluez openssl zbar-tools
)
if [ "$(cat "$folder/stamp" 2>/dev/null)" = "recipe $recipe" ]; then exit 0; fi

say() { printf '%s (%d s)\n' "$1" "$SECONDS"; }
part=$folder/part
rm -rf --one-file-system "$part" "$folder"/{stamp,build-root,sysroot,swift-arm64,kiosk.artifactbundle,fonts,shlibs}
mkdir -p "$part/debs"

# How this machine reaches Debian holds for the roots as well.
apt_options=()
while read -r line; do apt_options+=("--aptopt=$line"); done < <(
  apt-config dump | grep -E '^Acquire::(https?::|Retries|ForceIPv|Check-(Valid-Until|Date)).* ".+";$')
bootstrap() { mmdebstrap --quiet --mode=root "${apt_options[@]}" "$@" || { echo "mmdebstrap failed for $part" >&2; exit 1; }; }

say "making the root that builds, of Debian sid"
# shellcheck disable=SC2016 # the hook's own variables
PART=$part bootstrap --variant=apt --architectures=amd64,arm64 --include=swiftlang,libc6-dev,g++,git,ca-certificates,pkgconf \
  --customize-hook='cd "$PART/debs" && APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -q download swiftlang:arm64 libswiftlang:arm64' \
  sid "$part/build-root"

say "unpacking Swift's runtime for arm64"
version() { sed 's/-.*//'; }
compiler=$(dpkg-query --admindir "$part/build-root/var/lib/dpkg" -W -f='${Version}' swiftlang | version)
for deb in "$part"/debs/*.deb; do
  runtime=$(dpkg-deb -f "$deb" Version | version)
  # A compiler reads its own version's runtime alone.
  [ "$runtime" = "$compiler" ] ||
    { echo "Debian sid has Swift $compiler for amd64 and $runtime for arm64: try again another day" >&2; exit 1; }
  dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$part" ./usr/libexec/swift/lib/swift ./usr/libexec/swift/lib/swift_static \
    ./usr/libexec/swift/lib/clang 2>"$part/tar" || grep -vE 'Not found|previous errors' "$part/tar" >&2 || true
done
# Host is the compiler's own; the other names a library that the package does not have.
rm -rf "$part"/usr/libexec/swift/lib/swift/{host,embedded} "$part"/usr/libexec/swift/lib/swift_static/embedded \
  "$part"/usr/libexec/swift/lib/swift/linux/Testing.swiftcrossimport
mv "$part/usr/libexec/swift/lib" "$part/swift-arm64"
rm -rf "$part/usr" "$part/debs"

say "making the root that is built for, of Debian 13"
# shellcheck disable=SC2016
PART=$part bootstrap --variant=extract --architectures=arm64 --include="$(IFS=,; echo "${sysroot_packages[*]}")" \
  --extract-hook='for deb in "$1"/var/cache/apt/archives/*.deb; do
    dpkg-deb --info "$deb" shlibs 2>/dev/null | sed "s/\$/ $(dpkg-deb -f "$deb" Version)/"; done >"$PART/shlibs" || true' \
  trixie "$part/sysroot"
# Where the compiler looks as well.
ln -s ../../../swift-arm64/swift ../../../swift-arm64/swift_static "$part/sysroot/usr/lib/"
# What packages would have configured.
echo "root:x:0:0:root:/root:/bin/sh" >"$part/sysroot/etc/passwd"
echo "root:x:0:" >"$part/sysroot/etc/group"

mkdir -p "$part/kiosk.artifactbundle/arm64"
cat >"$part/kiosk.artifactbundle/info.json" <<'END'
{
  "schemaVersion": "1.0",
  "artifacts": {"arm64": {"type": "swiftSDK", "version": "1", "variants": [{"path": "arm64"}]}}
}
END
cat >"$part/kiosk.artifactbundle/arm64/swift-sdk.json" <<'END'
{
  "schemaVersion": "4.0",
  "targetTriples": {
    "aarch64-unknown-linux-gnu": {
      "sdkRootPath": "../../sysroot",
      "swiftResourcesPath": "../../swift-arm64/swift",
      "swiftStaticResourcesPath": "../../swift-arm64/swift_static",
      "toolsetPaths": ["toolset.json"]
    }
  }
}
END
cat >"$part/kiosk.artifactbundle/arm64/toolset.json" <<'END'
{"schemaVersion": "1.0", "swiftCompiler": {"extraCLIOptions": ["-use-ld=lld"]}}
END

bootstrap --variant=extract --include=fonts-inter bookworm "$part/bookworm"
mv "$part/bookworm/usr/share/fonts" "$part/fonts"
cat >"$part/fonts/fonts.conf" <<END
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>$folder/fonts</dir>
  <cachedir>/tmp/fonts</cachedir>
</fontconfig>
END

mv "$part"/{build-root,sysroot,swift-arm64,kiosk.artifactbundle,fonts,shlibs} "$folder/"
rm -rf "$part"
echo "recipe $recipe" >"$folder/stamp"
say "kept in $folder: $(du -sh "$folder" | cut -f1)"
