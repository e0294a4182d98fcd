// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// The board's entropy source, the only randomness of the image.

#ifndef SEALINE_CMODULES_BOARD_RANDOM_H
#define SEALINE_CMODULES_BOARD_RANDOM_H

#include <stddef.h>

// Fills the buffer wholly with unpredictable bytes and returns 0, or returns another value.
int board_random(void *buffer, size_t bytes);

#endif
