// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// Registers of QEMU's mps2-an505 board (Arm AN505 application note; Cortex-M33 all Secure) and the board's own services.

#ifndef SEALINE_PORT_BOARDS_MPS2_AN505_H
#define SEALINE_PORT_BOARDS_MPS2_AN505_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REG32(address) (*(volatile uint32_t *)(address))

// Arm v8-M system control.
#define NVIC_ISER(n) REG32(0xe000e100u + 4u * (n))
#define NVIC_ICER(n) REG32(0xe000e180u + 4u * (n))
#define NVIC_IPR ((volatile uint8_t *)0xe000e400u)
#define SCB_ICSR REG32(0xe000ed04u)
#define SCB_VTOR REG32(0xe000ed08u)
#define SCB_AIRCR REG32(0xe000ed0cu)
#define SCB_CCR REG32(0xe000ed14u)
#define SCB_SHPR ((volatile uint8_t *)0xe000ed18u) // priority of system handler i at i - 4
#define SCB_CFSR REG32(0xe000ed28u)
#define SCB_HFSR REG32(0xe000ed2cu)
#define SCB_MMFAR REG32(0xe000ed34u)
#define SCB_BFAR REG32(0xe000ed38u)
#define SCB_CPACR REG32(0xe000ed88u)
#define ICSR_PENDSVSET (1u << 28)
#define AIRCR_RESET 0x05fa0004u

#define SYSCLK_HZ 20000000u

// CMSDK dual timer: timer 1 runs free, timer 2 gives the tick.
#define TIMER1_VALUE REG32(0x50002004u)
#define TIMER1_CTRL REG32(0x50002008u)
#define TIMER2_LOAD REG32(0x50002020u)
#define TIMER2_CTRL REG32(0x50002028u)
#define TIMER2_INTCLR REG32(0x5000202cu)
#define TIMER_FREE_RUNNING_32BIT 0x82u
#define TIMER_PERIODIC_32BIT_IRQ 0xe2u

#define WDT_LOAD REG32(0x50081000u)
#define WDT_CTRL REG32(0x50081008u)
#define WDT_INTCLR REG32(0x5008100cu)
#define WDT_LOCK REG32(0x50081c00u)
#define WDT_UNLOCK 0x1acce551u

#define WINDOW_ADDRESS 0x80000000u

enum {
    IRQ_DUAL_TIMER = 5,
    IRQ_UART0_RX = 32,
    IRQ_UART0_TX = 33,
    IRQ_UART1_RX = 34,
    IRQ_UART1_TX = 35,
    IRQ_ETHERNET = 48,
    IRQ_COUNT = 64,
};

// Smaller is more urgent; PendSV is the least, so that it never delays a device.
enum {
    PRIORITY_UART = 0x20,
    PRIORITY_TICK = 0x40,
    PRIORITY_ETHERNET = 0x80,
    PRIORITY_PENDSV = 0xe0,
};

static inline uint32_t irq_save(void) {
    uint32_t state;
    __asm volatile("mrs %0, primask\n cpsid i" : "=r"(state) : : "memory");
    return state;
}

static inline void irq_restore(uint32_t state) {
    __asm volatile("msr primask, %0" : : "r"(state) : "memory");
}

// Holds PendSV off; all devices still interrupt.
static inline uint32_t pendsv_hold(void) {
    uint32_t state;
    __asm volatile("mrs %0, basepri" : "=r"(state) : : "memory");
    __asm volatile("msr basepri, %0" : : "r"(PRIORITY_PENDSV) : "memory");
    return state;
}

static inline void pendsv_release(uint32_t state) {
    __asm volatile("msr basepri, %0" : : "r"(state) : "memory");
}

void irq_enable(unsigned irq, uint8_t priority);

// clock.c: time since the start; never wraps.
void clock_init(void);
uint64_t clock_us(void);
// Sleeps until an interrupt is pending; what was slept is counted, the interrupt's own work is not.
void cpu_wait(void);
uint64_t clock_idle_us(void);
// Longest time between two ticks since the last call: the codec is looked at in the tick.
uint32_t clock_tick_gap_us(void);

// fault.c: what a reset leaves behind. Addresses and codes only.
typedef enum { RESET_POWER, RESET_PIN, RESET_SOFT, RESET_WATCHDOG, RESET_FAULT } reset_cause_t;
typedef enum {
    CRASH_NONE,
    CRASH_FAULT,
    CRASH_WATCHDOG,
    CRASH_EXCEPTION,
    CRASH_ENTROPY
} crash_kind_t;
typedef struct {
    uint32_t kind;
    uint32_t pc;
    uint32_t lr;
    uint32_t sp;
    uint32_t psr;
    uint32_t cfsr;
    uint32_t hfsr;
    uint32_t address;
    uint32_t uptime_ms;
} crash_t;

void fault_init(void);
reset_cause_t fault_reset_cause(void);
// What the next start reports as its cause.
void fault_expect(reset_cause_t intent);
// The crash before this start, or NULL. Reading it clears it.
const crash_t *fault_take_crash(void);
__attribute__((noreturn)) void board_reset(void);
// Ends in a reset (or in the emulator's exit, where the window asks for it) and leaves a crash log.
__attribute__((noreturn)) void board_crash(crash_kind_t kind, uint32_t pc, uint32_t lr);

// semihost.c
__attribute__((noreturn)) void semihost_exit(unsigned status);
// 0 = all `n` bytes are random; anything else = the buffer must not be used.
int board_random(void *buf, size_t n);

// watchdog.c
void watchdog_start(uint32_t timeout_ms);
void watchdog_feed(void);

// serial.c: interrupt-driven UARTs with rings. 0 = console, 1 = link.
enum { SERIAL_COUNT = 2, SERIAL_CONSOLE = 0, SERIAL_LINK = 1 };
typedef struct {
    uint32_t rx_bytes;
    uint32_t tx_bytes;
    uint32_t tx_dropped;
} serial_stats_t;

void serial_init(void);
size_t serial_readable(unsigned port);
size_t serial_writable(unsigned port);
bool serial_idle(unsigned port);
size_t serial_read(unsigned port, uint8_t *dst, size_t max);
// Takes what fits into the ring; returns how much that was.
size_t serial_write(unsigned port, const uint8_t *src, size_t n);
void serial_count_dropped(unsigned port, size_t n);
const serial_stats_t *serial_stats(unsigned port);
// Without interrupts and with a bounded wait; for the fault handler only.
void serial_write_polled(const char *text);
// Character that becomes a KeyboardInterrupt on the console; -1 = none. Supplied by the port.
void board_interrupt_char(void);
extern int mp_interrupt_char;

// lan9118.c
bool ethernet_init(uint8_t mac[6]);
// Next received frame into dst (padded to whole words); 0 = none, frames that do not fit are dropped.
size_t ethernet_receive(uint32_t *dst, size_t max_bytes);
bool ethernet_send(const uint32_t *src, size_t bytes);
// The interrupt masks itself; it is armed again when the FIFO has been drained.
void ethernet_arm(void);

// Supplied by the port.
void board_tick(void);           // every millisecond, in interrupt context
void board_ethernet_ready(void); // frames wait, in interrupt context
void pendsv_run(void);           // in PendSV

#endif // SEALINE_PORT_BOARDS_MPS2_AN505_H
