# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the uncompressed kernel out of a bzImage: vmlinux.py VMLINUZ VMLINUX.

Booted by its PVH entry it spares the emulated machine the decompression.
Source: Documentation/x86/boot.rst, setup_sects, payload_offset, payload_length.
"""

import lzma
import pathlib
import struct
import subprocess
import sys

SETUP_SECTS, MAGIC, VERSION, PAYLOAD = 0x1F1, 0x202, 0x206, 0x248


def payload(image: bytes) -> bytes:
    if image[MAGIC : MAGIC + 4] != b"HdrS" or struct.unpack_from("<H", image, VERSION)[0] < 0x0208:
        raise ValueError("no bzImage of boot protocol 2.08 or later")
    offset, length = struct.unpack_from("<II", image, PAYLOAD)
    start = ((image[SETUP_SECTS] or 4) + 1) * 512 + offset
    return image[start : start + length - 4]  # the last four bytes are the length it has unpacked


def unpacked(data: bytes) -> bytes:
    if data.startswith(b"\xfd7zXZ"):
        return lzma.decompress(data)
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        return subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE, check=True).stdout
    raise ValueError(f"a compression not known here: {data[:6].hex()}")


if __name__ == "__main__":
    kernel = unpacked(payload(pathlib.Path(sys.argv[1]).read_bytes()))
    if not kernel.startswith(b"\x7fELF"):
        raise ValueError("what was unpacked is no ELF file")
    pathlib.Path(sys.argv[2]).write_bytes(kernel)
