// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "modboard.h"

#include "py/mphal.h"

#define INTERRUPT_CHAR 3 // Ctrl-C

static bool console_open;

uint64_t board_monotonic_ms(void) { return clock_us() / 1000; }

uint64_t board_idle_us(void) { return clock_idle_us(); }

uint32_t board_tick_gap_us(void) { return clock_tick_gap_us(); }

const char *board_reset_cause_name(void) {
    static const char *const names[] = {"power", "pin", "soft", "watchdog", "fault"};
    return names[fault_reset_cause()];
}

mp_obj_t board_take_crash_log(void) {
    const crash_t *c = fault_take_crash();
    if (c == NULL) {
        return mp_const_none;
    }
    const uint32_t words[] = {c->kind, c->pc,   c->lr,      c->sp,       c->psr,
                              c->cfsr, c->hfsr, c->address, c->uptime_ms};
    mp_obj_t items[MP_ARRAY_SIZE(words)];
    for (size_t i = 0; i < MP_ARRAY_SIZE(words); ++i) {
        items[i] = mp_obj_new_int_from_uint(words[i]);
    }
    return mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
}

const void *board_image(size_t *bytes) {
    extern const uint8_t _image_start, _data_load, _data_start, _data_end;
    *bytes = (size_t)(&_data_load - &_image_start) + (size_t)(&_data_end - &_data_start);
    return &_image_start;
}

void board_open_console(void) {
    console_open = true;
    mp_hal_set_interrupt_char(INTERRUPT_CHAR);
}

bool board_console_is_open(void) { return console_open; }

uint32_t board_serial_dropped(unsigned port) { return serial_stats(port)->tx_dropped; }
