// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// How libsodium is set up in this image, and the module's own exception.

#ifndef SEALINE_CMODULES_SODIUM_LIBRARY_H
#define SEALINE_CMODULES_SODIUM_LIBRARY_H

#include "py/obj.h"

extern const mp_obj_type_t mp_type_SodiumError;

// Sets libsodium up with the board's entropy; safe to call again.
void sodium_library_init(void);

// Random bytes from the board; ends the program where the board has none (fails closed).
void sodium_library_random(void *buffer, size_t bytes);

NORETURN void sodium_raise(mp_rom_error_text_t message);

#endif
