// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "bindings.h"

#include "sodium/crypto_box.h"
#include "sodium/crypto_scalarmult_curve25519.h"
#include "sodium/crypto_sign_ed25519.h"

#include "arguments.h"
#include "library.h"

#define SIGN_SEED_BYTES crypto_sign_ed25519_SEEDBYTES
#define SIGN_PUBLIC_BYTES crypto_sign_ed25519_PUBLICKEYBYTES
#define SIGN_SECRET_BYTES crypto_sign_ed25519_SECRETKEYBYTES
#define SIGNATURE_BYTES crypto_sign_ed25519_BYTES
#define CURVE_BYTES crypto_scalarmult_curve25519_BYTES
#define SEAL_BYTES crypto_box_SEALBYTES

// A secret result, which the caller can wipe.
static mp_obj_t new_secret(size_t bytes, uint8_t **memory) {
    *memory = m_new(uint8_t, bytes);
    return mp_obj_new_bytearray_by_ref(bytes, *memory);
}

/// def sign_keypair(seed: Buffer, /) -> tuple[bytes, bytearray]:
///     """Ed25519 key pair (public 32, secret 64 bytes) of a 32-byte seed (RFC 8032)."""
static mp_obj_t sign_keypair(mp_obj_t seed_in) {
    const uint8_t *seed = argument_exact(seed_in, SIGN_SEED_BYTES, "seed");
    uint8_t public[SIGN_PUBLIC_BYTES];
    uint8_t *secret;
    mp_obj_t secret_obj = new_secret(SIGN_SECRET_BYTES, &secret);
    crypto_sign_ed25519_seed_keypair(public, secret, seed);
    mp_obj_t pair[] = {mp_obj_new_bytes(public, sizeof(public)), secret_obj};
    return mp_obj_new_tuple(MP_ARRAY_SIZE(pair), pair);
}
MP_DEFINE_CONST_FUN_OBJ_1(sodium_sign_keypair_obj, sign_keypair);

/// def sign(sk: Buffer, message: Buffer, /) -> bytes:
///     """Ed25519 signature, 64 bytes."""
static mp_obj_t sign(mp_obj_t sk, mp_obj_t message_in) {
    const uint8_t *secret = argument_exact(sk, SIGN_SECRET_BYTES, "sk");
    argument_t message = argument_input(message_in);
    uint8_t signature[SIGNATURE_BYTES];
    crypto_sign_ed25519_detached(signature, NULL, message.bytes, message.length, secret);
    return mp_obj_new_bytes(signature, sizeof(signature));
}
MP_DEFINE_CONST_FUN_OBJ_2(sodium_sign_obj, sign);

/// def verify(pk: Buffer, message: Buffer, signature: Buffer, /) -> None:
///     """Raises Error where the Ed25519 signature does not hold."""
static mp_obj_t verify(mp_obj_t pk, mp_obj_t message_in, mp_obj_t signature_in) {
    const uint8_t *public = argument_exact(pk, SIGN_PUBLIC_BYTES, "pk");
    argument_t message = argument_input(message_in);
    const uint8_t *signature = argument_exact(signature_in, SIGNATURE_BYTES, "signature");
    if (crypto_sign_ed25519_verify_detached(signature, message.bytes, message.length, public) !=
        0) {
        sodium_raise(MP_ERROR_TEXT("signature does not hold"));
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_3(sodium_verify_obj, verify);

/// def scalarmult(sk: Buffer, pk: Buffer, /) -> bytearray:
///     """X25519 (RFC 7748); raises Error where the result is zero (a key of small order)."""
static mp_obj_t scalarmult(mp_obj_t sk, mp_obj_t pk) {
    const uint8_t *secret = argument_exact(sk, CURVE_BYTES, "sk");
    const uint8_t *public = argument_exact(pk, CURVE_BYTES, "pk");
    uint8_t *shared;
    mp_obj_t shared_obj = new_secret(CURVE_BYTES, &shared);
    if (crypto_scalarmult_curve25519(shared, secret, public) != 0) {
        sodium_raise(MP_ERROR_TEXT("public key of small order"));
    }
    return shared_obj;
}
MP_DEFINE_CONST_FUN_OBJ_2(sodium_scalarmult_obj, scalarmult);

/// def scalarmult_base(sk: Buffer, /) -> bytes:
///     """The X25519 public key of a secret key."""
static mp_obj_t scalarmult_base(mp_obj_t sk) {
    const uint8_t *secret = argument_exact(sk, CURVE_BYTES, "sk");
    uint8_t public[CURVE_BYTES];
    crypto_scalarmult_curve25519_base(public, secret);
    return mp_obj_new_bytes(public, sizeof(public));
}
MP_DEFINE_CONST_FUN_OBJ_1(sodium_scalarmult_base_obj, scalarmult_base);

/// def seal(pk: Buffer, message: Buffer, /) -> bytes:
///     """Sealed box (crypto_box_seal), 48 bytes longer; Error where the key is of small order."""
static mp_obj_t seal(mp_obj_t pk, mp_obj_t message_in) {
    const uint8_t *public = argument_exact(pk, CURVE_BYTES, "pk");
    argument_t message = argument_input(message_in);
    vstr_t box;
    vstr_init_len(&box, message.length + SEAL_BYTES);
    if (crypto_box_seal((uint8_t *)box.buf, message.bytes, message.length, public) != 0) {
        sodium_raise(MP_ERROR_TEXT("public key of small order"));
    }
    return mp_obj_new_bytes_from_vstr(&box);
}
MP_DEFINE_CONST_FUN_OBJ_2(sodium_seal_obj, seal);

/// def seal_open(pk: Buffer, sk: Buffer, box: Buffer, /) -> bytearray:
///     """What a sealed box holds; raises Error where it does not open."""
static mp_obj_t seal_open(mp_obj_t pk, mp_obj_t sk, mp_obj_t box_in) {
    const uint8_t *public = argument_exact(pk, CURVE_BYTES, "pk");
    const uint8_t *secret = argument_exact(sk, CURVE_BYTES, "sk");
    argument_t box = argument_input(box_in);
    if (box.length < SEAL_BYTES) {
        sodium_raise(MP_ERROR_TEXT("sealed box is too short"));
    }
    uint8_t *message;
    mp_obj_t message_obj = new_secret(box.length - SEAL_BYTES, &message);
    if (crypto_box_seal_open(message, box.bytes, box.length, public, secret) != 0) {
        sodium_raise(MP_ERROR_TEXT("sealed box does not open"));
    }
    return message_obj;
}
MP_DEFINE_CONST_FUN_OBJ_3(sodium_seal_open_obj, seal_open);
