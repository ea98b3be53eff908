// SPDX-License-Identifier: GPL-3.0-or-later
#include "CBluetooth.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bluetooth/bluetooth.h>
#include <bluetooth/hci.h>

// Opens a socket on one of the channels of adapter `device`, non-blocking. Returns it, or a negative errno.
static int open_channel(unsigned short device, unsigned short channel) {
  int fd = socket(AF_BLUETOOTH, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, BTPROTO_HCI);
  if (fd < 0) return -errno;
  struct sockaddr_hci address;
  memset(&address, 0, sizeof address);
  address.hci_family = AF_BLUETOOTH;
  address.hci_dev = device;
  address.hci_channel = channel;
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  return fd;
}

int kiosk_hci_state(unsigned short device) {
  int fd = socket(AF_BLUETOOTH, SOCK_RAW | SOCK_CLOEXEC, BTPROTO_HCI);
  if (fd < 0) return -errno;
  struct hci_dev_info info;
  memset(&info, 0, sizeof info);
  info.dev_id = device;
  int result;
  if (ioctl(fd, HCIGETDEVINFO, (void *)&info) < 0)
    result = -errno;
  else
    result = info.flags & (1u << HCI_INIT) ? 2 : info.flags & (1u << HCI_UP) ? 1 : 0;
  close(fd);
  return result;
}

int kiosk_hci_open_user_channel(unsigned short device) { return open_channel(device, HCI_CHANNEL_USER); }

int kiosk_mgmt_open(void) { return open_channel(HCI_DEV_NONE, HCI_CHANNEL_CONTROL); }

int kiosk_hci_take_down(unsigned short device) {
  int fd = socket(AF_BLUETOOTH, SOCK_RAW | SOCK_CLOEXEC, BTPROTO_HCI);
  if (fd < 0) return -errno;
  int result = ioctl(fd, HCIDEVDOWN, (unsigned long)device) < 0 ? -errno : 0;
  close(fd);
  return result;
}

int kiosk_hci_adapters(struct kiosk_hci_adapter *adapters, int room) {
  enum { most = 64 };
  // The list ends in an array without a length; this gives it one.
  union {
    struct hci_dev_list_req head;
    unsigned char bytes[sizeof(struct hci_dev_list_req) + most * sizeof(struct hci_dev_req)];
  } list;
  memset(&list, 0, sizeof list);
  list.head.dev_num = most;
  int fd = socket(AF_BLUETOOTH, SOCK_RAW | SOCK_CLOEXEC, BTPROTO_HCI);
  if (fd < 0) return -errno;
  if (ioctl(fd, HCIGETDEVLIST, &list) < 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  int count = 0;
  for (int i = 0; i < list.head.dev_num && i < most && count < room; i++) {
    struct hci_dev_info info;
    memset(&info, 0, sizeof info);
    info.dev_id = list.head.dev_req[i].dev_id;
    // It may have gone since.
    if (ioctl(fd, HCIGETDEVINFO, &info) < 0) continue;
    adapters[count].index = info.dev_id;
    memcpy(adapters[count].address, &info.bdaddr, sizeof adapters[count].address);
    adapters[count].is_up = (info.flags & (1u << HCI_UP)) != 0;
    count++;
  }
  close(fd);
  return count;
}
