// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// Driver for the board window, the same for the bare-metal board and for the unix build. No MicroPython header.

#ifndef SEALINE_PORT_BOARDS_WINDOW_DRIVER_H
#define SEALINE_PORT_BOARDS_WINDOW_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boards/window.h"

typedef struct {
    const char *name;
    uint32_t offset;
    uint32_t bytes;
} window_partition_t;

// Attach to the window at `base`; blank memory is made into an empty board first. False: unknown version.
bool window_init(void *base);

uint32_t window_get(uint32_t reg);
const uint8_t *window_unique_id(void);
const uint8_t *window_settings(size_t *bytes);

void window_display(unsigned row, const uint8_t *cells);
void window_lamp(uint32_t code);
bool window_hook(void);
// Next key as ASCII, or -1.
int window_key(void);

// Partition by name, or NULL.
const window_partition_t *window_partition(const char *name, size_t name_bytes);
const uint8_t *window_flash_at(const window_partition_t *part, uint32_t offset);
// The caller has checked the range.
void window_flash_program(const window_partition_t *part, uint32_t offset, const uint8_t *src,
                          uint32_t bytes);
void window_flash_erase(const window_partition_t *part, uint32_t offset);

// Answer every new codec frame through audio_codec_frame(). Called about every millisecond from an interrupt (or thread).
void window_audio_poll(void);

// Supplied by the audio engine; called once per 20 ms frame in interrupt context.
void audio_codec_frame(const int16_t *mic, int16_t *spk);

// Supplied by the board: the power is gone. Does not return.
void board_power_cut(void) __attribute__((noreturn));

#endif // SEALINE_PORT_BOARDS_WINDOW_DRIVER_H
