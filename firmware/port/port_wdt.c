// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// Included by extmod/machine_wdt.c.

#include "py/mphal.h"

#define WDT_TIMEOUT_MIN_MS 10
#define WDT_TIMEOUT_MAX_MS 60000

struct _machine_wdt_obj_t {
    mp_obj_base_t base;
};

static machine_wdt_obj_t machine_wdt = {{&machine_wdt_type}};

static machine_wdt_obj_t *mp_machine_wdt_make_new_instance(mp_int_t id, mp_int_t timeout_ms) {
    if (id != 0 || timeout_ms < WDT_TIMEOUT_MIN_MS || timeout_ms > WDT_TIMEOUT_MAX_MS) {
        mp_raise_ValueError(
            MP_ERROR_TEXT("no such watchdog, or timeout not within 10 to 60000 ms"));
    }
    watchdog_start((uint32_t)timeout_ms);
    return &machine_wdt;
}

static void mp_machine_wdt_feed(machine_wdt_obj_t *self) {
    (void)self;
    watchdog_feed();
}
