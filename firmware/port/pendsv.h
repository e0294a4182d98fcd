// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// Work that interrupts hand down: it preempts Python and is preempted by every device. It must not allocate on the heap.

#ifndef SEALINE_PORT_PENDSV_H
#define SEALINE_PORT_PENDSV_H

typedef enum { PENDSV_SOFT_TIMER, PENDSV_ETHERNET, PENDSV_SLOTS } pendsv_slot_t;

// Run `work` once, soon, in PendSV.
void pendsv_schedule(pendsv_slot_t slot, void (*work)(void));

#endif // SEALINE_PORT_PENDSV_H
