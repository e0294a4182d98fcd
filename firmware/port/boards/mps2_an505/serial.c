// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// CMSDK UARTs. The hardware holds one byte; rings on both sides are emptied and filled by interrupt.
// A full receive ring masks its interrupt, which holds the sender back instead of losing bytes.

#include "boards/mps2_an505/an505.h"

#define UART_ADDRESS(port) (0x50200000u + 0x1000u * (port))
#define UART_DATA(port) REG32(UART_ADDRESS(port) + 0x0u)
#define UART_STATE(port) REG32(UART_ADDRESS(port) + 0x4u)
#define UART_CTRL(port) REG32(UART_ADDRESS(port) + 0x8u)
#define UART_INTCLR(port) REG32(UART_ADDRESS(port) + 0xcu)
#define UART_BAUDDIV(port) REG32(UART_ADDRESS(port) + 0x10u)
#define STATE_TX_FULL 1u
#define STATE_RX_FULL 2u
#define CTRL_TX_RX_IRQ 0xfu
#define INT_TX 1u
#define INT_RX 2u
#define BAUD_DIVIDER 16u // the smallest allowed; the emulator does not pace by it

#define RX_RING_BYTES 2048u
#define TX_RING_BYTES 2048u
#define POLLED_SPINS 200000u

typedef struct {
    volatile uint32_t head; // bytes put in since the start
    volatile uint32_t tail; // bytes taken out since the start
} ring_t;

typedef struct {
    ring_t rx;
    ring_t tx;
    serial_stats_t stats;
    uint8_t rx_data[RX_RING_BYTES];
    uint8_t tx_data[TX_RING_BYTES];
} serial_t;

static serial_t serials[SERIAL_COUNT];
static const uint8_t rx_irq[SERIAL_COUNT] = {IRQ_UART0_RX, IRQ_UART1_RX};
static const uint8_t tx_irq[SERIAL_COUNT] = {IRQ_UART0_TX, IRQ_UART1_TX};

void Uart0Rx_Handler(void);
void Uart0Tx_Handler(void);
void Uart1Rx_Handler(void);
void Uart1Tx_Handler(void);

void serial_init(void) {
    for (unsigned port = 0; port < SERIAL_COUNT; ++port) {
        UART_BAUDDIV(port) = BAUD_DIVIDER;
        UART_CTRL(port) = CTRL_TX_RX_IRQ;
        irq_enable(rx_irq[port], PRIORITY_UART);
        irq_enable(tx_irq[port], PRIORITY_UART);
    }
}

static void rx_pump(unsigned port) {
    serial_t *s = &serials[port];
    while (UART_STATE(port) & STATE_RX_FULL) {
        if (s->rx.head - s->rx.tail == RX_RING_BYTES) {
            NVIC_ICER(rx_irq[port] / 32) = 1u << rx_irq[port] % 32;
            return;
        }
        UART_INTCLR(port) = INT_RX;
        uint8_t byte = (uint8_t)UART_DATA(port);
        s->stats.rx_bytes += 1;
        if (port == SERIAL_CONSOLE && byte == mp_interrupt_char) {
            board_interrupt_char();
            continue;
        }
        s->rx_data[s->rx.head % RX_RING_BYTES] = byte;
        s->rx.head += 1;
    }
}

static void tx_pump(unsigned port) {
    serial_t *s = &serials[port];
    while (s->tx.tail != s->tx.head && !(UART_STATE(port) & STATE_TX_FULL)) {
        UART_DATA(port) = s->tx_data[s->tx.tail % TX_RING_BYTES];
        s->tx.tail += 1;
        s->stats.tx_bytes += 1;
    }
}

static void tx_interrupt(unsigned port) {
    UART_INTCLR(port) = INT_TX;
    tx_pump(port);
}

void Uart0Rx_Handler(void) { rx_pump(0); }

void Uart0Tx_Handler(void) { tx_interrupt(0); }

void Uart1Rx_Handler(void) { rx_pump(1); }

void Uart1Tx_Handler(void) { tx_interrupt(1); }

size_t serial_readable(unsigned port) { return serials[port].rx.head - serials[port].rx.tail; }

size_t serial_writable(unsigned port) {
    return TX_RING_BYTES - (serials[port].tx.head - serials[port].tx.tail);
}

bool serial_idle(unsigned port) {
    return serials[port].tx.head == serials[port].tx.tail && !(UART_STATE(port) & STATE_TX_FULL);
}

size_t serial_read(unsigned port, uint8_t *dst, size_t max) {
    serial_t *s = &serials[port];
    size_t n = serial_readable(port);
    n = n < max ? n : max;
    for (size_t i = 0; i < n; ++i) {
        dst[i] = s->rx_data[(s->rx.tail + i) % RX_RING_BYTES];
    }
    s->rx.tail += n;
    NVIC_ISER(rx_irq[port] / 32) = 1u << rx_irq[port] % 32;
    return n;
}

size_t serial_write(unsigned port, const uint8_t *src, size_t n) {
    serial_t *s = &serials[port];
    size_t room = serial_writable(port);
    n = n < room ? n : room;
    for (size_t i = 0; i < n; ++i) {
        s->tx_data[(s->tx.head + i) % TX_RING_BYTES] = src[i];
    }
    uint32_t state = irq_save();
    s->tx.head += n;
    tx_pump(port);
    irq_restore(state);
    return n;
}

void serial_count_dropped(unsigned port, size_t n) { serials[port].stats.tx_dropped += n; }

const serial_stats_t *serial_stats(unsigned port) { return &serials[port].stats; }

void serial_write_polled(const char *text) {
    for (; *text != '\0'; ++text) {
        for (unsigned spins = 0; UART_STATE(SERIAL_CONSOLE) & STATE_TX_FULL; ++spins) {
            if (spins == POLLED_SPINS) {
                return;
            }
        }
        UART_DATA(SERIAL_CONSOLE) = (uint8_t)*text;
    }
}
