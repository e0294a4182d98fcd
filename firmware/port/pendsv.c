// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "pendsv.h"

#include "py/mphal.h"
#include "shared/runtime/softtimer.h"

#include "boards/window_driver.h"
#include "port.h"

static void (*volatile pending[PENDSV_SLOTS])(void);

void pendsv_schedule(pendsv_slot_t slot, void (*work)(void)) {
    pending[slot] = work;
    SCB_ICSR = ICSR_PENDSVSET;
}

void pendsv_run(void) {
    for (unsigned slot = 0; slot < PENDSV_SLOTS; ++slot) {
        void (*work)(void) = pending[slot];
        if (work != NULL) {
            pending[slot] = NULL;
            work();
        }
    }
}

// Soft timers of MicroPython's shared runtime, on the board's clock.
volatile uint32_t soft_timer_next;
static volatile bool soft_timer_armed;

uint32_t soft_timer_get_ms(void) { return mp_hal_ticks_ms(); }

void soft_timer_schedule_at_ms(uint32_t ticks_ms) {
    soft_timer_next = ticks_ms;
    soft_timer_armed = true;
}

void board_tick(void) {
    window_audio_poll();
    port_network_tick();
    if (soft_timer_armed && soft_timer_ticks_diff(soft_timer_next, mp_hal_ticks_ms()) <= 0) {
        soft_timer_armed = false;
        pendsv_schedule(PENDSV_SOFT_TIMER, soft_timer_handler);
    }
}
