// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// network.LAN: the board's one Ethernet interface on lwIP.

#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/runtime.h"

#include "extmod/modnetwork.h"
#include "shared/runtime/softtimer.h"

#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

#include "pendsv.h"
#include "port.h"

#define LWIP_TIMER_MS 50
#define FRAMES_A_TICK 8      // half of what the FIFO holds; 8000 a second are many times a call
#define FRAME_MAX_BYTES 1520 // 14 header, 1500 payload, 4 check sequence, in whole words

static struct netif lan;
static bool lan_present;
static uint32_t frame[FRAME_MAX_BYTES / 4]; // used in PendSV, or with PendSV held off
static volatile bool lan_behind; // the controller holds more, and its interrupt is not armed
static soft_timer_entry_t lwip_timer;

u32_t sys_now(void);

u32_t sys_now(void) { return mp_hal_ticks_ms(); }

// Takes at most FRAMES_A_TICK and, where more wait, goes on with the next tick: however much the network
// sends, the program and the voice get their share of the processor. What the FIFO cannot hold is lost.
static void lan_drain(void) {
    for (unsigned taken = 0; taken < FRAMES_A_TICK; ++taken) {
        size_t bytes = ethernet_receive(frame, sizeof(frame));
        if (bytes == 0) {
            ethernet_arm();
            return;
        }
        struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)bytes, PBUF_POOL);
        if (p == NULL) {
            continue; // no memory: the frame is lost, as on any network
        }
        pbuf_take(p, frame, (u16_t)bytes);
        if (!netif_is_up(&lan) || lan.input(p, &lan) != ERR_OK) {
            pbuf_free(p);
        }
    }
    lan_behind = true;
}

void board_ethernet_ready(void) { pendsv_schedule(PENDSV_ETHERNET, lan_drain); }

void port_network_tick(void) {
    if (lan_behind) {
        lan_behind = false;
        pendsv_schedule(PENDSV_ETHERNET, lan_drain);
    }
}

static err_t lan_output(struct netif *netif, struct pbuf *p) {
    (void)netif;
    static uint32_t out[FRAME_MAX_BYTES / 4];
    if (p->tot_len > sizeof(out)) {
        return ERR_BUF;
    }
    // MicroPython's ipconfig() calls lwIP without the lock; one frame must not run into another.
    uint32_t state = pendsv_hold();
    pbuf_copy_partial(p, out, p->tot_len, 0);
    bool sent = ethernet_send(out, p->tot_len);
    pendsv_release(state);
    return sent ? ERR_OK : ERR_MEM;
}

static err_t lan_setup(struct netif *netif) {
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->output = etharp_output;
    netif->linkoutput = lan_output;
    netif->mtu = 1500;
    netif->hwaddr_len = 6;
    netif->flags =
        NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP;
    netif->hostname = mod_network_hostname_data;
    return ERR_OK;
}

static void lwip_timer_run(soft_timer_entry_t *self) {
    (void)self;
    sys_check_timeouts();
}

void port_network_init(void) {
    lwip_init();
    soft_timer_static_init(&lwip_timer, SOFT_TIMER_MODE_PERIODIC, LWIP_TIMER_MS, lwip_timer_run);
    soft_timer_insert(&lwip_timer, LWIP_TIMER_MS);
    lan_present = ethernet_init(lan.hwaddr);
    if (lan_present) {
        netif_add_noaddr(&lan, NULL, lan_setup, ethernet_input);
        netif_set_default(&lan);
        netif_set_link_up(&lan);
    }
}

typedef struct {
    mp_obj_base_t base;
} lan_obj_t;

static const lan_obj_t lan_obj = {{&network_lan_type}};

static mp_obj_t lan_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                             const mp_obj_t *args) {
    (void)type;
    (void)args;
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    if (!lan_present) {
        mp_raise_OSError(MP_ENODEV);
    }
    return MP_OBJ_FROM_PTR(&lan_obj);
}

static mp_obj_t lan_active(size_t n_args, const mp_obj_t *args) {
    if (n_args > 1) {
        bool up = mp_obj_is_true(args[1]);
        MICROPY_PY_LWIP_ENTER
        if (up) {
            netif_set_up(&lan);
        } else {
            dhcp_release_and_stop(&lan);
            netif_set_down(&lan);
        }
        MICROPY_PY_LWIP_EXIT
    }
    return mp_obj_new_bool(netif_is_up(&lan));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(lan_active_obj, 1, 2, lan_active);

static mp_obj_t lan_isconnected(mp_obj_t self_in) {
    (void)self_in;
    return mp_obj_new_bool(netif_is_up(&lan) && !ip4_addr_isany_val(*netif_ip4_addr(&lan)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(lan_isconnected_obj, lan_isconnected);

static mp_obj_t lan_ifconfig(size_t n_args, const mp_obj_t *args) {
    return mod_network_nic_ifconfig(&lan, n_args - 1, args + 1);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(lan_ifconfig_obj, 1, 2, lan_ifconfig);

static mp_obj_t lan_ipconfig(size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    return mod_network_nic_ipconfig(&lan, n_args - 1, args + 1, kwargs);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(lan_ipconfig_obj, 1, lan_ipconfig);

// clang-format off
static const mp_rom_map_elem_t lan_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_active), MP_ROM_PTR(&lan_active_obj)},
    {MP_ROM_QSTR(MP_QSTR_isconnected), MP_ROM_PTR(&lan_isconnected_obj)},
    {MP_ROM_QSTR(MP_QSTR_ifconfig), MP_ROM_PTR(&lan_ifconfig_obj)},
    {MP_ROM_QSTR(MP_QSTR_ipconfig), MP_ROM_PTR(&lan_ipconfig_obj)},
};
static MP_DEFINE_CONST_DICT(lan_locals, lan_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    network_lan_type, MP_QSTR_LAN, MP_TYPE_FLAG_NONE,
    make_new, lan_make_new,
    locals_dict, &lan_locals
    );
// clang-format on
