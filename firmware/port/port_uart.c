// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// Included by extmod/machine_uart.c. UART(0) is the console's own port, UART(1) the serial link. The line's speed is the
// board's business; reads return what is there, writes wait for room at most `timeout` ms and then take less.

#include "py/mperrno.h"
#include "py/mphal.h"

#define UART_FLUSH_TIMEOUT_MS 1000
#define UART_TIMEOUT_MAX_MS 10000
#define MICROPY_PY_MACHINE_UART_CLASS_CONSTANTS

struct _machine_uart_obj_t {
    mp_obj_base_t base;
    unsigned port;
    uint32_t timeout_ms;
};

static machine_uart_obj_t machine_uarts[SERIAL_COUNT] = {
    {{&machine_uart_type}, SERIAL_CONSOLE, 0},
    {{&machine_uart_type}, SERIAL_LINK, 0},
};

static void mp_machine_uart_print(const mp_print_t *print, mp_obj_t self_in,
                                  mp_print_kind_t kind) {
    (void)kind;
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_printf(print, "UART(%u, timeout=%u)", self->port, (unsigned)self->timeout_ms);
}

static void mp_machine_uart_init_helper(machine_uart_obj_t *self, size_t n_args,
                                        const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_baudrate, ARG_timeout };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_baudrate, MP_ARG_INT, {.u_int = 0}},
        {MP_QSTR_timeout, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 0}},
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed), allowed, args);
    if (args[ARG_timeout].u_int < 0 || args[ARG_timeout].u_int > UART_TIMEOUT_MAX_MS) {
        mp_raise_ValueError(MP_ERROR_TEXT("timeout not within 0 to 10000 ms"));
    }
    self->timeout_ms = (uint32_t)args[ARG_timeout].u_int;
}

static mp_obj_t mp_machine_uart_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                                         const mp_obj_t *args) {
    (void)type;
    mp_arg_check_num(n_args, n_kw, 1, MP_OBJ_FUN_ARGS_MAX, true);
    mp_int_t port = mp_obj_get_int(args[0]);
    if (port < 0 || port >= SERIAL_COUNT) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such UART"));
    }
    mp_map_t kw_args;
    mp_map_init_fixed_table(&kw_args, n_kw, args + n_args);
    mp_machine_uart_init_helper(&machine_uarts[port], n_args - 1, args + 1, &kw_args);
    return MP_OBJ_FROM_PTR(&machine_uarts[port]);
}

static void mp_machine_uart_deinit(machine_uart_obj_t *self) { (void)self; }

static mp_int_t mp_machine_uart_any(machine_uart_obj_t *self) {
    return (mp_int_t)serial_readable(self->port);
}

static bool mp_machine_uart_txdone(machine_uart_obj_t *self) { return serial_idle(self->port); }

// Waits until the count is not zero or the time is over.
static size_t uart_wait(machine_uart_obj_t *self, size_t (*count)(unsigned port),
                        uint32_t timeout_ms) {
    uint32_t start = mp_hal_ticks_ms();
    size_t n;
    while ((n = count(self->port)) == 0 && mp_hal_ticks_ms() - start < timeout_ms) {
        mp_event_wait_ms(1);
    }
    return n;
}

static mp_uint_t mp_machine_uart_read(mp_obj_t self_in, void *buf_in, mp_uint_t size,
                                      int *errcode) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (uart_wait(self, serial_readable, self->timeout_ms) == 0) {
        *errcode = MP_EAGAIN;
        return MP_STREAM_ERROR;
    }
    return serial_read(self->port, buf_in, size);
}

static mp_uint_t mp_machine_uart_write(mp_obj_t self_in, const void *buf_in, mp_uint_t size,
                                       int *errcode) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const uint8_t *src = buf_in;
    mp_uint_t done = serial_write(self->port, src, size);
    while (done < size && uart_wait(self, serial_writable, self->timeout_ms) != 0) {
        done += serial_write(self->port, src + done, size - done);
    }
    if (done == 0 && size > 0) {
        *errcode = MP_EAGAIN;
        return MP_STREAM_ERROR;
    }
    return done;
}

static mp_uint_t uart_flush(machine_uart_obj_t *self, int *errcode) {
    uint32_t start = mp_hal_ticks_ms();
    while (!serial_idle(self->port)) {
        if (mp_hal_ticks_ms() - start > UART_FLUSH_TIMEOUT_MS) {
            *errcode = MP_ETIMEDOUT;
            return MP_STREAM_ERROR;
        }
        mp_event_wait_ms(1);
    }
    return 0;
}

static mp_uint_t mp_machine_uart_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg,
                                       int *errcode) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (request == MP_STREAM_POLL) {
        uintptr_t ready = 0;
        if ((arg & MP_STREAM_POLL_RD) && serial_readable(self->port)) {
            ready |= MP_STREAM_POLL_RD;
        }
        if ((arg & MP_STREAM_POLL_WR) && serial_writable(self->port)) {
            ready |= MP_STREAM_POLL_WR;
        }
        return ready;
    }
    if (request == MP_STREAM_FLUSH) {
        return uart_flush(self, errcode);
    }
    *errcode = MP_EINVAL;
    return MP_STREAM_ERROR;
}
