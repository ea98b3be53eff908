// SPDX-License-Identifier: GPL-3.0-or-later
/// What CGpiod does, shown on fake chips behind a stub of libgpiod (stub_v1.c or stub_v2.c). Built and run by
/// scripts/check-gpiod, which has the linker send the calls of scandir, stat and calloc to the fakes below.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

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
  struct fake_line *line = &chip->lines[offset];
  line->requested = false;
  for (int i = 0; i < 2; i++) {
    if (line->pipe[i] > 0) close(line->pipe[i]);
    line->pipe[i] = 0;
  }
  fake_record("release %s/%u; ", chip->label, offset);
}

int fake_request_input(struct fake_chip *chip, unsigned int offset, const char *consumer, bool active_low, int bias,
                       unsigned int debounce_us) {
  struct fake_line *line = &chip->lines[offset];
  int error = line->request_errno;
  if (error == 0 && (line->used || line->requested)) error = EBUSY;
  if (error == 0 && pipe(line->pipe) != 0) error = errno;
  if (error != 0) {
    errno = error;
    return -1;
  }
  line->requested = true;
  line->active_low = active_low;
  line->bias = bias;
  line->debounce_us = debounce_us;
  line->num_edges = 0;
  fake_record("watch %s/%u for %s bias %d%s; ", chip->label, offset, consumer, bias, active_low ? " active-low" : "");
  return 0;
}

int fake_input_fd(struct fake_chip *chip, unsigned int offset) { return chip->lines[offset].pipe[0]; }

int fake_take(struct fake_chip *chip, unsigned int offset, struct fake_edge *edges, unsigned int count) {
  struct fake_line *line = &chip->lines[offset];
  errno = line->read_errno;
  if (errno == 0 && line->num_edges == 0) {
    errno = fcntl(line->pipe[0], F_GETFL) & O_NONBLOCK ? EAGAIN : EDEADLK;
  }
  if (errno != 0) return -1;
  if (count > line->num_edges) count = line->num_edges;
  memcpy(edges, line->edges, count * sizeof *edges);
  line->num_edges -= count;
  memmove(line->edges, line->edges + count, line->num_edges * sizeof *edges);
  char byte[16];
  return read(line->pipe[0], byte, count) == (ssize_t)count ? (int)count : -1;
}

int fake_get(struct fake_chip *chip, unsigned int offset) {
  struct fake_line *line = &chip->lines[offset];
  errno = line->requested ? line->read_errno : EPERM;
  return errno != 0 ? -1 : line->active;
}

/// An input's level moves; the kernel's queue holds 16 edges.
static void fake_move(struct fake_line *line, bool active, int64_t timestamp_ns) {
  line->active = active;
  if (line->num_edges >= 16) return;
  line->edges[line->num_edges++] = (struct fake_edge){active, timestamp_ns};
  if (write(line->pipe[1], "e", 1) != 1) abort();
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

static const struct cgpiod_input_options pulled_up = {
    .active_low = true, .bias = CGPIOD_BIAS_PULL_UP, .debounce_us = 30000};

/// Whether poll(2) says that edges wait.
static bool is_readable(struct cgpiod_input *input) {
  struct pollfd waiting = {.fd = cgpiod_input_fd(input), .events = POLLIN};
  return poll(&waiting, 1, 0) == 1 && waiting.revents == POLLIN;
}

static void watching(bool kernel_debounces) {
  struct cgpiod_input *input;
  struct cgpiod_edge edges[CGPIOD_EDGES];
  set_up();
  struct fake_line *line = &chips[0].lines[1];
  int error = cgpiod_input_open_name("GPIO17", "kiosk", pulled_up, &input, NULL);
  check(error == 0 && recorded("watch pinctrl-bcm2711/1 for kiosk bias 1 active-low; "),
        "an input is requested with its bias and active low");
  check(cgpiod_input_is_debounced(input) == kernel_debounces && line->debounce_us == (kernel_debounces ? 30000 : 0),
        "the kernel debounces an input, or it is told that it does not");
  check(!is_readable(input) && cgpiod_input_take(input, edges) == 0,
        "without edges taking gives none, and does not block");
  check(cgpiod_input_get(input) == 0, "an inactive input reads 0");
  fake_move(line, true, 1500000000123);
  fake_move(line, false, 1500000000456);
  check(is_readable(input), "poll tells that edges wait");
  int taken = cgpiod_input_take(input, edges);
  check(taken == 2 && edges[0].active && edges[0].timestamp_ns == 1500000000123 && !edges[1].active &&
            edges[1].timestamp_ns == 1500000000456,
        "edges are taken in order, with direction and time to the nanosecond");
  check(!is_readable(input), "taken edges wait no longer");
  fake_move(line, true, 1);
  check(cgpiod_input_get(input) == 1, "an active input reads 1");
  for (int i = 0; i < 20; i++) fake_move(line, i % 2, i);
  check(cgpiod_input_take(input, edges) == CGPIOD_EDGES && cgpiod_input_take(input, edges) == 0,
        "what the kernel's queue holds is taken at once");
  line->read_errno = ENODEV;
  check(cgpiod_input_take(input, edges) == -ENODEV && cgpiod_input_get(input) == -ENODEV,
        "a chip that is gone is told with its errno");
  line->read_errno = EINTR;
  check(cgpiod_input_take(input, edges) == 0, "a signal is no error");
  record[0] = '\0';
  cgpiod_input_close(input);
  check(recorded("release pinctrl-bcm2711/1; "), "closing an input releases it and drives nothing");
  cgpiod_input_close(NULL);

  set_up();
  struct cgpiod_input_options plain = {.bias = CGPIOD_BIAS_PULL_DOWN};
  error = cgpiod_input_open_offset("usb", 3, "kiosk", plain, &input, NULL);
  check(error == 0 && recorded("watch usb/3 for kiosk bias 2; ") && !cgpiod_input_is_debounced(input),
        "an input is found by chip label and offset, and is not debounced when that was not asked for");
  cgpiod_input_close(input);
  set_up();
  error = cgpiod_input_open_offset("usb", 3, "kiosk", (struct cgpiod_input_options){0}, &input, NULL);
  check(error == 0 && recorded("watch usb/3 for kiosk bias 0; "), "the bias stays as it is by default");
  cgpiod_input_close(input);
}

static void refusing_inputs(void) {
  struct cgpiod_input *input;
  set_up();
  check(cgpiod_input_open_name("GPIO18", "kiosk", pulled_up, &input, holder) == -EBUSY && !input &&
            strcmp(holder, "gpio-fan") == 0,
        "a busy input is told with its user");
  check(cgpiod_input_open_name("GPIO99", "kiosk", pulled_up, &input, holder) == CGPIOD_NO_LINE && !input &&
            cgpiod_input_open_name("SHARED", "kiosk", pulled_up, &input, NULL) == CGPIOD_SEVERAL_LINES &&
            cgpiod_input_open_offset("usb", 9, "kiosk", pulled_up, &input, NULL) == CGPIOD_NO_OFFSET &&
            cgpiod_input_open_offset("rp1", 0, "kiosk", pulled_up, &input, NULL) == CGPIOD_NO_CHIP,
        "an input is looked for as an output is");
  check(cgpiod_input_open_name("", "kiosk", pulled_up, &input, NULL) == -EINVAL &&
            cgpiod_input_open_name(NULL, "kiosk", pulled_up, &input, NULL) == -EINVAL &&
            cgpiod_input_open_name("GPIO17", "", pulled_up, &input, NULL) == -EINVAL &&
            cgpiod_input_open_name("GPIO17", "kiosk", pulled_up, NULL, NULL) == -EINVAL,
        "bad arguments of an input are refused");
  chips[0].lines[1].request_errno = ENXIO;
  check(cgpiod_input_open_name("GPIO17", "kiosk", pulled_up, &input, NULL) == -ENXIO && !input,
        "a line without interrupts is told with its errno");
  check(recorded(""), "nothing is requested that was refused");
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

static void input_exhaustion(void) {
  int failures = 0;
  bool clean = true, opened = false;
  for (int allowed = 0; allowed < 200 && !opened; allowed++) {
    set_up();
    allocations_left = allowed;
    struct cgpiod_input *input;
    int error = cgpiod_input_open_name("GPIO17", "kiosk", pulled_up, &input, NULL);
    allocations_left = -1;
    opened = error == 0;
    if (opened) {
      cgpiod_input_close(input);
    } else {
      failures++;
      clean = clean && error == -ENOMEM && !input && live_objects == 0 && recorded("");
    }
  }
  check(opened && clean && failures > 5,
        "without memory, at every step, opening an input fails with ENOMEM and frees all");
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
  watching(strcmp(stub, "v2") == 0);
  refusing_inputs();
  exhaustion();
  input_exhaustion();
  check(live_objects == 0, "every handle of libgpiod was freed");
  bool requested = false;
  for (int i = 0; i < MAX_CHIPS; i++) {
    for (int j = 0; j < FAKE_MAX_LINES; j++) requested = requested || chips[i].lines[j].requested;
  }
  check(!requested, "no line is left requested");
  return failed == 0 ? 0 : 1;
}
