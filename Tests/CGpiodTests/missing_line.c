// SPDX-License-Identifier: GPL-3.0-or-later
/// Opens a line that no machine has, with the real libgpiod, and prints what came of it. Exit 0 when that was
/// a clear refusal: no chips here, no such line or chip, or not allowed to look.
#include <errno.h>
#include <stdio.h>

#include "CGpiod.h"

static const char *words(int error) {
  switch (error) {
  case CGPIOD_NO_CHIPS: return "no chips on this machine";
  case CGPIOD_NO_CHIP: return "no chip with that label";
  case CGPIOD_NO_LINE: return "no line of that name";
  case -EACCES: return "not allowed to open the chips";
  default: return NULL;
  }
}

int main(void) {
  struct cgpiod_output *output;
  int by_name = cgpiod_output_open_name("no-such-line", "check-gpiod", false, &output, NULL);
  if (by_name == 0) cgpiod_output_close(output);
  int by_offset = cgpiod_output_open_offset("no-such-chip", 0, "check-gpiod", false, &output, NULL);
  if (by_offset == 0) cgpiod_output_close(output);

  struct cgpiod_input *input;
  struct cgpiod_input_options options = {.debounce_us = 30000};
  int as_input = cgpiod_input_open_name("no-such-line", "check-gpiod", options, &input, NULL);
  if (as_input == 0) cgpiod_input_close(input);

  struct cgpiod_chip *chips;
  size_t count;
  int listed = cgpiod_list(&chips, &count);
  if (listed == 0) cgpiod_list_free(chips, count);

  const char *name_words = words(by_name), *offset_words = words(by_offset);
  printf("libgpiod %s, %zu chips; by name: %s; by label: %s\n", cgpiod_library_version(), count,
         name_words ? name_words : "unexpected", offset_words ? offset_words : "unexpected");
  return name_words && offset_words && as_input == by_name && listed == 0 ? 0 : 1;
}
