// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE
#include "CGpiod.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gpiod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// Bulks of lines have a fixed size in version 1 alone; version 2 has neither bulks nor this macro.
// Source: gpiod.h of libgpiod 1.6.3 and 2.2.1.
#ifdef GPIOD_LINE_BULK_MAX_LINES
#define LIBGPIOD_1 1
#else
#define LIBGPIOD_1 0
#endif

struct cgpiod_output {
#if LIBGPIOD_1
  struct gpiod_chip *chip;
  struct gpiod_line *line;
#else
  struct gpiod_line_request *request;
  unsigned int offset;
#endif
};

struct cgpiod_input {
#if LIBGPIOD_1
  struct gpiod_chip *chip;
  struct gpiod_line *line;
#else
  struct gpiod_line_request *request;
  struct gpiod_edge_event_buffer *events;
  unsigned int offset;
#endif
  int fd;
  bool debounced;
};

/// The errno of the call that just failed, negative; never 0, should the library have forgotten to set it.
static int last_error(void) { return errno > 0 ? -errno : -EIO; }

/// Copies a name that may be missing, cut to what a name may hold.
static void copy_name(char *to, const char *from) { snprintf(to, CGPIOD_NAME_SIZE, "%s", from ? from : ""); }

/// Taking edges must not block, whatever poll(2) said.
static int make_nonblocking(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 ? 0 : last_error();
}

/// What a call for edges that gave none means.
static int without_edges(void) { return errno == EAGAIN || errno == EINTR ? 0 : last_error(); }

// MARK: - What differs between the versions: reading a chip, requesting a line, setting, reading and releasing it

#if LIBGPIOD_1

const char *cgpiod_library_version(void) { return gpiod_version_string(); }

static int read_lines(struct gpiod_chip *from, struct cgpiod_chip *chip) {
  copy_name(chip->label, gpiod_chip_label(from));
  unsigned int count = gpiod_chip_num_lines(from);
  chip->lines = calloc(count ? count : 1, sizeof *chip->lines);
  if (!chip->lines) return -ENOMEM;
  chip->num_lines = count;
  for (unsigned int offset = 0; offset < count; offset++) {
    struct gpiod_line *line = gpiod_chip_get_line(from, offset);
    if (!line) return last_error();
    copy_name(chip->lines[offset].name, gpiod_line_name(line));
    copy_name(chip->lines[offset].consumer, gpiod_line_consumer(line));
    chip->lines[offset].used = gpiod_line_is_used(line);
  }
  return 0;
}

/// The chip stays open with the line: closing it would release the line.
/// Source: gpiod.h 1.6, gpiod_chip_close.
static int request_output(const char *device, unsigned int offset, const char *consumer, bool active_low,
                          struct cgpiod_output *output) {
  int flags = active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0;
  output->chip = gpiod_chip_open(device);
  if (!output->chip) return last_error();
  output->line = gpiod_chip_get_line(output->chip, offset);
  if (output->line && gpiod_line_request_output_flags(output->line, consumer, flags, 0) == 0) return 0;
  int error = last_error();
  gpiod_chip_close(output->chip);
  return error;
}

int cgpiod_output_set(struct cgpiod_output *output, bool active) {
  return gpiod_line_set_value(output->line, active ? 1 : 0) == 0 ? 0 : last_error();
}

static void release(struct cgpiod_output *output) {
  gpiod_line_release(output->line);
  gpiod_chip_close(output->chip);
}

static int bias_flag(enum cgpiod_bias bias) {
  switch (bias) {
  case CGPIOD_BIAS_PULL_UP: return GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP;
  case CGPIOD_BIAS_PULL_DOWN: return GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN;
  default: return 0;
  }
}

/// Version 1 knows nothing of debouncing.
static int request_input(const char *device, unsigned int offset, const char *consumer,
                         struct cgpiod_input_options options, struct cgpiod_input *input) {
  int flags = (options.active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0) | bias_flag(options.bias);
  input->chip = gpiod_chip_open(device);
  if (!input->chip) return last_error();
  input->line = gpiod_chip_get_line(input->chip, offset);
  if (input->line && gpiod_line_request_both_edges_events_flags(input->line, consumer, flags) == 0) {
    input->fd = gpiod_line_event_get_fd(input->line);
    if (input->fd >= 0) return 0;
  }
  int error = last_error();
  gpiod_chip_close(input->chip);
  return error;
}

int cgpiod_input_take(struct cgpiod_input *input, struct cgpiod_edge *edges) {
  struct gpiod_line_event events[CGPIOD_EDGES];
  int count = gpiod_line_event_read_multiple(input->line, events, CGPIOD_EDGES);
  if (count < 0) return without_edges();
  for (int i = 0; i < count; i++) {
    edges[i].timestamp_ns = (int64_t)events[i].ts.tv_sec * 1000000000 + events[i].ts.tv_nsec;
    edges[i].active = events[i].event_type == GPIOD_LINE_EVENT_RISING_EDGE;
  }
  return count;
}

int cgpiod_input_get(struct cgpiod_input *input) {
  int value = gpiod_line_get_value(input->line);
  return value < 0 ? last_error() : value != 0;
}

static void release_input(struct cgpiod_input *input) {
  gpiod_line_release(input->line);
  gpiod_chip_close(input->chip);
}

#else

const char *cgpiod_library_version(void) { return gpiod_api_version(); }

static int read_lines(struct gpiod_chip *from, struct cgpiod_chip *chip) {
  struct gpiod_chip_info *info = gpiod_chip_get_info(from);
  if (!info) return last_error();
  copy_name(chip->label, gpiod_chip_info_get_label(info));
  unsigned int count = (unsigned int)gpiod_chip_info_get_num_lines(info);
  gpiod_chip_info_free(info);
  chip->lines = calloc(count ? count : 1, sizeof *chip->lines);
  if (!chip->lines) return -ENOMEM;
  chip->num_lines = count;
  for (unsigned int offset = 0; offset < count; offset++) {
    struct gpiod_line_info *line = gpiod_chip_get_line_info(from, offset);
    if (!line) return last_error();
    copy_name(chip->lines[offset].name, gpiod_line_info_get_name(line));
    copy_name(chip->lines[offset].consumer, gpiod_line_info_get_consumer(line));
    chip->lines[offset].used = gpiod_line_info_is_used(line);
    gpiod_line_info_free(line);
  }
  return 0;
}

/// The request lives on without the chip, which is closed here.
/// Source: gpiod.h 2.x, gpiod_chip_request_lines.
static int request_output(const char *device, unsigned int offset, const char *consumer, bool active_low,
                          struct cgpiod_output *output) {
  int error = 0;
  struct gpiod_line_settings *settings = NULL;
  struct gpiod_line_config *lines = NULL;
  struct gpiod_request_config *config = NULL;
  struct gpiod_chip *chip = gpiod_chip_open(device);
  if (!chip) return last_error();

  if (!(settings = gpiod_line_settings_new())) goto failed;
  if (!(lines = gpiod_line_config_new())) goto failed;
  if (!(config = gpiod_request_config_new())) goto failed;
  if (gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_OUTPUT) != 0) goto failed;
  if (gpiod_line_settings_set_output_value(settings, GPIOD_LINE_VALUE_INACTIVE) != 0) goto failed;
  gpiod_line_settings_set_active_low(settings, active_low);
  if (gpiod_line_config_add_line_settings(lines, &offset, 1, settings) != 0) goto failed;
  gpiod_request_config_set_consumer(config, consumer);
  output->offset = offset;
  output->request = gpiod_chip_request_lines(chip, config, lines);
  if (output->request) goto done;

failed:
  error = last_error();
done:
  if (config) gpiod_request_config_free(config);
  if (lines) gpiod_line_config_free(lines);
  if (settings) gpiod_line_settings_free(settings);
  gpiod_chip_close(chip);
  return error;
}

int cgpiod_output_set(struct cgpiod_output *output, bool active) {
  enum gpiod_line_value value = active ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;
  return gpiod_line_request_set_value(output->request, output->offset, value) == 0 ? 0 : last_error();
}

static void release(struct cgpiod_output *output) { gpiod_line_request_release(output->request); }

static enum gpiod_line_bias bias_of(enum cgpiod_bias bias) {
  switch (bias) {
  case CGPIOD_BIAS_PULL_UP: return GPIOD_LINE_BIAS_PULL_UP;
  case CGPIOD_BIAS_PULL_DOWN: return GPIOD_LINE_BIAS_PULL_DOWN;
  default: return GPIOD_LINE_BIAS_AS_IS;
  }
}

/// The kernel debounces by itself where the chip cannot, so a request with a time is granted with it.
/// Source: drivers/gpio/gpiolib-cdev.c, debounce_setup.
static int request_input(const char *device, unsigned int offset, const char *consumer,
                         struct cgpiod_input_options options, struct cgpiod_input *input) {
  int error = 0;
  struct gpiod_line_settings *settings = NULL;
  struct gpiod_line_config *lines = NULL;
  struct gpiod_request_config *config = NULL;
  struct gpiod_chip *chip = gpiod_chip_open(device);
  if (!chip) return last_error();

  if (!(input->events = gpiod_edge_event_buffer_new(CGPIOD_EDGES))) goto failed;
  if (!(settings = gpiod_line_settings_new())) goto failed;
  if (!(lines = gpiod_line_config_new())) goto failed;
  if (!(config = gpiod_request_config_new())) goto failed;
  if (gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_INPUT) != 0) goto failed;
  if (gpiod_line_settings_set_edge_detection(settings, GPIOD_LINE_EDGE_BOTH) != 0) goto failed;
  if (gpiod_line_settings_set_bias(settings, bias_of(options.bias)) != 0) goto failed;
  gpiod_line_settings_set_active_low(settings, options.active_low);
  gpiod_line_settings_set_debounce_period_us(settings, options.debounce_us);
  if (gpiod_line_config_add_line_settings(lines, &offset, 1, settings) != 0) goto failed;
  gpiod_request_config_set_consumer(config, consumer);
  input->offset = offset;
  input->debounced = options.debounce_us > 0;
  input->request = gpiod_chip_request_lines(chip, config, lines);
  if (input->request) {
    input->fd = gpiod_line_request_get_fd(input->request);
    goto done;
  }

failed:
  error = last_error();
  if (input->events) gpiod_edge_event_buffer_free(input->events);
done:
  if (config) gpiod_request_config_free(config);
  if (lines) gpiod_line_config_free(lines);
  if (settings) gpiod_line_settings_free(settings);
  gpiod_chip_close(chip);
  return error;
}

int cgpiod_input_take(struct cgpiod_input *input, struct cgpiod_edge *edges) {
  int count = gpiod_line_request_read_edge_events(input->request, input->events, CGPIOD_EDGES);
  if (count < 0) return without_edges();
  if (count > CGPIOD_EDGES) count = CGPIOD_EDGES;
  for (int i = 0; i < count; i++) {
    struct gpiod_edge_event *event = gpiod_edge_event_buffer_get_event(input->events, (unsigned long)i);
    if (!event) return last_error();
    edges[i].timestamp_ns = (int64_t)gpiod_edge_event_get_timestamp_ns(event);
    edges[i].active = gpiod_edge_event_get_event_type(event) == GPIOD_EDGE_EVENT_RISING_EDGE;
  }
  return count;
}

int cgpiod_input_get(struct cgpiod_input *input) {
  enum gpiod_line_value value = gpiod_line_request_get_value(input->request, input->offset);
  if (value == GPIOD_LINE_VALUE_ERROR) return last_error();
  return value == GPIOD_LINE_VALUE_ACTIVE;
}

static void release_input(struct cgpiod_input *input) {
  gpiod_line_request_release(input->request);
  gpiod_edge_event_buffer_free(input->events);
}

#endif

// MARK: - The list of chips
// Not libgpiod 1's own iterator: it gives up at the first chip that may not be opened.

/// A chip's device is called gpiochipN. Source: Documentation/ABI/testing/gpio-cdev.
static int is_chip_entry(const struct dirent *entry) { return strncmp(entry->d_name, "gpiochip", 8) == 0; }

/// gpiochip2 before gpiochip10.
static int by_number(const struct dirent **left, const struct dirent **right) {
  size_t left_length = strlen((*left)->d_name), right_length = strlen((*right)->d_name);
  if (left_length != right_length) return left_length < right_length ? -1 : 1;
  return strcmp((*left)->d_name, (*right)->d_name);
}

/// Out of what every chip needs: going on would only blame the next chip.
static bool is_exhausted(int error) { return error == -ENOMEM || error == -EMFILE || error == -ENFILE; }

/// Reads one chip; what goes wrong with this chip alone is put into `chip->error`.
static int read_chip(struct cgpiod_chip *chip) {
  struct gpiod_chip *from = gpiod_chip_open(chip->device);
  int error = from ? read_lines(from, chip) : last_error();
  if (from) gpiod_chip_close(from);
  if (error == 0) return 0;
  free(chip->lines);
  chip->lines = NULL;
  chip->num_lines = 0;
  chip->label[0] = '\0';
  chip->error = error == -EPERM ? -EACCES : error;
  return is_exhausted(error) ? error : 0;
}

/// Reads the chips named by `entries` into `chips`, each device once.
static int read_chips(struct dirent **entries, int entry_count, dev_t *devices, struct cgpiod_chip *chips,
                      size_t *count) {
  for (int i = 0; i < entry_count; i++) {
    struct cgpiod_chip *chip = &chips[*count];
    struct stat status;
    snprintf(chip->device, sizeof chip->device, "/dev/%s", entries[i]->d_name);
    // stat follows a symbolic link, so a link has the device number of its chip. One that leads nowhere is no
    // chip.
    if (stat(chip->device, &status) != 0 || !S_ISCHR(status.st_mode)) continue;
    bool seen = false;
    for (size_t j = 0; j < *count; j++) seen = seen || devices[j] == status.st_rdev;
    if (seen) continue;
    devices[(*count)++] = status.st_rdev;
    int error = read_chip(chip);
    if (error != 0) return error;
  }
  return 0;
}

int cgpiod_list(struct cgpiod_chip **chips, size_t *count) {
  struct dirent **entries = NULL;
  *chips = NULL;
  *count = 0;
  int entry_count = scandir("/dev", &entries, is_chip_entry, by_number);
  if (entry_count < 0) return last_error();

  size_t room = entry_count > 0 ? (size_t)entry_count : 1;
  struct cgpiod_chip *list = calloc(room, sizeof *list);
  dev_t *devices = calloc(room, sizeof *devices);
  size_t listed = 0;
  int error = list && devices ? read_chips(entries, entry_count, devices, list, &listed) : -ENOMEM;

  free(devices);
  for (int i = 0; i < entry_count; i++) free(entries[i]);
  free(entries);
  if (error != 0) {
    cgpiod_list_free(list, listed);
    return error;
  }
  *chips = list;
  *count = listed;
  return 0;
}

void cgpiod_list_free(struct cgpiod_chip *chips, size_t count) {
  for (size_t i = 0; i < count; i++) free(chips[i].lines);
  free(chips);
}

// MARK: - Finding one line in the list

/// What to say of something that is on no chip that could be read.
static int not_found(const struct cgpiod_chip *chips, size_t count, int code) {
  if (count == 0) return CGPIOD_NO_CHIPS;
  for (size_t i = 0; i < count; i++) {
    if (chips[i].error == -EACCES) return -EACCES;
  }
  return code;
}

static int find_name(const struct cgpiod_chip *chips, size_t count, const char *name, size_t *index,
                     unsigned int *offset) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    for (unsigned int j = 0; j < chips[i].num_lines; j++) {
      if (strcmp(chips[i].lines[j].name, name) != 0) continue;
      found++;
      *index = i;
      *offset = j;
    }
  }
  if (found == 1) return 0;
  return found > 1 ? CGPIOD_SEVERAL_LINES : not_found(chips, count, CGPIOD_NO_LINE);
}

static int find_label(const struct cgpiod_chip *chips, size_t count, const char *label, size_t *index) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    if (chips[i].error != 0 || strcmp(chips[i].label, label) != 0) continue;
    found++;
    *index = i;
  }
  if (found == 1) return 0;
  return found > 1 ? CGPIOD_SEVERAL_CHIPS : not_found(chips, count, CGPIOD_NO_CHIP);
}

// MARK: - Opening and closing a line

static bool is_name(const char *text) {
  return text && text[0] != '\0' && strnlen(text, CGPIOD_NAME_SIZE) < CGPIOD_NAME_SIZE;
}

/// A line that was looked for, and the list that it was found in.
struct place {
  struct cgpiod_chip *chips;
  size_t count, index;
  unsigned int offset;
};

/// Looks for a line by its name when `name` is given, otherwise by `label` and `offset`. The caller frees
/// `place->chips`.
static int find_line(const char *name, const char *label, unsigned int offset, struct place *place) {
  int error = cgpiod_list(&place->chips, &place->count);
  if (error != 0) return error;
  place->index = 0;
  place->offset = offset;
  error = name ? find_name(place->chips, place->count, name, &place->index, &place->offset)
               : find_label(place->chips, place->count, label, &place->index);
  if (error == 0 && place->offset >= place->chips[place->index].num_lines) error = CGPIOD_NO_OFFSET;
  return error;
}

/// Checks what both kinds of opening are given, and empties `holder`.
static int check_arguments(const char *name, const char *label, const char *consumer, char *holder) {
  if (holder) holder[0] = '\0';
  return is_name(name ? name : label) && is_name(consumer) ? 0 : -EINVAL;
}

/// Who holds a busy line.
static void tell_holder(int error, const struct place *place, char *holder) {
  if (error == -EBUSY && holder) copy_name(holder, place->chips[place->index].lines[place->offset].consumer);
}

static int open_output(const char *name, const char *label, unsigned int offset, const char *consumer,
                       bool active_low, struct cgpiod_output **output, char *holder) {
  if (output) *output = NULL;
  int error = output ? check_arguments(name, label, consumer, holder) : -EINVAL;
  if (error != 0) return error;

  struct place place = {0};
  error = find_line(name, label, offset, &place);
  struct cgpiod_output *opened = error == 0 ? calloc(1, sizeof *opened) : NULL;
  if (error == 0 && !opened) error = -ENOMEM;
  if (error == 0) {
    error = request_output(place.chips[place.index].device, place.offset, consumer, active_low, opened);
    tell_holder(error, &place, holder);
  }
  cgpiod_list_free(place.chips, place.count);
  if (error != 0) {
    free(opened);
    return error;
  }
  *output = opened;
  return 0;
}

static int open_input(const char *name, const char *label, unsigned int offset, const char *consumer,
                      struct cgpiod_input_options options, struct cgpiod_input **input, char *holder) {
  if (input) *input = NULL;
  int error = input ? check_arguments(name, label, consumer, holder) : -EINVAL;
  if (error != 0) return error;

  struct place place = {0};
  error = find_line(name, label, offset, &place);
  struct cgpiod_input *opened = error == 0 ? calloc(1, sizeof *opened) : NULL;
  if (error == 0 && !opened) error = -ENOMEM;
  if (error == 0) {
    error = request_input(place.chips[place.index].device, place.offset, consumer, options, opened);
    tell_holder(error, &place, holder);
  }
  cgpiod_list_free(place.chips, place.count);
  if (error == 0 && (error = make_nonblocking(opened->fd)) != 0) release_input(opened);
  if (error != 0) {
    free(opened);
    return error;
  }
  *input = opened;
  return 0;
}

int cgpiod_output_open_name(const char *name, const char *consumer, bool active_low,
                            struct cgpiod_output **output, char *holder) {
  return open_output(name ? name : "", NULL, 0, consumer, active_low, output, holder);
}

int cgpiod_output_open_offset(const char *label, unsigned int offset, const char *consumer, bool active_low,
                              struct cgpiod_output **output, char *holder) {
  return open_output(NULL, label, offset, consumer, active_low, output, holder);
}

int cgpiod_output_close(struct cgpiod_output *output) {
  if (!output) return 0;
  int error = cgpiod_output_set(output, false);
  release(output);
  free(output);
  return error;
}

int cgpiod_input_open_name(const char *name, const char *consumer, struct cgpiod_input_options options,
                           struct cgpiod_input **input, char *holder) {
  return open_input(name ? name : "", NULL, 0, consumer, options, input, holder);
}

int cgpiod_input_open_offset(const char *label, unsigned int offset, const char *consumer,
                             struct cgpiod_input_options options, struct cgpiod_input **input, char *holder) {
  return open_input(NULL, label, offset, consumer, options, input, holder);
}

bool cgpiod_input_is_debounced(const struct cgpiod_input *input) { return input->debounced; }

int cgpiod_input_fd(const struct cgpiod_input *input) { return input->fd; }

void cgpiod_input_close(struct cgpiod_input *input) {
  if (!input) return;
  release_input(input);
  free(input);
}
