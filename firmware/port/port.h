// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#ifndef SEALINE_PORT_PORT_H
#define SEALINE_PORT_PORT_H

// Ethernet and lwIP, once after power-up.
void port_network_init(void);
// Every millisecond, in interrupt context: goes on with frames that had to wait.
void port_network_tick(void);
// A random word; stops the board when there is no entropy.
unsigned long port_random(void);

#endif // SEALINE_PORT_PORT_H
