// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "py/mphal.h"

#include "py/runtime.h"
#include "py/stream.h"

// How long a print may wait for a console that has stopped reading. Once: after that, output is dropped (and counted)
// until the console reads again.
#define CONSOLE_STALL_MS 50

static bool console_stalled;

int mp_hal_stdin_rx_chr(void) {
    uint8_t byte;
    while (serial_read(SERIAL_CONSOLE, &byte, 1) == 0) {
        mp_event_wait_indefinite();
    }
    return byte;
}

mp_uint_t mp_hal_stdout_tx_strn(const char *str, size_t len) {
    size_t done = serial_write(SERIAL_CONSOLE, (const uint8_t *)str, len);
    uint32_t start = mp_hal_ticks_ms();
    while (done < len && !console_stalled) {
        cpu_wait();
        size_t n = serial_write(SERIAL_CONSOLE, (const uint8_t *)str + done, len - done);
        done += n;
        if (n > 0) {
            start = mp_hal_ticks_ms();
        }
        console_stalled = mp_hal_ticks_ms() - start > CONSOLE_STALL_MS;
    }
    if (done == len) {
        console_stalled = false;
    } else {
        serial_count_dropped(SERIAL_CONSOLE, len - done);
    }
    return len;
}

uintptr_t mp_hal_stdio_poll(uintptr_t poll_flags) {
    uintptr_t ready = 0;
    if ((poll_flags & MP_STREAM_POLL_RD) && serial_readable(SERIAL_CONSOLE)) {
        ready |= MP_STREAM_POLL_RD;
    }
    if (poll_flags & MP_STREAM_POLL_WR) {
        ready |= MP_STREAM_POLL_WR; // a write never waits for long, see above
    }
    return ready;
}

void mp_hal_delay_ms(mp_uint_t ms) {
    uint64_t end = clock_us() + (uint64_t)ms * 1000;
    do {
        mp_event_handle_nowait();
        if (clock_us() >= end) {
            return;
        }
        cpu_wait();
    } while (true);
}

void mp_hal_delay_us(mp_uint_t us) {
    uint64_t end = clock_us() + us;
    while (clock_us() < end) {
    }
}

// A terminal has no wall clock of its own; file times are not kept.
uint64_t mp_hal_time_ns(void) { return 0; }

void board_interrupt_char(void) { mp_sched_keyboard_interrupt(); }
