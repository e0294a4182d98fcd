// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// SMSC LAN9118 Ethernet controller (register names of its data sheet), by FIFO and interrupt.

#include "boards/mps2_an505/an505.h"

#define LAN_REG(offset) REG32(0x52000000u + (offset))
#define RX_DATA_FIFO LAN_REG(0x00)
#define TX_DATA_FIFO LAN_REG(0x20)
#define RX_STATUS_FIFO LAN_REG(0x40)
#define TX_STATUS_FIFO LAN_REG(0x48)
#define ID_REV LAN_REG(0x50)
#define IRQ_CFG LAN_REG(0x54)
#define INT_STS LAN_REG(0x58)
#define INT_EN LAN_REG(0x5c)
#define BYTE_TEST LAN_REG(0x64)
#define FIFO_INT LAN_REG(0x68)
#define TX_CFG LAN_REG(0x70)
#define RX_FIFO_INF LAN_REG(0x7c)
#define TX_FIFO_INF LAN_REG(0x80)
#define MAC_CSR_CMD LAN_REG(0xa4)
#define MAC_CSR_DATA LAN_REG(0xa8)

#define BYTE_TEST_VALUE 0x87654321u
#define IRQ_CFG_ENABLE_HIGH_PUSH_PULL 0x111u
#define INT_RX_STATUS_LEVEL (1u << 3)
#define TX_CFG_ON 2u
#define CSR_BUSY (1u << 31)
#define CSR_READ (1u << 30)
#define MAC_CR 1u
#define MAC_ADDRESS_HIGH 2u
#define MAC_ADDRESS_LOW 3u
#define MAC_CR_RX_TX 0x0000000cu
#define RX_STATUS_ERROR (1u << 15)
#define TX_FIRST_LAST (3u << 12)
#define TX_OVERHEAD_BYTES 16u

void Ethernet_Handler(void);

static void csr_wait(void) {
    while (MAC_CSR_CMD & CSR_BUSY) {
    }
}

static uint32_t csr_read(uint32_t reg) {
    MAC_CSR_CMD = CSR_BUSY | CSR_READ | reg;
    csr_wait();
    return MAC_CSR_DATA;
}

static void csr_write(uint32_t reg, uint32_t value) {
    MAC_CSR_DATA = value;
    MAC_CSR_CMD = CSR_BUSY | reg;
    csr_wait();
}

bool ethernet_init(uint8_t mac[6]) {
    if (BYTE_TEST != BYTE_TEST_VALUE) {
        return false;
    }
    uint32_t low = csr_read(MAC_ADDRESS_LOW);
    uint32_t high = csr_read(MAC_ADDRESS_HIGH);
    for (unsigned i = 0; i < 6; ++i) {
        mac[i] = (uint8_t)(i < 4 ? low >> 8 * i : high >> 8 * (i - 4));
    }
    INT_STS = 0xffffffffu;
    IRQ_CFG = IRQ_CFG_ENABLE_HIGH_PUSH_PULL;
    FIFO_INT = 0;
    INT_EN = INT_RX_STATUS_LEVEL;
    TX_CFG = TX_CFG_ON;
    csr_write(MAC_CR, MAC_CR_RX_TX);
    irq_enable(IRQ_ETHERNET, PRIORITY_ETHERNET);
    return true;
}

void Ethernet_Handler(void) {
    NVIC_ICER(IRQ_ETHERNET / 32) = 1u << IRQ_ETHERNET % 32;
    board_ethernet_ready();
}

void ethernet_arm(void) {
    INT_STS = INT_RX_STATUS_LEVEL;
    NVIC_ISER(IRQ_ETHERNET / 32) = 1u << IRQ_ETHERNET % 32;
}

size_t ethernet_receive(uint32_t *dst, size_t max_bytes) {
    while ((RX_FIFO_INF >> 16 & 0xffu) != 0) {
        uint32_t status = RX_STATUS_FIFO;
        size_t bytes = status >> 16 & 0x3fffu; // with the 4 bytes of the frame check sequence
        bool keep = !(status & RX_STATUS_ERROR) && bytes <= max_bytes && bytes > 4;
        for (size_t i = 0; i < (bytes + 3) / 4; ++i) {
            uint32_t word = RX_DATA_FIFO;
            if (keep) {
                dst[i] = word;
            }
        }
        if (keep) {
            return bytes - 4;
        }
    }
    return 0;
}

bool ethernet_send(const uint32_t *src, size_t bytes) {
    while (TX_FIFO_INF >> 16 & 0xffu) {
        (void)TX_STATUS_FIFO;
    }
    if ((TX_FIFO_INF & 0xffffu) < bytes + TX_OVERHEAD_BYTES) {
        return false;
    }
    TX_DATA_FIFO = TX_FIRST_LAST | bytes;
    TX_DATA_FIFO = bytes;
    for (size_t i = 0; i < (bytes + 3) / 4; ++i) {
        TX_DATA_FIFO = src[i];
    }
    return true;
}
