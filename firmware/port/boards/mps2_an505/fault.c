// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "boards/mps2_an505/an505.h"
#include "boards/window_driver.h"

#define NOINIT_MAGIC 0x5ea1113eu
#define EXIT_STATUS_CRASH 70 // EX_SOFTWARE of sysexits.h
#define EXIT_STATUS_POWER_CUT 86

// Kept over a reset (SRAM is), undefined after power-on. The board's own reset syndrome register always reads 1 in QEMU.
typedef struct {
    uint32_t magic;
    uint32_t intent; // reset_cause_t that the next start will report
    crash_t crash;
} kept_t;

__attribute__((section(".noinit"))) static kept_t kept;
static reset_cause_t cause;
static crash_t last_crash;

void NMI_Handler(void);
void HardFault_Handler(void);

void fault_init(void) {
    if (kept.magic != NOINIT_MAGIC || kept.intent > RESET_FAULT ||
        kept.crash.kind > CRASH_ENTROPY) {
        cause = RESET_POWER;
        kept.crash.kind = CRASH_NONE;
    } else {
        cause = (reset_cause_t)kept.intent;
    }
    last_crash = kept.crash;
    kept.magic = NOINIT_MAGIC;
    kept.intent = RESET_PIN; // unless something says otherwise before the next start
}

reset_cause_t fault_reset_cause(void) { return cause; }

void fault_expect(reset_cause_t intent) { kept.intent = intent; }

const crash_t *fault_take_crash(void) {
    if (last_crash.kind == CRASH_NONE) {
        return NULL;
    }
    kept.crash.kind = CRASH_NONE;
    static crash_t taken;
    taken = last_crash;
    last_crash.kind = CRASH_NONE;
    return &taken;
}

static void print_word(const char *name, uint32_t value) {
    char text[] = "        ";
    for (int i = 7; i >= 0; --i) {
        text[i] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
    serial_write_polled(name);
    serial_write_polled(text);
}

static void crash_print(const crash_t *c) {
    serial_write_polled("\r\nFAULT kind=");
    print_word("", c->kind);
    print_word(" pc=", c->pc);
    print_word(" lr=", c->lr);
    print_word(" sp=", c->sp);
    print_word(" psr=", c->psr);
    print_word(" cfsr=", c->cfsr);
    print_word(" hfsr=", c->hfsr);
    print_word(" address=", c->address);
    serial_write_polled("\r\n");
}

__attribute__((noreturn)) static void crash_end(void) {
    if (window_get(WINDOW_REG_FLAGS) & WINDOW_FLAG_EXIT_ON_FAULT) {
        semihost_exit(EXIT_STATUS_CRASH);
    }
    board_reset();
}

__attribute__((noreturn)) void board_crash(crash_kind_t kind, uint32_t pc, uint32_t lr) {
    irq_save();
    kept.crash =
        (crash_t){.kind = kind, .pc = pc, .lr = lr, .uptime_ms = (uint32_t)(clock_us() / 1000)};
    kept.intent = RESET_FAULT;
    crash_print(&kept.crash);
    crash_end();
}

__attribute__((noreturn)) void board_power_cut(void) { semihost_exit(EXIT_STATUS_POWER_CUT); }

// Stacked by the core: r0-r3, r12, lr, pc, psr. A stack overflow leaves no frame to read.
__attribute__((used)) static void crash_store(const uint32_t *frame, crash_kind_t kind,
                                              reset_cause_t intent) {
    extern uint32_t _stack_low, _stack_top;
    kept.crash = (crash_t){.kind = kind,
                           .sp = (uint32_t)(uintptr_t)frame,
                           .cfsr = SCB_CFSR,
                           .hfsr = SCB_HFSR,
                           .address = SCB_BFAR,
                           .uptime_ms = (uint32_t)(clock_us() / 1000)};
    if (frame >= &_stack_low && frame + 8 <= &_stack_top) {
        kept.crash.lr = frame[5];
        kept.crash.pc = frame[6];
        kept.crash.psr = frame[7];
    }
    kept.intent = intent;
    crash_print(&kept.crash);
}

__attribute__((used, noreturn)) static void fault_entered(const uint32_t *frame) {
    crash_store(frame, CRASH_FAULT, RESET_FAULT);
    crash_end();
}

// Not fed in time. The hardware's second expiry resets; nothing here helps it along.
__attribute__((used, noreturn)) static void watchdog_entered(const uint32_t *frame) {
    crash_store(frame, CRASH_WATCHDOG, RESET_WATCHDOG);
    for (;;) {
    }
}

// The handlers run on a stack of their own, since the main one may have overflown.
__attribute__((naked)) void HardFault_Handler(void) {
    __asm volatile("mrs r0, msp\n"
                   "movs r1, #0\n"
                   "msr msplim, r1\n"
                   "ldr r1, =_fault_stack_top\n"
                   "msr msp, r1\n"
                   "b fault_entered\n"
                   ".ltorg\n");
}

__attribute__((naked)) void NMI_Handler(void) {
    __asm volatile("mrs r0, msp\n"
                   "movs r1, #0\n"
                   "msr msplim, r1\n"
                   "ldr r1, =_fault_stack_top\n"
                   "msr msp, r1\n"
                   "b watchdog_entered\n"
                   ".ltorg\n");
}
