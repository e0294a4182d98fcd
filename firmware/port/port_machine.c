// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// Included by extmod/modmachine.c.

#include "py/mphal.h"

static void mp_machine_idle(void) { cpu_wait(); }

NORETURN static void mp_machine_reset(void) {
    fault_expect(RESET_SOFT);
    board_reset();
}

static mp_int_t mp_machine_reset_cause(void) { return fault_reset_cause(); }
