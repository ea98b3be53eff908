# SPDX-License-Identifier: GPL-3.0-or-later
"""The power of the adapter's controller, which goes with its plug.

btattach alone only takes the kernel's end off the serial line. A controller that scans then scans on: its reports fill
the line, whoever attaches it next reads from the middle of one, and H4 has no mark by which to find the next frame. If
the kernel's first Reset is answered inside what it takes for a long frame, the adapter's only setup has failed.
"""

import asyncio
import fcntl
import struct
import termios

from bumble import hci

from phones import Room

DRAIN_LIMIT = 5  # s until the guest has read what was on its way


async def cut(room: Room) -> None:
    """The controller forgets all, and says nothing more; what it had said is read to its end."""
    room.h4.hang = "all"
    room.kiosk.on_hci_reset_command(hci.HCI_Reset_Command())
    end = asyncio.get_running_loop().time() + DRAIN_LIMIT
    while unread(room) and asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)  # the last sixteen bytes, from the emulated UART's FIFO through the kernel


def unread(room: Room) -> int:
    """Bytes that QEMU has not taken yet."""
    client = room.h4._client
    if client is None:
        return 0
    queued = fcntl.ioctl(client.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
    return client.get_write_buffer_size() + struct.unpack("i", queued)[0]


def give(room: Room) -> None:
    """It starts as from the factory: half a command it got before is forgotten."""
    if client := room.h4._client:
        client.get_protocol().parser.reset()
    room.h4.hang = None
