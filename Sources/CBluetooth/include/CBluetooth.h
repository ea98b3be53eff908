// SPDX-License-Identifier: GPL-3.0-or-later
//
// The HCI user channel: one process owns the adapter and speaks HCI to it, the kernel's own stack stands aside.
// The socket, its address and its constants are libbluetooth's; Swift cannot see them, because the kernel's headers
// define them with casts and macros.
#pragma once

// Opens the user channel of adapter `device` (0 for hci0), non-blocking, closed on exec.
//
// Returns a descriptor, or a negative errno: -ENODEV no such adapter, -EBUSY it is up or somebody has it, -EPERM
// without CAP_NET_ADMIN, -ERFKILL switched off, -EAFNOSUPPORT the kernel has no Bluetooth.
// Source: net/bluetooth/hci_sock.c (hci_sock_bind, HCI_CHANNEL_USER).
int kiosk_hci_open_user_channel(unsigned short device);

// 0 when adapter `device` is down, 1 when it is up and has been made ready, 2 while the kernel makes it ready, or a
// negative errno. Source: hci_ioctl's HCIGETDEVINFO, flags HCI_UP and HCI_INIT.
int kiosk_hci_state(unsigned short device);

// Takes adapter `device` down, as `hciconfig hciN down` does. Returns 0 or a negative errno; needs CAP_NET_ADMIN.
int kiosk_hci_take_down(unsigned short device);

// One adapter of this machine.
struct kiosk_hci_adapter {
  unsigned short index;      // 0 for hci0
  unsigned char address[6];  // its public address, least significant byte first; all zero while it is unknown
  unsigned char is_up;       // powered, by the kernel's stack or by the holder of a user channel
};

// Fills `adapters` with those the kernel has now, at most `room`, in no particular order. Needs no capability, powers
// nothing, and lists what somebody else holds as well. Returns how many, or a negative errno.
// Source: net/bluetooth/hci_core.c (hci_get_dev_list, hci_get_dev_info).
int kiosk_hci_adapters(struct kiosk_hci_adapter *adapters, int room);

// Opens a socket to the kernel's Bluetooth management, non-blocking, closed on exec. Commands that change something
// are answered only if the process has CAP_NET_ADMIN now. Returns a descriptor, or a negative errno.
// Source: net/bluetooth/hci_sock.c (hci_sock_bind, HCI_CHANNEL_CONTROL); bluez, doc/mgmt-api.txt.
int kiosk_mgmt_open(void);
