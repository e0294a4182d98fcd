// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#ifndef SEALINE_PORT_MPHALPORT_H
#define SEALINE_PORT_MPHALPORT_H

#include "boards/mps2_an505/an505.h"
#include "shared/runtime/interrupt_char.h"

#define MICROPY_BEGIN_ATOMIC_SECTION() irq_save()
#define MICROPY_END_ATOMIC_SECTION(state) irq_restore(state)

// Soft timers and lwIP run in PendSV.
#define MICROPY_PY_PENDSV_ENTER uint32_t pendsv_state = pendsv_hold()
#define MICROPY_PY_PENDSV_EXIT pendsv_release(pendsv_state)
#define MICROPY_PY_LWIP_ENTER uint32_t lwip_state = pendsv_hold();
#define MICROPY_PY_LWIP_REENTER lwip_state = pendsv_hold();
#define MICROPY_PY_LWIP_EXIT pendsv_release(lwip_state);

// The tick ends every wait within a millisecond, so that an event between the caller's test and the wait is not missed.
#define MICROPY_INTERNAL_WFE(timeout_ms)                                                          \
    do {                                                                                          \
        (void)(timeout_ms);                                                                       \
        cpu_wait();                                                                               \
    } while (0)

static inline mp_uint_t mp_hal_ticks_ms(void) { return (mp_uint_t)(clock_us() / 1000); }

static inline mp_uint_t mp_hal_ticks_us(void) { return (mp_uint_t)clock_us(); }

static inline mp_uint_t mp_hal_ticks_cpu(void) { return (mp_uint_t)clock_us(); }

#endif // SEALINE_PORT_MPHALPORT_H
