// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

/// """Shamir's secret sharing of a 32-byte key over GF(2^8) with the polynomial of AES.
///
/// A share is 33 bytes: its index (1 to N), then the values. K is 2 to N, N at most 16.
/// """

#include "py/mperrno.h"
#include "py/obj.h"
#include "py/runtime.h"

#include "arguments.h"
#include "library.h"
#include "shamir.h"

static int random_source(void *buffer, size_t bytes) {
    sodium_library_random(buffer, bytes);
    return 0;
}

static void raise_on_error(shamir_error_t error) {
    switch (error) {
    case SHAMIR_OK:
        return;
    case SHAMIR_BAD_QUORUM:
        mp_raise_ValueError(MP_ERROR_TEXT("k must be 2 to n"));
    case SHAMIR_TOO_MANY_SHARES:
        mp_raise_ValueError(MP_ERROR_TEXT("n must be at most 16"));
    case SHAMIR_BAD_INDEX:
        mp_raise_ValueError(MP_ERROR_TEXT("share index must be 1 to 16"));
    case SHAMIR_DUPLICATE_INDEX:
        mp_raise_ValueError(MP_ERROR_TEXT("two shares have one index"));
    case SHAMIR_RANDOM_FAILED:
        mp_raise_OSError(MP_EIO);
    }
}

static size_t count_argument(mp_obj_t object) {
    return (size_t)argument_integer(object, 0, INT16_MAX, "k and n");
}

// The memory of a list of shares; raises where there are more than the library takes.
static size_t share_list(mp_obj_t list, uint8_t *shares[SHAMIR_MAX_SHARES], mp_uint_t access) {
    size_t count;
    mp_obj_t *items;
    mp_obj_get_array(list, &count, &items);
    if (count > SHAMIR_MAX_SHARES) {
        raise_on_error(SHAMIR_TOO_MANY_SHARES);
    }
    for (size_t i = 0; i < count; i++) {
        argument_t share = argument_view(items[i], access);
        argument_check_length(share, SHAMIR_SHARE_BYTES, "share");
        shares[i] = share.bytes;
    }
    return count;
}

static void check_apart(argument_t secret, uint8_t *const shares[], size_t count) {
    for (size_t i = 0; i < count; i++) {
        argument_t share = {shares[i], SHAMIR_SHARE_BYTES};
        bool overlap = argument_overlap(share, secret);
        for (size_t j = 0; j < i; j++) {
            overlap |= argument_overlap(share, (argument_t){shares[j], SHAMIR_SHARE_BYTES});
        }
        if (overlap) {
            mp_raise_ValueError(MP_ERROR_TEXT("shares overlap"));
        }
    }
}

/// def split(secret: Buffer, k: int, n: int, /) -> list[bytearray]:
///     """n shares of 33 bytes, any k of which give the 32-byte secret back."""
static mp_obj_t split(mp_obj_t secret_in, mp_obj_t k_in, mp_obj_t n_in) {
    const uint8_t *secret = argument_exact(secret_in, SHAMIR_SECRET_BYTES, "secret");
    size_t k = count_argument(k_in);
    size_t n = count_argument(n_in);
    if (n > SHAMIR_MAX_SHARES) { // before memory is taken for them
        raise_on_error(SHAMIR_TOO_MANY_SHARES);
    }
    uint8_t *shares[SHAMIR_MAX_SHARES];
    mp_obj_t list = mp_obj_new_list(0, NULL);
    for (size_t i = 0; i < n; i++) {
        shares[i] = m_new(uint8_t, SHAMIR_SHARE_BYTES);
        mp_obj_list_append(list, mp_obj_new_bytearray_by_ref(SHAMIR_SHARE_BYTES, shares[i]));
    }
    raise_on_error(shamir_split(secret, k, n, random_source, shares));
    return list;
}
static MP_DEFINE_CONST_FUN_OBJ_3(split_obj, split);

/// def split_into(secret: Buffer, k: int, shares: list[bytearray], /) -> None:
///     """As split(), into one bytearray(33) for each share."""
static mp_obj_t split_into(mp_obj_t secret_in, mp_obj_t k_in, mp_obj_t shares_in) {
    argument_t secret = argument_input(secret_in);
    argument_check_length(secret, SHAMIR_SECRET_BYTES, "secret");
    uint8_t *shares[SHAMIR_MAX_SHARES];
    size_t n = share_list(shares_in, shares, MP_BUFFER_WRITE);
    check_apart(secret, shares, n);
    raise_on_error(shamir_split(secret.bytes, count_argument(k_in), n, random_source, shares));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(split_into_obj, split_into);

/// def combine(shares: list[bytearray] | list[bytes], /) -> bytearray:
///     """The secret of all given shares (2 to 16). Too few or wrong ones give a wrong secret:
///     compare with the key commitment."""
static mp_obj_t combine(mp_obj_t shares_in) {
    uint8_t *shares[SHAMIR_MAX_SHARES];
    size_t count = share_list(shares_in, shares, MP_BUFFER_READ);
    uint8_t *secret = m_new(uint8_t, SHAMIR_SECRET_BYTES);
    raise_on_error(shamir_combine((const uint8_t *const *)shares, count, secret));
    return mp_obj_new_bytearray_by_ref(SHAMIR_SECRET_BYTES, secret);
}
static MP_DEFINE_CONST_FUN_OBJ_1(combine_obj, combine);

// clang-format off
static const mp_rom_map_elem_t module_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_shamir) },
    { MP_ROM_QSTR(MP_QSTR_split), MP_ROM_PTR(&split_obj) },
    { MP_ROM_QSTR(MP_QSTR_split_into), MP_ROM_PTR(&split_into_obj) },
    { MP_ROM_QSTR(MP_QSTR_combine), MP_ROM_PTR(&combine_obj) },
};
// clang-format on
static MP_DEFINE_CONST_DICT(module_globals, module_globals_table);

const mp_obj_module_t shamir_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&module_globals,
};
MP_REGISTER_MODULE(MP_QSTR_shamir, shamir_module);
