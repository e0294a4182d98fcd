// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// What the `board` module asks of the machine below it: the bare-metal board, or the unix build.

#ifndef SEALINE_PORT_MODBOARD_H
#define SEALINE_PORT_MODBOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "py/obj.h"

uint64_t board_monotonic_ms(void);
// Time without work for the processor since the start.
uint64_t board_idle_us(void);
// Longest time that the codec had to wait for a look at it, since the last call.
uint32_t board_tick_gap_us(void);
const char *board_reset_cause_name(void);
// Tuple of integers, or None.
mp_obj_t board_take_crash_log(void);
// The running program as it lies in memory: the flash image, or the unix build's executable.
const void *board_image(size_t *bytes);
// From now on (until the next reset) the console may interrupt the program and gets a REPL when it ends.
void board_open_console(void);
bool board_console_is_open(void);
// Bytes the console and the link have dropped.
uint32_t board_serial_dropped(unsigned port);

#endif // SEALINE_PORT_MODBOARD_H
