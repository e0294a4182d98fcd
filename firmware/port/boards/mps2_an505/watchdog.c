// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "boards/mps2_an505/an505.h"

// The first expiry is an NMI, which leaves the crash log; the second one resets. Each takes half of the timeout.
void watchdog_start(uint32_t timeout_ms) {
    WDT_LOCK = WDT_UNLOCK;
    WDT_LOAD = timeout_ms * (SYSCLK_HZ / 1000u / 2u);
    WDT_CTRL = 3;
}

void watchdog_feed(void) { WDT_INTCLR = 1; }
