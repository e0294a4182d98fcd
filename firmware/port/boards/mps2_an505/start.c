// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "boards/mps2_an505/an505.h"

int main(void);
void Reset_Handler(void);
void NMI_Handler(void);
void HardFault_Handler(void);
void PendSV_Handler(void);
void Tick_Handler(void);
void Uart0Rx_Handler(void);
void Uart0Tx_Handler(void);
void Uart1Rx_Handler(void);
void Uart1Tx_Handler(void);
void Ethernet_Handler(void);

extern uint32_t _stack_low, _stack_top, _data_load, _data_start, _data_end, _wipe_start, _wipe_end;

typedef void (*vector_t)(void);

__attribute__((section(".vectors"), used)) static const vector_t vectors[16 + IRQ_COUNT] = {
    [0] = (vector_t)(uintptr_t)&_stack_top,
    [1] = Reset_Handler,
    [2] = NMI_Handler,
    [3 ... 13] = HardFault_Handler,
    [14] = PendSV_Handler,
    [15 ... 15 + IRQ_COUNT] = HardFault_Handler,
    [16 + IRQ_DUAL_TIMER] = Tick_Handler,
    [16 + IRQ_UART0_RX] = Uart0Rx_Handler,
    [16 + IRQ_UART0_TX] = Uart0Tx_Handler,
    [16 + IRQ_UART1_RX] = Uart1Rx_Handler,
    [16 + IRQ_UART1_TX] = Uart1Tx_Handler,
    [16 + IRQ_ETHERNET] = Ethernet_Handler,
};

// All RAM but .noinit is wiped before anything else, so that no key outlives a reset. Registers only: the stack is wiped too.
__attribute__((naked, noreturn)) void Reset_Handler(void) {
    __asm volatile("cpsid i\n"
                   "ldr r0, =_wipe_start\n"
                   "ldr r1, =_wipe_end\n"
                   "movs r2, #0\n"
                   "1: cmp r0, r1\n"
                   "itt lo\n"
                   "strlo r2, [r0], #4\n"
                   "blo 1b\n"
                   "ldr r0, =_stack_low\n"
                   "msr msplim, r0\n"
                   "ldr r0, =_stack_top\n"
                   "msr msp, r0\n"
                   "b board_start\n"
                   ".ltorg\n");
}

__attribute__((used, noreturn)) void board_start(void) {
    SCB_VTOR = (uint32_t)(uintptr_t)vectors;
    SCB_CPACR |= 0xfu << 20; // FPU, before any code that may use it
    __asm volatile("dsb\n isb");
    const uint32_t *src = &_data_load;
    for (uint32_t *dst = &_data_start; dst < &_data_end;) {
        *dst++ = *src++;
    }
    SCB_SHPR[14 - 4] = PRIORITY_PENDSV;
    fault_init();
    clock_init();
    serial_init();
    irq_restore(0);
    main();
    board_reset();
}

void irq_enable(unsigned irq, uint8_t priority) {
    NVIC_IPR[irq] = priority;
    NVIC_ISER(irq / 32) = 1u << irq % 32;
}

__attribute__((noreturn)) void board_reset(void) {
    __asm volatile("dsb");
    SCB_AIRCR = AIRCR_RESET;
    for (;;) {
    }
}

void PendSV_Handler(void) { pendsv_run(); }
