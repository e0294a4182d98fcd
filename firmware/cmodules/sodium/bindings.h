// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// What the module's table takes from its other files.

#ifndef SEALINE_CMODULES_SODIUM_BINDINGS_H
#define SEALINE_CMODULES_SODIUM_BINDINGS_H

#include "py/obj.h"

extern const mp_obj_type_t sodium_hash_type;
extern const mp_obj_type_t sodium_sha256_type;
extern const mp_obj_fun_builtin_var_t sodium_hash_obj;
extern const mp_obj_fun_builtin_fixed_t sodium_sha256_obj;

extern const mp_obj_fun_builtin_fixed_t sodium_sign_keypair_obj;
extern const mp_obj_fun_builtin_fixed_t sodium_sign_obj;
extern const mp_obj_fun_builtin_fixed_t sodium_verify_obj;
extern const mp_obj_fun_builtin_fixed_t sodium_scalarmult_obj;
extern const mp_obj_fun_builtin_fixed_t sodium_scalarmult_base_obj;
extern const mp_obj_fun_builtin_fixed_t sodium_seal_obj;
extern const mp_obj_fun_builtin_fixed_t sodium_seal_open_obj;

extern const mp_obj_fun_builtin_var_t sodium_aead_encrypt_obj;
extern const mp_obj_fun_builtin_var_t sodium_aead_encrypt_into_obj;
extern const mp_obj_fun_builtin_var_t sodium_aead_decrypt_obj;
extern const mp_obj_fun_builtin_var_t sodium_aead_decrypt_into_obj;
extern const mp_obj_fun_builtin_var_t sodium_xaead_encrypt_obj;
extern const mp_obj_fun_builtin_var_t sodium_xaead_encrypt_into_obj;
extern const mp_obj_fun_builtin_var_t sodium_xaead_decrypt_obj;
extern const mp_obj_fun_builtin_var_t sodium_xaead_decrypt_into_obj;

#endif
