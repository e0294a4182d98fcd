// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// Module `board`: front panel, raw flash, clock and identity of the unit. Bindings only.

#include "modboard.h"

#include <string.h>

#include "extmod/vfs.h"
#include "py/mperrno.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "py/unicode.h"

#include "boards/window_driver.h"

/// def display(row: int, text: str | bytes) -> None:
///     """Write one row of the display: padded with spaces, cut after 20 cells.
///
///     Characters outside of Latin-1 become "?"; bytes are cells as they are. ValueError: no such row."""
static mp_obj_t board_display(mp_obj_t row_in, mp_obj_t text_in) {
    mp_int_t row = mp_obj_get_int(row_in);
    if (row < 0 || row >= WINDOW_DISPLAY_ROWS) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such display row"));
    }
    mp_buffer_info_t text;
    mp_get_buffer_raise(text_in, &text, MP_BUFFER_READ);
    const byte *at = text.buf;
    const byte *end = at + text.len;
    uint8_t cells[WINDOW_DISPLAY_COLUMNS];
    memset(cells, ' ', sizeof(cells));
    for (size_t i = 0; i < sizeof(cells) && at < end; ++i) {
        if (mp_obj_is_str(text_in)) {
            unichar c = utf8_get_char(at);
            cells[i] = c <= 0xff ? (uint8_t)c : '?';
            at = utf8_next_char(at);
        } else {
            cells[i] = *at++;
        }
    }
    window_display((unsigned)row, cells);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(board_display_obj, board_display);

/// def lamp(code: int) -> None:
///     """Set the lamp to one of the LAMP_ constants. ValueError: no such code."""
static mp_obj_t board_lamp(mp_obj_t code_in) {
    mp_int_t code = mp_obj_get_int(code_in);
    if (code < WINDOW_LAMP_OFF || code > WINDOW_LAMP_AMBER) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such lamp code"));
    }
    window_lamp((uint32_t)code);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(board_lamp_obj, board_lamp);

/// def key() -> str | None:
///     """Take the next pressed key ("0" to "9", "*", "#"), or None."""
static mp_obj_t board_key(void) {
    int key = window_key();
    if (key < 0) {
        return mp_const_none;
    }
    const char text[1] = {(char)(key & 0x7f)};
    return mp_obj_new_str_via_qstr(text, 1);
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_key_obj, board_key);

/// def hook() -> bool:
///     """True while the handset is lifted."""
static mp_obj_t board_hook(void) { return mp_obj_new_bool(window_hook()); }
static MP_DEFINE_CONST_FUN_OBJ_0(board_hook_obj, board_hook);

/// def monotonic_ms() -> int:
///     """Milliseconds since the board started; never wraps, never steps."""
static mp_obj_t board_monotonic_ms_py(void) {
    return mp_obj_new_int_from_ull(board_monotonic_ms());
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_monotonic_ms_obj, board_monotonic_ms_py);

/// def idle_us() -> int:
///     """Microseconds since the start in which the processor slept; interrupts count as work."""
static mp_obj_t board_idle_us_py(void) { return mp_obj_new_int_from_ull(board_idle_us()); }
static MP_DEFINE_CONST_FUN_OBJ_0(board_idle_us_obj, board_idle_us_py);

/// def tick_gap_us() -> int:
///     """Longest time since the last call in which nobody looked at the codec, in microseconds."""
static mp_obj_t board_tick_gap_us_py(void) {
    return mp_obj_new_int_from_uint(board_tick_gap_us());
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_tick_gap_us_obj, board_tick_gap_us_py);

/// def reset_cause() -> str:
///     """Why the board started: "power", "pin", "soft", "watchdog" or "fault"."""
static mp_obj_t board_reset_cause(void) {
    const char *name = board_reset_cause_name();
    return mp_obj_new_str_via_qstr(name, strlen(name));
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_reset_cause_obj, board_reset_cause);

/// def crash_log() -> tuple[int, int, int, int, int, int, int, int, int] | None:
///     """Take the last crash, once: (kind, pc, lr, sp, psr, cfsr, hfsr, address, uptime_ms), or None.
///
///     Kinds: 1 fault, 2 watchdog, 3 uncaught error in C, 4 no entropy. Addresses and codes only."""
static mp_obj_t board_crash_log(void) { return board_take_crash_log(); }
static MP_DEFINE_CONST_FUN_OBJ_0(board_crash_log_obj, board_crash_log);

/// def unique_id() -> bytes:
///     """The unit's hardware identity, 16 bytes; not secret."""
static mp_obj_t board_unique_id(void) {
    return mp_obj_new_bytes(window_unique_id(), WINDOW_UNIQUE_ID_BYTES);
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_unique_id_obj, board_unique_id);

/// def settings() -> bytes:
///     """Small text that belongs to the unit (such as its gateway's address); at most 2048 bytes, not authenticated."""
static mp_obj_t board_settings(void) {
    size_t bytes;
    const uint8_t *settings = window_settings(&bytes);
    return mp_obj_new_bytes(settings, bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_settings_obj, board_settings);

/// def image() -> memoryview:
///     """The running program's bytes, read-only: what the hash in a record is made of."""
static mp_obj_t board_image_py(void) {
    size_t bytes;
    const void *image = board_image(&bytes);
    return mp_obj_new_memoryview('B', bytes, (void *)image);
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_image_obj, board_image_py);

/// def open_console() -> None:
///     """Let the console interrupt the program, and give it a REPL when the program ends. Holds until the next reset.
///
///     Without it Ctrl-C does nothing and the end of the program restarts the board."""
static mp_obj_t board_open_console_py(void) {
    board_open_console();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_open_console_obj, board_open_console_py);

/// def dropped() -> tuple[int, int]:
///     """Bytes not sent since the start because nobody read them: (console, link)."""
static mp_obj_t board_dropped(void) {
    mp_obj_t items[] = {mp_obj_new_int_from_uint(board_serial_dropped(0)),
                        mp_obj_new_int_from_uint(board_serial_dropped(1))};
    return mp_obj_new_tuple(2, items);
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_dropped_obj, board_dropped);

typedef struct {
    mp_obj_base_t base;
    const window_partition_t *part;
} flash_obj_t;

static const window_partition_t *flash_part(mp_obj_t self_in) {
    return ((flash_obj_t *)MP_OBJ_TO_PTR(self_in))->part;
}

/// class Flash:
///     """One partition of the NOR flash: "fs", "journal" or "spool". OSError (EINVAL): outside of the partition.
///
///     It is also a block device for littlefs (readblocks, writeblocks, ioctl)."""
///
///     def __init__(self, name: str) -> None: ...
static mp_obj_t flash_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                               const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, 1, false);
    size_t name_bytes;
    const char *name = mp_obj_str_get_data(args[0], &name_bytes);
    const window_partition_t *part = window_partition(name, name_bytes);
    if (part == NULL) {
        mp_raise_OSError(MP_ENODEV);
    }
    flash_obj_t *self = mp_obj_malloc(flash_obj_t, type);
    self->part = part;
    return MP_OBJ_FROM_PTR(self);
}

static uint32_t flash_range(const window_partition_t *part, mp_obj_t offset_in, size_t bytes) {
    mp_int_t offset = mp_obj_get_int(offset_in);
    if (offset < 0 || (mp_uint_t)offset > part->bytes || bytes > part->bytes - (mp_uint_t)offset) {
        mp_raise_OSError(MP_EINVAL);
    }
    return (uint32_t)offset;
}

/// def size(self) -> int:
///     """Bytes of the partition."""
static mp_obj_t flash_size(mp_obj_t self_in) {
    return mp_obj_new_int_from_uint(flash_part(self_in)->bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_1(flash_size_obj, flash_size);

/// def sector(self) -> int:
///     """Bytes of a sector, the unit of erase."""
static mp_obj_t flash_sector(mp_obj_t self_in) {
    (void)self_in;
    return MP_OBJ_NEW_SMALL_INT(WINDOW_FLASH_SECTOR_BYTES);
}
static MP_DEFINE_CONST_FUN_OBJ_1(flash_sector_obj, flash_sector);

/// def read_into(self, offset: int, buf: bytearray | memoryview) -> None:
///     """Fill the buffer from the flash."""
static mp_obj_t flash_read_into(mp_obj_t self_in, mp_obj_t offset_in, mp_obj_t buf_in) {
    const window_partition_t *part = flash_part(self_in);
    mp_buffer_info_t buf;
    mp_get_buffer_raise(buf_in, &buf, MP_BUFFER_WRITE);
    uint32_t offset = flash_range(part, offset_in, buf.len);
    memcpy(buf.buf, window_flash_at(part, offset), buf.len);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(flash_read_into_obj, flash_read_into);

/// def program(self, offset: int, buf: bytes | bytearray | memoryview) -> None:
///     """Program the bytes: clears bits, never sets one. Durable when it returns."""
static mp_obj_t flash_program(mp_obj_t self_in, mp_obj_t offset_in, mp_obj_t buf_in) {
    const window_partition_t *part = flash_part(self_in);
    mp_buffer_info_t buf;
    mp_get_buffer_raise(buf_in, &buf, MP_BUFFER_READ);
    uint32_t offset = flash_range(part, offset_in, buf.len);
    window_flash_program(part, offset, buf.buf, buf.len);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(flash_program_obj, flash_program);

/// def erase(self, offset: int) -> None:
///     """Set the sector at the offset to 0xff. OSError (EINVAL): not the start of a sector."""
static mp_obj_t flash_erase(mp_obj_t self_in, mp_obj_t offset_in) {
    const window_partition_t *part = flash_part(self_in);
    uint32_t offset = flash_range(part, offset_in, WINDOW_FLASH_SECTOR_BYTES);
    if (offset % WINDOW_FLASH_SECTOR_BYTES != 0) {
        mp_raise_OSError(MP_EINVAL);
    }
    window_flash_erase(part, offset);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(flash_erase_obj, flash_erase);

// MicroPython's block protocol: a block and an offset into it give the place.
static uint32_t flash_place(const window_partition_t *part, mp_obj_t block_in, size_t n_args,
                            const mp_obj_t *offset, size_t bytes) {
    mp_int_t block = mp_obj_get_int(block_in);
    mp_int_t place = n_args > 3 ? mp_obj_get_int(*offset) : 0;
    if (block < 0 || (mp_uint_t)block >= part->bytes / WINDOW_FLASH_SECTOR_BYTES || place < 0 ||
        place >= WINDOW_FLASH_SECTOR_BYTES) {
        mp_raise_OSError(MP_EINVAL);
    }
    return flash_range(part, MP_OBJ_NEW_SMALL_INT(block * WINDOW_FLASH_SECTOR_BYTES + place),
                       bytes);
}

/// def readblocks(self, block: int, buf: bytearray, offset: int = 0) -> None: ...
static mp_obj_t flash_readblocks(size_t n_args, const mp_obj_t *args) {
    const window_partition_t *part = flash_part(args[0]);
    mp_buffer_info_t buf;
    mp_get_buffer_raise(args[2], &buf, MP_BUFFER_WRITE);
    uint32_t place = flash_place(part, args[1], n_args, &args[3], buf.len);
    memcpy(buf.buf, window_flash_at(part, place), buf.len);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(flash_readblocks_obj, 3, 4, flash_readblocks);

/// def writeblocks(self, block: int, buf: bytes, offset: int = 0) -> None:
///     """Program; without an offset the blocks are erased first."""
static mp_obj_t flash_writeblocks(size_t n_args, const mp_obj_t *args) {
    const window_partition_t *part = flash_part(args[0]);
    mp_buffer_info_t buf;
    mp_get_buffer_raise(args[2], &buf, MP_BUFFER_READ);
    uint32_t place = flash_place(part, args[1], n_args, &args[3], buf.len);
    if (n_args == 3) {
        for (uint32_t at = 0; at < buf.len; at += WINDOW_FLASH_SECTOR_BYTES) {
            window_flash_erase(part, place + at);
        }
    }
    window_flash_program(part, place, buf.buf, buf.len);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(flash_writeblocks_obj, 3, 4, flash_writeblocks);

/// def ioctl(self, op: int, arg: int) -> int | None: ...
static mp_obj_t flash_ioctl(mp_obj_t self_in, mp_obj_t op_in, mp_obj_t arg_in) {
    const window_partition_t *part = flash_part(self_in);
    switch (mp_obj_get_int(op_in)) {
    case MP_BLOCKDEV_IOCTL_INIT:
    case MP_BLOCKDEV_IOCTL_DEINIT:
    case MP_BLOCKDEV_IOCTL_SYNC:
        return MP_OBJ_NEW_SMALL_INT(0);
    case MP_BLOCKDEV_IOCTL_BLOCK_COUNT:
        return MP_OBJ_NEW_SMALL_INT(part->bytes / WINDOW_FLASH_SECTOR_BYTES);
    case MP_BLOCKDEV_IOCTL_BLOCK_SIZE:
        return MP_OBJ_NEW_SMALL_INT(WINDOW_FLASH_SECTOR_BYTES);
    case MP_BLOCKDEV_IOCTL_BLOCK_ERASE:
        window_flash_erase(part, flash_place(part, arg_in, 0, NULL, WINDOW_FLASH_SECTOR_BYTES));
        return MP_OBJ_NEW_SMALL_INT(0);
    default:
        return mp_const_none;
    }
}
static MP_DEFINE_CONST_FUN_OBJ_3(flash_ioctl_obj, flash_ioctl);

// clang-format off
static const mp_rom_map_elem_t flash_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_size), MP_ROM_PTR(&flash_size_obj)},
    {MP_ROM_QSTR(MP_QSTR_sector), MP_ROM_PTR(&flash_sector_obj)},
    {MP_ROM_QSTR(MP_QSTR_read_into), MP_ROM_PTR(&flash_read_into_obj)},
    {MP_ROM_QSTR(MP_QSTR_program), MP_ROM_PTR(&flash_program_obj)},
    {MP_ROM_QSTR(MP_QSTR_erase), MP_ROM_PTR(&flash_erase_obj)},
    {MP_ROM_QSTR(MP_QSTR_readblocks), MP_ROM_PTR(&flash_readblocks_obj)},
    {MP_ROM_QSTR(MP_QSTR_writeblocks), MP_ROM_PTR(&flash_writeblocks_obj)},
    {MP_ROM_QSTR(MP_QSTR_ioctl), MP_ROM_PTR(&flash_ioctl_obj)},
};
static MP_DEFINE_CONST_DICT(flash_locals, flash_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(
    flash_type, MP_QSTR_Flash, MP_TYPE_FLAG_NONE,
    make_new, flash_make_new,
    locals_dict, &flash_locals
    );

static const mp_rom_map_elem_t board_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_board)},
    {MP_ROM_QSTR(MP_QSTR_display), MP_ROM_PTR(&board_display_obj)},
    {MP_ROM_QSTR(MP_QSTR_lamp), MP_ROM_PTR(&board_lamp_obj)},
    {MP_ROM_QSTR(MP_QSTR_key), MP_ROM_PTR(&board_key_obj)},
    {MP_ROM_QSTR(MP_QSTR_hook), MP_ROM_PTR(&board_hook_obj)},
    {MP_ROM_QSTR(MP_QSTR_monotonic_ms), MP_ROM_PTR(&board_monotonic_ms_obj)},
    {MP_ROM_QSTR(MP_QSTR_idle_us), MP_ROM_PTR(&board_idle_us_obj)},
    {MP_ROM_QSTR(MP_QSTR_tick_gap_us), MP_ROM_PTR(&board_tick_gap_us_obj)},
    {MP_ROM_QSTR(MP_QSTR_reset_cause), MP_ROM_PTR(&board_reset_cause_obj)},
    {MP_ROM_QSTR(MP_QSTR_crash_log), MP_ROM_PTR(&board_crash_log_obj)},
    {MP_ROM_QSTR(MP_QSTR_unique_id), MP_ROM_PTR(&board_unique_id_obj)},
    {MP_ROM_QSTR(MP_QSTR_settings), MP_ROM_PTR(&board_settings_obj)},
    {MP_ROM_QSTR(MP_QSTR_image), MP_ROM_PTR(&board_image_obj)},
    {MP_ROM_QSTR(MP_QSTR_open_console), MP_ROM_PTR(&board_open_console_obj)},
    {MP_ROM_QSTR(MP_QSTR_dropped), MP_ROM_PTR(&board_dropped_obj)},
    {MP_ROM_QSTR(MP_QSTR_Flash), MP_ROM_PTR(&flash_type)},
    {MP_ROM_QSTR(MP_QSTR_LAMP_OFF), MP_ROM_INT(WINDOW_LAMP_OFF)},
    {MP_ROM_QSTR(MP_QSTR_LAMP_RED), MP_ROM_INT(WINDOW_LAMP_RED)},
    {MP_ROM_QSTR(MP_QSTR_LAMP_GREEN), MP_ROM_INT(WINDOW_LAMP_GREEN)},
    {MP_ROM_QSTR(MP_QSTR_LAMP_AMBER), MP_ROM_INT(WINDOW_LAMP_AMBER)},
};
static MP_DEFINE_CONST_DICT(board_globals, board_globals_table);
// clang-format on

const mp_obj_module_t board_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&board_globals,
};

MP_REGISTER_MODULE(MP_QSTR_board, board_module);
