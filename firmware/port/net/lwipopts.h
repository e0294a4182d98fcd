// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// lwIP without an operating system: all of it runs in PendSV, or with PendSV held off.

#ifndef SEALINE_PORT_LWIPOPTS_H
#define SEALINE_PORT_LWIPOPTS_H

#include <stdint.h>

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 1 // the lock is in MicroPython's socket module
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_STATS 0

#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ARP 1
#define LWIP_ETHERNET 1
#define LWIP_RAW 1
#define LWIP_IGMP 1 // MicroPython's socket options refer to it
#define LWIP_DNS 1
#define LWIP_DHCP 1
#define LWIP_DHCP_DOES_ACD_CHECK 0 // an address in half a second instead of ten
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_CHKSUM_ALGORITHM 3

#define SO_REUSE 1
#define TCP_LISTEN_BACKLOG 1
#define LWIP_TCP_KEEPALIVE 1

// A send sleeps on ERR_MEM, so the heap holds two full send buffers.
#define MEM_ALIGNMENT 4
#define MEM_SIZE (14 * 1024)
#define TCP_MSS 1460
#define TCP_WND (4 * TCP_MSS)
#define TCP_SND_BUF (4 * TCP_MSS)
#define MEMP_NUM_TCP_SEG 32
#define PBUF_POOL_SIZE 10
#define MEMP_NUM_TCP_PCB 6
#define MEMP_NUM_UDP_PCB 4

typedef uint32_t sys_prot_t;

unsigned long port_random(void);
#define LWIP_RAND() ((uint32_t)port_random())

#endif // SEALINE_PORT_LWIPOPTS_H
