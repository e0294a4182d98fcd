// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "boards/mps2_an505/an505.h"

#define TICK_HZ 1000u

static uint32_t clock_high;
static uint32_t clock_last;
static uint64_t clock_idle;
static uint32_t tick_last;
static uint32_t tick_gap;

void Tick_Handler(void);

void clock_init(void) {
    TIMER1_CTRL = TIMER_FREE_RUNNING_32BIT;
    clock_last = ~TIMER1_VALUE;
    tick_last = clock_last;
    TIMER2_LOAD = SYSCLK_HZ / TICK_HZ;
    TIMER2_CTRL = TIMER_PERIODIC_32BIT_IRQ;
    irq_enable(IRQ_DUAL_TIMER, PRIORITY_TICK);
}

// The free-running timer wraps every 214 s; the tick reads it far more often, so that no wrap is missed even when
// the emulator loses ticks on a busy host.
uint64_t clock_us(void) {
    uint32_t state = irq_save();
    uint32_t now = ~TIMER1_VALUE;
    if (now < clock_last) {
        clock_high += 1;
    }
    clock_last = now;
    uint64_t ticks = (uint64_t)clock_high << 32 | now;
    irq_restore(state);
    return ticks / (SYSCLK_HZ / 1000000u);
}

// With interrupts masked a pending one still ends the sleep, and runs only after the time was taken.
void cpu_wait(void) {
    uint32_t state = irq_save();
    uint32_t start = TIMER1_VALUE;
    __asm volatile("wfi" : : : "memory");
    clock_idle += start - TIMER1_VALUE;
    irq_restore(state);
}

uint64_t clock_idle_us(void) {
    uint32_t state = irq_save();
    uint64_t ticks = clock_idle;
    irq_restore(state);
    return ticks / (SYSCLK_HZ / 1000000u);
}

uint32_t clock_tick_gap_us(void) {
    uint32_t state = irq_save();
    uint32_t gap = tick_gap;
    tick_gap = 0;
    irq_restore(state);
    return gap / (SYSCLK_HZ / 1000000u);
}

void Tick_Handler(void) {
    TIMER2_INTCLR = 1;
    uint32_t now = ~TIMER1_VALUE;
    if (now - tick_last > tick_gap) {
        tick_gap = now - tick_last;
    }
    tick_last = now;
    board_tick();
}
