// SPDX-License-Identifier: GPL-3.0-or-later
/// What CGpiod does, shown on fake chips behind a stub of libgpiod (stub_v1.c or stub_v2.c). Built and run by
/// scripts/check-gpiod, which has the linker send the calls of scandir, stat and calloc to the fakes below.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "CGpiod.h"
#include "fake.h"

// MARK: - The fake machine

#define MAX_CHIPS 4
static struct fake_chip chips[MAX_CHIPS];

/// A file of the fake /dev: a chip, a link to it, or no character device at all (chip -1).
struct fake_file {
  const char *name;
  int chip;
};

#define MAX_FILES 8
static struct fake_file files[MAX_FILES];
static int scandir_errno;

static char record[4096];
static int live_objects;
/// Allocations to go before one fails; negative: none fails.
static int allocations_left = -1;

static bool allocation_fails(void) {
  if (allocations_left < 0) return false;
  if (allocations_left > 0) {
    allocations_left--;
    return false;
  }
  errno = ENOMEM;
  return true;
}

void *fake_new(size_t size) {
  void *object = allocation_fails() ? NULL : malloc(size);
  if (!object) return NULL;
  memset(object, 0, size);
  live_objects++;
  return object;
}

void fake_free(void *object) {
  live_objects--;
  free(object);
}

void fake_record(const char *format, ...) {
  size_t length = strlen(record);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(record + length, sizeof record - length, format, arguments);
  va_end(arguments);
}

static const struct fake_file *file_at(const char *path) {
  for (int i = 0; i < MAX_FILES; i++) {
    if (files[i].name && strncmp(path, "/dev/", 5) == 0 && strcmp(path + 5, files[i].name) == 0)
      return &files[i];
  }
  return NULL;
}

struct fake_chip *fake_chip_at(const char *path) {
  const struct fake_file *file = file_at(path);
  if (!file || file->chip < 0) {
    errno = ENOENT;
    return NULL;
  }
  if (chips[file->chip].open_errno == 0) return &chips[file->chip];
  errno = chips[file->chip].open_errno;
  return NULL;
}

int fake_request(struct fake_chip *chip, unsigned int offset, const char *consumer, bool active_low,
                 bool active) {
  struct fake_line *line = &chip->lines[offset];
  int error = line->request_errno;
  if (error == 0 && (line->used || line->requested)) error = EBUSY;
  if (error != 0) {
    errno = error;
    return -1;
  }
  line->requested = true;
  line->active_low = active_low;
  line->active = active;
  fake_record("request %s/%u for %s %s%s; ", chip->label, offset, consumer, active ? "active" : "inactive",
              active_low ? " active-low" : "");
  return 0;
}

int fake_set(struct fake_chip *chip, unsigned int offset, bool active) {
  struct fake_line *line = &chip->lines[offset];
  fake_record("set %s/%u %s; ", chip->label, offset, active ? "active" : "inactive");
  errno = line->requested ? line->set_errno : EPERM;
  if (errno != 0) return -1;
  line->active = active;
  return 0;
}

void fake_release(struct fake_chip *chip, unsigned int offset) {
  chip->lines[offset].requested = false;
  fake_record("release %s/%u; ", chip->label, offset);
}

int __wrap_scandir(const char *directory, struct dirent ***entries, int (*filter)(const struct dirent *),
                   int (*compare)(const struct dirent **, const struct dirent **));
int __wrap_stat(const char *path, struct stat *status);
void *__wrap_calloc(size_t count, size_t size);
void *__real_calloc(size_t count, size_t size);

/// What scandir(3) does with the fake /dev.
int __wrap_scandir(const char *directory, struct dirent ***entries, int (*filter)(const struct dirent *),
                   int (*compare)(const struct dirent **, const struct dirent **)) {
  if (scandir_errno != 0 || strcmp(directory, "/dev") != 0) {
    errno = scandir_errno != 0 ? scandir_errno : ENOENT;
    return -1;
  }
  struct dirent **list = malloc(MAX_FILES * sizeof *list);
  int count = 0;
  for (int i = 0; list && i < MAX_FILES; i++) {
    struct dirent *entry = files[i].name ? malloc(sizeof *entry) : NULL;
    if (!entry) continue;
    memset(entry, 0, sizeof *entry);
    snprintf(entry->d_name, sizeof entry->d_name, "%s", files[i].name);
    if (!filter(entry)) {
      free(entry);
      continue;
    }
    int place = count++;
    for (; place > 0 && compare((const struct dirent **)&list[place - 1], (const struct dirent **)&entry) > 0;
         place--) {
      list[place] = list[place - 1];
    }
    list[place] = entry;
  }
  *entries = list;
  return count;
}

int __wrap_stat(const char *path, struct stat *status) {
  const struct fake_file *file = file_at(path);
  memset(status, 0, sizeof *status);
  if (!file) {
    errno = ENOENT;
    return -1;
  }
  status->st_mode = file->chip < 0 ? S_IFREG : S_IFCHR;
  status->st_rdev = file->chip < 0 ? 0 : makedev(254, (unsigned int)file->chip);
  return 0;
}

void *__wrap_calloc(size_t count, size_t size) {
  return allocation_fails() ? NULL : __real_calloc(count, size);
}

/// A Raspberry Pi 4 in small: the header's chip, the firmware's expander, and a USB adapter as gpiochip10.
/// The files are out of order, gpiochip4 is a link to gpiochip0, gpiochip9 is no device, and gpiomem is
/// something else.
static void set_up(void) {
  memset(chips, 0, sizeof chips);
  memset(files, 0, sizeof files);
  chips[0] = (struct fake_chip){.label = "pinctrl-bcm2711",
                                .num_lines = 6,
                                .lines = {{.name = "ID_SDA"},
                                          {.name = "GPIO17"},
                                          {.name = "GPIO27"},
                                          {.name = "SHARED"},
                                          {.name = NULL},
                                          {.name = "GPIO18", .consumer = "gpio-fan", .used = true}}};
  chips[1] = (struct fake_chip){.label = "raspberrypi-exp-gpio",
                                .num_lines = 3,
                                .lines = {{.name = "BT_ON"}, {.name = "SHARED"}, {.name = "TWIN"}}};
  chips[2] =
      (struct fake_chip){.label = "usb",
                         .num_lines = 4,
                         .lines = {{.name = "RELAY"}, {.name = "PAIR"}, {.name = "PAIR"}, {.name = NULL}}};
  const struct fake_file all[] = {{"gpiochip10", 2}, {"gpiomem", -1},   {"gpiochip4", 0},
                                  {"gpiochip2", 1},  {"gpiochip9", -1}, {"gpiochip0", 0}};
  memcpy(files, all, sizeof all);
  scandir_errno = 0;
  allocations_left = -1;
  record[0] = '\0';
}

// MARK: - Checks

static const char *stub;
static int failed;

static void check(bool holds, const char *sentence) {
  printf("%s: %s: %s\n", holds ? "ok" : "FAILED", stub, sentence);
  if (!holds && record[0]) printf("  recorded: %s\n", record);
  if (!holds) failed++;
}

static bool recorded(const char *expected) { return strcmp(record, expected) == 0; }

static char holder[CGPIOD_NAME_SIZE];

/// What opening by name gives; an opened line is closed again.
static int try_name(const char *name) {
  struct cgpiod_output *output;
  int error = cgpiod_output_open_name(name, "test", false, &output, holder);
  if ((error == 0) != (output != NULL)) return 1;
  cgpiod_output_close(output);
  return error;
}

static int try_offset(const char *label, unsigned int offset) {
  struct cgpiod_output *output;
  int error = cgpiod_output_open_offset(label, offset, "test", false, &output, holder);
  if ((error == 0) != (output != NULL)) return 1;
  cgpiod_output_close(output);
  return error;
}

static void finding(void) {
  set_up();
  try_name("GPIO17");
  check(strncmp(record, "request pinctrl-bcm2711/1 ", 26) == 0,
        "a line is found by its name on the first chip");
  set_up();
  try_name("RELAY");
  check(strncmp(record, "request usb/0 ", 14) == 0, "a line is found by its name on the last chip");
  set_up();
  try_offset("raspberrypi-exp-gpio", 2);
  check(strncmp(record, "request raspberrypi-exp-gpio/2 ", 31) == 0,
        "a line is found by chip label and offset");
  set_up();
  check(try_offset("pinctrl-bcm2711", 4) == 0, "a line without a name is found by chip label and offset");
  check(try_offset("pinctrl-bcm2711", 3) == 0 && try_offset("usb", 2) == 0,
        "a line whose name is not unique is found by chip label and offset");
}

static void refusing(void) {
  set_up();
  check(try_name("GPIO99") == CGPIOD_NO_LINE, "a name that no line has is told as no line");
  check(try_offset("pinctrl-rp1", 1) == CGPIOD_NO_CHIP, "a label that no chip has is told as no chip");
  check(try_name("SHARED") == CGPIOD_SEVERAL_LINES, "a name on two chips is refused as ambiguous");
  check(try_name("PAIR") == CGPIOD_SEVERAL_LINES, "a name twice on one chip is refused as ambiguous");
  check(try_offset("pinctrl-bcm2711", 6) == CGPIOD_NO_OFFSET &&
            try_offset("usb", 4294967295u) == CGPIOD_NO_OFFSET,
        "an offset past the last line is out of range");
  check(recorded(""), "no line is requested when the one meant is not certain");
  check(try_offset("usb", 3) == 0, "the last offset is in range");
  chips[1].label = "usb";
  check(try_offset("usb", 0) == CGPIOD_SEVERAL_CHIPS, "a label of two chips is refused as ambiguous");
  set_up();
  check(try_name("") == -EINVAL && try_name(NULL) == -EINVAL,
        "an empty name is refused, not matched to unnamed lines");
  check(try_offset("", 0) == -EINVAL && try_offset(NULL, 0) == -EINVAL, "an empty label is refused");
  check(try_name("a-name-of-thirty-one-bytes-long") == CGPIOD_NO_LINE &&
            try_name("a-name-of-thirty-two-bytes-long.") == -EINVAL,
        "a name longer than the kernel keeps is refused");
  struct cgpiod_output *output;
  check(cgpiod_output_open_name("GPIO17", "", false, &output, NULL) == -EINVAL && !output,
        "an empty consumer is refused");
  check(cgpiod_output_open_name("GPIO17", "test", false, NULL, NULL) == -EINVAL,
        "no place for the output is refused");
  check(recorded(""), "no line is requested for a bad argument");
}

static void permission(void) {
  set_up();
  chips[0].open_errno = EACCES;
  check(try_name("GPIO17") == -EACCES, "a name not found while a chip may not be opened is not allowed");
  check(try_offset("pinctrl-bcm2711", 1) == -EACCES,
        "a label not found while a chip may not be opened is not allowed");
  check(try_name("RELAY") == 0, "a line of another chip is still found");
  chips[0].open_errno = EPERM;
  check(try_name("GPIO17") == -EACCES, "the EPERM of a device cgroup is told as not allowed");
  chips[0].open_errno = ENODEV;
  check(try_name("GPIO17") == CGPIOD_NO_LINE && try_name("RELAY") == 0,
        "a chip that has just gone is skipped");
  chips[0].open_errno = 0;
  chips[0].read_errno = EIO;
  check(try_name("GPIO17") == CGPIOD_NO_LINE && try_name("RELAY") == 0,
        "a chip that cannot be read is skipped");
  set_up();
  chips[0].open_errno = EMFILE;
  check(try_name("RELAY") == -EMFILE, "out of descriptors is told as such");
  set_up();
  chips[0].lines[1].request_errno = EACCES;
  check(try_name("GPIO17") == -EACCES, "a request that is refused is told with its errno");
}

static void no_gpio(void) {
  set_up();
  memset(files, 0, sizeof files);
  check(try_name("GPIO17") == CGPIOD_NO_CHIPS, "a name on a machine without chips is told as no chips");
  check(try_offset("usb", 0) == CGPIOD_NO_CHIPS, "a label on a machine without chips is told as no chips");
  struct cgpiod_chip *list;
  size_t count;
  check(cgpiod_list(&list, &count) == 0 && count == 0, "a machine without chips has an empty list");
  cgpiod_list_free(list, count);
  scandir_errno = EACCES;
  check(cgpiod_list(&list, &count) == -EACCES && !list && count == 0, "a /dev that cannot be read is told");
}

static void busy(void) {
  set_up();
  check(try_name("GPIO18") == -EBUSY && strcmp(holder, "gpio-fan") == 0, "a busy line is told with its user");
  check(try_name("GPIO99") == CGPIOD_NO_LINE && holder[0] == '\0', "the user is empty with any other error");
  struct cgpiod_output *first, *second;
  int opened = cgpiod_output_open_name("GPIO17", "test", false, &first, NULL);
  int again = cgpiod_output_open_name("GPIO17", "test", false, &second, NULL);
  check(opened == 0 && again == -EBUSY && !second, "a line opened twice is busy the second time");
  cgpiod_output_close(first);
  check(try_name("GPIO17") == 0, "a closed line can be opened again");
}

static void driving(void) {
  struct cgpiod_output *output;
  set_up();
  int error = cgpiod_output_open_name("GPIO17", "kiosk", false, &output, NULL);
  check(error == 0 && recorded("request pinctrl-bcm2711/1 for kiosk inactive; "),
        "a line is requested as inactive output");
  record[0] = '\0';
  check(cgpiod_output_set(output, true) == 0 && chips[0].lines[1].active &&
            recorded("set pinctrl-bcm2711/1 active; "),
        "a line is set active");
  record[0] = '\0';
  check(cgpiod_output_set(output, false) == 0 && !chips[0].lines[1].active &&
            recorded("set pinctrl-bcm2711/1 inactive; "),
        "a line is set inactive");
  cgpiod_output_set(output, true);
  record[0] = '\0';
  check(cgpiod_output_close(output) == 0 && !chips[0].lines[1].active &&
            recorded("set pinctrl-bcm2711/1 inactive; release pinctrl-bcm2711/1; "),
        "closing drives the line inactive, then releases it");

  set_up();
  error = cgpiod_output_open_offset("usb", 3, "kiosk", true, &output, NULL);
  check(error == 0 && recorded("request usb/3 for kiosk inactive active-low; "), "active low is passed on");
  cgpiod_output_close(output);

  set_up();
  error = cgpiod_output_open_name("GPIO17", "kiosk", false, &output, NULL);
  chips[0].lines[1].set_errno = ENODEV;
  check(error == 0 && cgpiod_output_set(output, true) == -ENODEV,
        "a line that cannot be set is told with its errno");
  record[0] = '\0';
  check(cgpiod_output_close(output) == -ENODEV && !chips[0].lines[1].requested &&
            recorded("set pinctrl-bcm2711/1 inactive; release pinctrl-bcm2711/1; "),
        "closing releases the line even when it cannot be driven, and tells");
  check(cgpiod_output_close(NULL) == 0, "closing nothing is allowed");
}

static void listing(void) {
  set_up();
  chips[2].open_errno = EACCES;
  struct cgpiod_chip *list;
  size_t count;
  check(cgpiod_list(&list, &count) == 0 && count == 3,
        "each chip is listed once, links and other files left out");
  check(count == 3 && strcmp(list[0].device, "/dev/gpiochip0") == 0 &&
            strcmp(list[1].device, "/dev/gpiochip2") == 0 && strcmp(list[2].device, "/dev/gpiochip10") == 0,
        "chips are listed by number: 10 after 2");
  check(count == 3 && strcmp(list[0].label, "pinctrl-bcm2711") == 0 && list[0].num_lines == 6 &&
            list[0].error == 0,
        "a chip is listed with its label and its number of lines");
  check(count == 3 && strcmp(list[0].lines[1].name, "GPIO17") == 0 && list[0].lines[4].name[0] == '\0' &&
            list[0].lines[5].used && strcmp(list[0].lines[5].consumer, "gpio-fan") == 0 &&
            !list[0].lines[1].used,
        "lines are listed with name, use and user");
  check(count == 3 && list[2].error == -EACCES && list[2].num_lines == 0 && list[2].label[0] == '\0',
        "a chip that may not be opened is listed with the reason");
  cgpiod_list_free(list, count);
  cgpiod_list_free(NULL, 0);

  set_up();
  memset(files, 0, sizeof files);
  files[0] = (struct fake_file){"gpiochip4", 0};
  check(try_name("GPIO17") == 0, "a chip reached only by a link is used");
  set_up();
  chips[1].num_lines = 0;
  check(cgpiod_list(&list, &count) == 0 && count == 3 && list[1].num_lines == 0 && list[1].error == 0,
        "a chip without lines is listed");
  cgpiod_list_free(list, count);
  check(strstr(cgpiod_library_version(), "stub") != NULL, "the library's version is told");
}

/// Every allocation on the way to an open line fails once.
static void exhaustion(void) {
  int failures = 0;
  bool clean = true, opened = false;
  for (int allowed = 0; allowed < 200 && !opened; allowed++) {
    set_up();
    allocations_left = allowed;
    struct cgpiod_output *output;
    int error = cgpiod_output_open_name("GPIO17", "kiosk", false, &output, NULL);
    allocations_left = -1;
    opened = error == 0;
    if (opened) {
      cgpiod_output_close(output);
    } else {
      failures++;
      clean = clean && error == -ENOMEM && !output && live_objects == 0 && recorded("");
    }
  }
  check(opened && clean && failures > 5,
        "without memory, at every step, opening fails with ENOMEM and frees all");
}

int main(int count, char **arguments) {
  stub = count > 1 ? arguments[1] : "stub";
  setvbuf(stdout, NULL, _IOLBF, 0);
  finding();
  refusing();
  permission();
  no_gpio();
  busy();
  driving();
  listing();
  exhaustion();
  check(live_objects == 0, "every handle of libgpiod was freed");
  bool requested = false;
  for (int i = 0; i < MAX_CHIPS; i++) {
    for (int j = 0; j < FAKE_MAX_LINES; j++) requested = requested || chips[i].lines[j].requested;
  }
  check(!requested, "no line is left requested");
  return failed == 0 ? 0 : 1;
}
