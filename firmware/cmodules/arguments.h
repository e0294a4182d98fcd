// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// Argument checks shared by the bindings. Each raises ValueError naming the argument, or TypeError
// where it is no buffer. Any object with the buffer protocol is taken.

#ifndef SEALINE_CMODULES_ARGUMENTS_H
#define SEALINE_CMODULES_ARGUMENTS_H

#include <stdint.h>

#include "py/obj.h"
#include "py/runtime.h"

typedef struct {
    uint8_t *bytes; // writable only where got by argument_output()
    size_t length;
} argument_t;

static inline argument_t argument_view(mp_obj_t object, mp_uint_t access) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(object, &info, access);
    return (argument_t){info.buf, info.len};
}

static inline argument_t argument_input(mp_obj_t object) {
    return argument_view(object, MP_BUFFER_READ);
}

static inline argument_t argument_output(mp_obj_t object) {
    return argument_view(object, MP_BUFFER_WRITE);
}

static inline void argument_check_length(argument_t argument, size_t length, const char *name) {
    if (argument.length != length) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%s must be %u bytes"), name,
                          (unsigned)length);
    }
}

static inline const uint8_t *argument_exact(mp_obj_t object, size_t length, const char *name) {
    argument_t argument = argument_input(object);
    argument_check_length(argument, length, name);
    return argument.bytes;
}

static inline uint8_t *argument_exact_output(mp_obj_t object, size_t length, const char *name) {
    argument_t argument = argument_output(object);
    argument_check_length(argument, length, name);
    return argument.bytes;
}

// An integer within [low, high].
static inline mp_int_t argument_integer(mp_obj_t object, mp_int_t low, mp_int_t high,
                                        const char *name) {
    mp_int_t value = mp_obj_get_int(object);
    if (value < low || value > high) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%s must be %d to %d"), name,
                          (int)low, (int)high);
    }
    return value;
}

static inline bool argument_overlap(argument_t a, argument_t b) {
    uintptr_t first = (uintptr_t)a.bytes;
    uintptr_t second = (uintptr_t)b.bytes;
    return a.length != 0 && b.length != 0 &&
           (first <= second ? second - first < a.length : first - second < b.length);
}

#endif
