// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include <string.h>

#include "py/builtin.h"
#include "py/cstack.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/frozenmod.h"
#include "py/runtime.h"
#include "extmod/modnetwork.h"
#include "shared/runtime/gchelper.h"
#include "shared/runtime/pyexec.h"
#include "shared/runtime/softtimer.h"

#include "boards/window_driver.h"
#include "modboard.h"
#include "port.h"

#define HEAP_BYTES (256 * 1024)

static char heap[HEAP_BYTES] __attribute__((aligned(16)));

static void console_line(const char *text) { mp_hal_stdout_tx_strn(text, strlen(text)); }

static bool has_frozen_main(void) {
    return mp_find_frozen_module("main.py", NULL, NULL) == MP_IMPORT_STAT_FILE;
}

// The REPL's own input is no place for an exception: nobody would catch it.
static void end_program(void) {
    mp_hal_set_interrupt_char(-1);
    mp_handle_pending(false);
}

// The console is closed until the program opens it: an image without a program opens it at once, a program that ends
// with the console closed restarts the board.
static void run_program(void) {
    pyexec_frozen_module("_boot.py", false);
    if (!has_frozen_main()) {
        board_open_console();
        end_program();
        return;
    }
    pyexec_frozen_module("main.py", false);
    end_program();
    if (!board_console_is_open()) {
        fault_expect(RESET_SOFT);
        board_reset();
    }
}

static void run_console(void) {
    for (;;) {
        int done =
            pyexec_mode_kind == PYEXEC_MODE_RAW_REPL ? pyexec_raw_repl() : pyexec_friendly_repl();
        if (done != 0) {
            return;
        }
    }
}

int main(void) {
    extern uint32_t _stack_top, _stack_low;
    mp_cstack_init_with_top(&_stack_top, (uint32_t)((char *)&_stack_top - (char *)&_stack_low));
    if (!window_init((void *)WINDOW_ADDRESS)) {
        console_line("board window: unknown layout\r\n");
        board_crash(CRASH_EXCEPTION, 0, 0);
    }
    port_network_init();
    for (bool first = true;; first = false) {
        memset(heap, 0, sizeof(heap));
        gc_init(heap, heap + sizeof(heap));
        mp_init();
        mod_network_init();
        if (first || pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL) {
            run_program();
        }
        run_console();
        console_line("MPY: soft reboot\r\n");
        soft_timer_deinit();
        gc_sweep_all();
        mp_deinit();
    }
}

void gc_collect(void) {
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    soft_timer_gc_mark_all();
    gc_collect_end();
}

__attribute__((noreturn)) void nlr_jump_fail(void *val) {
    (void)val;
    board_crash(CRASH_EXCEPTION, (uint32_t)(uintptr_t)__builtin_return_address(0), 0);
}

__attribute__((noreturn)) void abort(void) {
    board_crash(CRASH_EXCEPTION, (uint32_t)(uintptr_t)__builtin_return_address(0), 1);
}

// libsodium keeps its assertions.
__attribute__((noreturn)) void __assert_func(const char *file, int line, const char *func,
                                             const char *expr);
__attribute__((noreturn)) void __assert_func(const char *file, int line, const char *func,
                                             const char *expr) {
    (void)file;
    (void)func;
    (void)expr;
    board_crash(CRASH_EXCEPTION, (uint32_t)(uintptr_t)__builtin_return_address(0), (uint32_t)line);
}

// lwIP and the random module cannot report an error, so a board without entropy stops here.
unsigned long port_random(void) {
    unsigned long value;
    if (board_random(&value, sizeof(value)) != 0) {
        board_crash(CRASH_ENTROPY, (uint32_t)(uintptr_t)__builtin_return_address(0), 0);
    }
    return value;
}

unsigned long port_random_seed(void) { return port_random(); }
