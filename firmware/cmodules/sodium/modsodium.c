// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

/// """libsodium: hashes, signatures, key agreement, sealed boxes and authenticated encryption.
///
/// All inputs take any buffer. A wrong length raises ValueError naming the argument; what does not
/// verify, decrypt or open raises Error. Secret results are bytearrays, so that memzero() can wipe
/// them.
/// """
///
/// class Error(Exception):
///     """A signature, ciphertext or key did not hold."""

#include "bindings.h"

#include "py/objexcept.h"
#include "sodium/utils.h"

#include "arguments.h"
#include "library.h"

#if !MICROPY_MODULE_BUILTIN_INIT
#error "the module must run __init__ on import: libsodium needs its set-up"
#endif

#define MAX_RANDOM_BYTES 4096 // more at once is a mistake, and memory is short

MP_DEFINE_CONST_OBJ_TYPE(mp_type_SodiumError, MP_QSTR_Error, MP_TYPE_FLAG_NONE, make_new,
                         mp_obj_exception_make_new, print, mp_obj_exception_print, attr,
                         mp_obj_exception_attr, parent, &mp_type_Exception);

NORETURN void sodium_raise(mp_rom_error_text_t message) {
    mp_raise_msg(&mp_type_SodiumError, message);
}

static mp_obj_t module_init(void) {
    sodium_library_init();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(module_init_obj, module_init);

/// def random(n: int, /) -> bytes:
///     """n (0 to 4096) random bytes from the board. For keys use random_into()."""
static mp_obj_t random_bytes(mp_obj_t n) {
    vstr_t result;
    vstr_init_len(&result, (size_t)argument_integer(n, 0, MAX_RANDOM_BYTES, "n"));
    sodium_library_random(result.buf, result.len);
    return mp_obj_new_bytes_from_vstr(&result);
}
static MP_DEFINE_CONST_FUN_OBJ_1(random_bytes_obj, random_bytes);

/// def random_into(buf: MutableBuffer, /) -> None:
///     """Fills the buffer with random bytes from the board."""
static mp_obj_t random_into(mp_obj_t buf) {
    argument_t out = argument_output(buf);
    sodium_library_random(out.bytes, out.length);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(random_into_obj, random_into);

/// def equal(a: Buffer, b: Buffer, /) -> bool:
///     """Compares in a time that depends on the lengths only."""
static mp_obj_t equal(mp_obj_t a, mp_obj_t b) {
    argument_t first = argument_input(a);
    argument_t second = argument_input(b);
    return mp_obj_new_bool(first.length == second.length &&
                           sodium_memcmp(first.bytes, second.bytes, first.length) == 0);
}
static MP_DEFINE_CONST_FUN_OBJ_2(equal_obj, equal);

/// def memzero(buf: MutableBuffer, /) -> None:
///     """Overwrites a secret with zeros."""
static mp_obj_t memzero(mp_obj_t buf) {
    argument_t secret = argument_output(buf);
    sodium_memzero(secret.bytes, secret.length);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(memzero_obj, memzero);

// clang-format off
static const mp_rom_map_elem_t module_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_sodium) },
    { MP_ROM_QSTR(MP_QSTR___init__), MP_ROM_PTR(&module_init_obj) },
    { MP_ROM_QSTR(MP_QSTR_Error), MP_ROM_PTR(&mp_type_SodiumError) },
    { MP_ROM_QSTR(MP_QSTR_random), MP_ROM_PTR(&random_bytes_obj) },
    { MP_ROM_QSTR(MP_QSTR_random_into), MP_ROM_PTR(&random_into_obj) },
    { MP_ROM_QSTR(MP_QSTR_equal), MP_ROM_PTR(&equal_obj) },
    { MP_ROM_QSTR(MP_QSTR_memzero), MP_ROM_PTR(&memzero_obj) },
    { MP_ROM_QSTR(MP_QSTR_hash), MP_ROM_PTR(&sodium_hash_obj) },
    { MP_ROM_QSTR(MP_QSTR_Hash), MP_ROM_PTR(&sodium_hash_type) },
    { MP_ROM_QSTR(MP_QSTR_sha256), MP_ROM_PTR(&sodium_sha256_obj) },
    { MP_ROM_QSTR(MP_QSTR_Sha256), MP_ROM_PTR(&sodium_sha256_type) },
    { MP_ROM_QSTR(MP_QSTR_sign_keypair), MP_ROM_PTR(&sodium_sign_keypair_obj) },
    { MP_ROM_QSTR(MP_QSTR_sign), MP_ROM_PTR(&sodium_sign_obj) },
    { MP_ROM_QSTR(MP_QSTR_verify), MP_ROM_PTR(&sodium_verify_obj) },
    { MP_ROM_QSTR(MP_QSTR_scalarmult), MP_ROM_PTR(&sodium_scalarmult_obj) },
    { MP_ROM_QSTR(MP_QSTR_scalarmult_base), MP_ROM_PTR(&sodium_scalarmult_base_obj) },
    { MP_ROM_QSTR(MP_QSTR_seal), MP_ROM_PTR(&sodium_seal_obj) },
    { MP_ROM_QSTR(MP_QSTR_seal_open), MP_ROM_PTR(&sodium_seal_open_obj) },
    { MP_ROM_QSTR(MP_QSTR_aead_encrypt), MP_ROM_PTR(&sodium_aead_encrypt_obj) },
    { MP_ROM_QSTR(MP_QSTR_aead_encrypt_into), MP_ROM_PTR(&sodium_aead_encrypt_into_obj) },
    { MP_ROM_QSTR(MP_QSTR_aead_decrypt), MP_ROM_PTR(&sodium_aead_decrypt_obj) },
    { MP_ROM_QSTR(MP_QSTR_aead_decrypt_into), MP_ROM_PTR(&sodium_aead_decrypt_into_obj) },
    { MP_ROM_QSTR(MP_QSTR_xaead_encrypt), MP_ROM_PTR(&sodium_xaead_encrypt_obj) },
    { MP_ROM_QSTR(MP_QSTR_xaead_encrypt_into), MP_ROM_PTR(&sodium_xaead_encrypt_into_obj) },
    { MP_ROM_QSTR(MP_QSTR_xaead_decrypt), MP_ROM_PTR(&sodium_xaead_decrypt_obj) },
    { MP_ROM_QSTR(MP_QSTR_xaead_decrypt_into), MP_ROM_PTR(&sodium_xaead_decrypt_into_obj) },
};
// clang-format on
static MP_DEFINE_CONST_DICT(module_globals, module_globals_table);

const mp_obj_module_t sodium_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&module_globals,
};
MP_REGISTER_MODULE(MP_QSTR_sodium, sodium_module);
