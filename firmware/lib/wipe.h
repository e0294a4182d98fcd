// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#ifndef SEALINE_LIB_WIPE_H
#define SEALINE_LIB_WIPE_H

#include <stddef.h>
#include <stdint.h>

// Overwrites secrets. The barrier keeps the compiler from dropping stores to dead memory.
static inline void wipe(void *memory, size_t bytes) {
    volatile uint8_t *p = memory;
    while (bytes-- > 0) {
        *p++ = 0;
    }
    __asm__ volatile("" : : "r"(memory) : "memory");
}

#endif
