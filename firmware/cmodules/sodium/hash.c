// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "bindings.h"

#include <string.h>

#include "sodium/crypto_generichash_blake2b.h"
#include "sodium/crypto_hash_sha256.h"
#include "sodium/utils.h"

#include "arguments.h"

#define BLAKE2B_MAX_BYTES crypto_generichash_blake2b_BYTES_MAX
#define BLAKE2B_MAX_KEY_BYTES crypto_generichash_blake2b_KEYBYTES_MAX
#define SHA256_BYTES crypto_hash_sha256_BYTES

typedef struct {
    mp_obj_base_t base;
    size_t size;
    // libsodium's type asks for an alignment of 64, the heap gives 16: so it is kept as bytes and
    // copied out to the stack to be used.
    uint8_t state[sizeof(crypto_generichash_blake2b_state)];
} hash_object_t;

typedef struct {
    mp_obj_base_t base;
    crypto_hash_sha256_state state;
} sha256_object_t;

typedef struct {
    size_t size;
    argument_t key;
} hash_options_t;

// libsodium wipes its state, but not the copy of the last block that its compression works on: that stays
// on the stack. A hash of key material must leave none.
#define STACK_OF_A_HASH_BYTES 1024

static MP_NOINLINE void burn_stack(void) {
    uint8_t spent[STACK_OF_A_HASH_BYTES];
    sodium_memzero(spent, sizeof(spent));
}

static hash_options_t hash_options(const mp_arg_val_t size, const mp_arg_val_t key) {
    hash_options_t options = {
        .size = (size_t)argument_integer(size.u_obj, 1, BLAKE2B_MAX_BYTES, "size"),
        .key = argument_input(key.u_obj),
    };
    if (options.key.length > BLAKE2B_MAX_KEY_BYTES) {
        mp_raise_ValueError(MP_ERROR_TEXT("key must be at most 64 bytes"));
    }
    return options;
}

/// def hash(data: Buffer, size: int = 32, key: Buffer = b"") -> bytes:
///     """BLAKE2b (RFC 7693) of `size` (1 to 64) bytes, keyed if a key of up to 64 bytes is given.
///
///     No copy of the data is left behind.
///     """
static mp_obj_t hash(size_t n_args, const mp_obj_t *args, mp_map_t *keywords) {
    enum { DATA, SIZE, KEY };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_data, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_size, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_INT(32)}},
        {MP_QSTR_key, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_PTR(&mp_const_empty_bytes_obj)}},
    };
    mp_arg_val_t values[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, args, keywords, MP_ARRAY_SIZE(allowed), allowed, values);
    argument_t data = argument_input(values[DATA].u_obj);
    hash_options_t options = hash_options(values[SIZE], values[KEY]);
    uint8_t digest[BLAKE2B_MAX_BYTES];
    crypto_generichash_blake2b(digest, options.size, data.bytes, data.length, options.key.bytes,
                               options.key.length);
    burn_stack();
    return mp_obj_new_bytes(digest, options.size);
}
MP_DEFINE_CONST_FUN_OBJ_KW(sodium_hash_obj, 1, hash);

/// class Hash:
///     """BLAKE2b of what is given to update(); the same options as hash().
///
///     It keeps up to 128 bytes of the data, and of a key, in memory that nobody wipes: secrets go through hash().
///     """

/// def __init__(self, size: int = 32, key: Buffer = b"") -> None: ...
static mp_obj_t hash_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_keywords,
                              const mp_obj_t *args) {
    enum { SIZE, KEY };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_size, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_INT(32)}},
        {MP_QSTR_key, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_PTR(&mp_const_empty_bytes_obj)}},
    };
    mp_arg_val_t values[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_keywords, args, MP_ARRAY_SIZE(allowed), allowed, values);
    hash_options_t options = hash_options(values[SIZE], values[KEY]);
    hash_object_t *self = mp_obj_malloc(hash_object_t, type);
    self->size = options.size;
    crypto_generichash_blake2b_state state;
    crypto_generichash_blake2b_init(&state, options.key.bytes, options.key.length, options.size);
    memcpy(self->state, &state, sizeof(state));
    sodium_memzero(&state, sizeof(state));
    return MP_OBJ_FROM_PTR(self);
}

/// def update(self, data: Buffer, /) -> None: ...
static mp_obj_t hash_update(mp_obj_t self_in, mp_obj_t data_in) {
    hash_object_t *self = MP_OBJ_TO_PTR(self_in);
    argument_t data = argument_input(data_in);
    crypto_generichash_blake2b_state state;
    memcpy(&state, self->state, sizeof(state));
    crypto_generichash_blake2b_update(&state, data.bytes, data.length);
    memcpy(self->state, &state, sizeof(state));
    sodium_memzero(&state, sizeof(state));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(hash_update_obj, hash_update);

/// def digest(self) -> bytes:
///     """The hash of what came so far; more may follow."""
static mp_obj_t hash_digest(mp_obj_t self_in) {
    hash_object_t *self = MP_OBJ_TO_PTR(self_in);
    uint8_t digest[BLAKE2B_MAX_BYTES];
    crypto_generichash_blake2b_state state;
    memcpy(&state, self->state, sizeof(state));
    crypto_generichash_blake2b_final(&state, digest, self->size);
    sodium_memzero(&state, sizeof(state));
    return mp_obj_new_bytes(digest, self->size);
}
static MP_DEFINE_CONST_FUN_OBJ_1(hash_digest_obj, hash_digest);

/// def copy(self) -> Hash: ...
static mp_obj_t hash_copy(mp_obj_t self_in) {
    hash_object_t *self = MP_OBJ_TO_PTR(self_in);
    hash_object_t *other = mp_obj_malloc(hash_object_t, self->base.type);
    other->size = self->size;
    memcpy(other->state, self->state, sizeof(self->state));
    return MP_OBJ_FROM_PTR(other);
}
static MP_DEFINE_CONST_FUN_OBJ_1(hash_copy_obj, hash_copy);

/// def sha256(data: Buffer, /) -> bytes:
///     """SHA-256 (FIPS 180-4)."""
static mp_obj_t sha256(mp_obj_t data_in) {
    argument_t data = argument_input(data_in);
    uint8_t digest[SHA256_BYTES];
    crypto_hash_sha256(digest, data.bytes, data.length);
    return mp_obj_new_bytes(digest, sizeof(digest));
}
MP_DEFINE_CONST_FUN_OBJ_1(sodium_sha256_obj, sha256);

/// class Sha256:
///     """SHA-256 of what is given to update()."""

/// def __init__(self) -> None: ...
static mp_obj_t sha256_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_keywords,
                                const mp_obj_t *args) {
    (void)args;
    mp_arg_check_num(n_args, n_keywords, 0, 0, false);
    sha256_object_t *self = mp_obj_malloc(sha256_object_t, type);
    crypto_hash_sha256_init(&self->state);
    return MP_OBJ_FROM_PTR(self);
}

/// def update(self, data: Buffer, /) -> None: ...
static mp_obj_t sha256_update(mp_obj_t self_in, mp_obj_t data_in) {
    sha256_object_t *self = MP_OBJ_TO_PTR(self_in);
    argument_t data = argument_input(data_in);
    crypto_hash_sha256_update(&self->state, data.bytes, data.length);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(sha256_update_obj, sha256_update);

/// def digest(self) -> bytes:
///     """The hash of what came so far; more may follow."""
static mp_obj_t sha256_digest(mp_obj_t self_in) {
    sha256_object_t *self = MP_OBJ_TO_PTR(self_in);
    uint8_t digest[SHA256_BYTES];
    crypto_hash_sha256_state state = self->state;
    crypto_hash_sha256_final(&state, digest);
    sodium_memzero(&state, sizeof(state));
    return mp_obj_new_bytes(digest, sizeof(digest));
}
static MP_DEFINE_CONST_FUN_OBJ_1(sha256_digest_obj, sha256_digest);

/// def copy(self) -> Sha256: ...
static mp_obj_t sha256_copy(mp_obj_t self_in) {
    sha256_object_t *self = MP_OBJ_TO_PTR(self_in);
    sha256_object_t *other = mp_obj_malloc(sha256_object_t, self->base.type);
    other->state = self->state;
    return MP_OBJ_FROM_PTR(other);
}
static MP_DEFINE_CONST_FUN_OBJ_1(sha256_copy_obj, sha256_copy);

// clang-format off
static const mp_rom_map_elem_t hash_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_update), MP_ROM_PTR(&hash_update_obj) },
    { MP_ROM_QSTR(MP_QSTR_digest), MP_ROM_PTR(&hash_digest_obj) },
    { MP_ROM_QSTR(MP_QSTR_copy), MP_ROM_PTR(&hash_copy_obj) },
};
static MP_DEFINE_CONST_DICT(hash_locals, hash_locals_table);

static const mp_rom_map_elem_t sha256_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_update), MP_ROM_PTR(&sha256_update_obj) },
    { MP_ROM_QSTR(MP_QSTR_digest), MP_ROM_PTR(&sha256_digest_obj) },
    { MP_ROM_QSTR(MP_QSTR_copy), MP_ROM_PTR(&sha256_copy_obj) },
};
static MP_DEFINE_CONST_DICT(sha256_locals, sha256_locals_table);
// clang-format on

MP_DEFINE_CONST_OBJ_TYPE(sodium_hash_type, MP_QSTR_Hash, MP_TYPE_FLAG_NONE, make_new,
                         hash_make_new, locals_dict, &hash_locals);
MP_DEFINE_CONST_OBJ_TYPE(sodium_sha256_type, MP_QSTR_Sha256, MP_TYPE_FLAG_NONE, make_new,
                         sha256_make_new, locals_dict, &sha256_locals);
