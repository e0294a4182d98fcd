// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "bindings.h"

#include "sodium/crypto_aead_chacha20poly1305.h"
#include "sodium/crypto_aead_xchacha20poly1305.h"

#include "arguments.h"
#include "library.h"

#define KEY_BYTES crypto_aead_chacha20poly1305_ietf_KEYBYTES
#define TAG_BYTES crypto_aead_chacha20poly1305_ietf_ABYTES

_Static_assert(KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "one key size");
_Static_assert(TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "one tag size");

// Both algorithms have the same C signatures.
typedef struct {
    size_t nonce_bytes;
    int (*encrypt)(unsigned char *c, unsigned long long *c_bytes, const unsigned char *m,
                   unsigned long long m_bytes, const unsigned char *ad,
                   unsigned long long ad_bytes, const unsigned char *no_secret_nonce,
                   const unsigned char *nonce, const unsigned char *key);
    int (*decrypt)(unsigned char *m, unsigned long long *m_bytes, unsigned char *no_secret_nonce,
                   const unsigned char *c, unsigned long long c_bytes, const unsigned char *ad,
                   unsigned long long ad_bytes, const unsigned char *nonce,
                   const unsigned char *key);
} algorithm_t;

static const algorithm_t chacha = {
    .nonce_bytes = crypto_aead_chacha20poly1305_ietf_NPUBBYTES,
    .encrypt = crypto_aead_chacha20poly1305_ietf_encrypt,
    .decrypt = crypto_aead_chacha20poly1305_ietf_decrypt,
};

static const algorithm_t xchacha = {
    .nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    .encrypt = crypto_aead_xchacha20poly1305_ietf_encrypt,
    .decrypt = crypto_aead_xchacha20poly1305_ietf_decrypt,
};

typedef struct {
    argument_t key;
    argument_t nonce;
    argument_t ad;
    argument_t text; // message or ciphertext
} operands_t;

// Parses key, nonce, ad, text.
static operands_t parse_operands(const algorithm_t *algorithm, const mp_obj_t *args) {
    operands_t operands = {
        .key = argument_input(args[0]),
        .nonce = argument_input(args[1]),
        .ad = argument_input(args[2]),
        .text = argument_input(args[3]),
    };
    argument_check_length(operands.key, KEY_BYTES, "key");
    argument_check_length(operands.nonce, algorithm->nonce_bytes, "nonce");
    return operands;
}

// The output may lie exactly on the text (in place) and on nothing else.
static void check_output(argument_t out, size_t needed, const operands_t *operands) {
    if (out.length < needed) {
        mp_raise_ValueError(MP_ERROR_TEXT("out is too short"));
    }
    out.length = needed;
    if (argument_overlap(out, operands->key) || argument_overlap(out, operands->nonce) ||
        argument_overlap(out, operands->ad) ||
        (argument_overlap(out, operands->text) && out.bytes != operands->text.bytes)) {
        mp_raise_ValueError(MP_ERROR_TEXT("out overlaps an input"));
    }
}

static size_t plain_length(const operands_t *operands) {
    if (operands->text.length < TAG_BYTES) {
        sodium_raise(MP_ERROR_TEXT("ciphertext is too short"));
    }
    return operands->text.length - TAG_BYTES;
}

static void run_encrypt(const algorithm_t *algorithm, uint8_t *out, const operands_t *operands) {
    algorithm->encrypt(out, NULL, operands->text.bytes, operands->text.length, operands->ad.bytes,
                       operands->ad.length, NULL, operands->nonce.bytes, operands->key.bytes);
}

static void run_decrypt(const algorithm_t *algorithm, uint8_t *out, const operands_t *operands) {
    if (algorithm->decrypt(out, NULL, NULL, operands->text.bytes, operands->text.length,
                           operands->ad.bytes, operands->ad.length, operands->nonce.bytes,
                           operands->key.bytes) != 0) {
        sodium_raise(MP_ERROR_TEXT("ciphertext does not verify"));
    }
}

static mp_obj_t encrypt(const algorithm_t *algorithm, const mp_obj_t *args) {
    operands_t operands = parse_operands(algorithm, args);
    vstr_t result;
    vstr_init_len(&result, operands.text.length + TAG_BYTES);
    run_encrypt(algorithm, (uint8_t *)result.buf, &operands);
    return mp_obj_new_bytes_from_vstr(&result);
}

static mp_obj_t encrypt_into(const algorithm_t *algorithm, const mp_obj_t *args) {
    argument_t out = argument_output(args[0]);
    operands_t operands = parse_operands(algorithm, args + 1);
    size_t length = operands.text.length + TAG_BYTES;
    check_output(out, length, &operands);
    run_encrypt(algorithm, out.bytes, &operands);
    return mp_obj_new_int_from_uint(length);
}

static mp_obj_t decrypt(const algorithm_t *algorithm, const mp_obj_t *args) {
    operands_t operands = parse_operands(algorithm, args);
    vstr_t result;
    vstr_init_len(&result, plain_length(&operands));
    run_decrypt(algorithm, (uint8_t *)result.buf, &operands);
    return mp_obj_new_bytes_from_vstr(&result);
}

static mp_obj_t decrypt_into(const algorithm_t *algorithm, const mp_obj_t *args) {
    argument_t out = argument_output(args[0]);
    operands_t operands = parse_operands(algorithm, args + 1);
    size_t length = plain_length(&operands);
    check_output(out, length, &operands);
    run_decrypt(algorithm, out.bytes, &operands);
    return mp_obj_new_int_from_uint(length);
}

/// def aead_encrypt(key: Buffer, nonce: Buffer, ad: Buffer, message: Buffer, /) -> bytes:
///     """ChaCha20-Poly1305 (RFC 8439), nonce of 12 bytes; the tag's 16 bytes follow the text."""
static mp_obj_t aead_encrypt(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    return encrypt(&chacha, args);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(sodium_aead_encrypt_obj, 4, 4, aead_encrypt);

/// def aead_encrypt_into(
///     out: MutableBuffer, key: Buffer, nonce: Buffer, ad: Buffer, message: Buffer, /
/// ) -> int:
///     """Writes to `out`, which may begin where `message` does; returns the bytes written."""
static mp_obj_t aead_encrypt_into(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    return encrypt_into(&chacha, args);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(sodium_aead_encrypt_into_obj, 5, 5, aead_encrypt_into);

/// def aead_decrypt(key: Buffer, nonce: Buffer, ad: Buffer, ciphertext: Buffer, /) -> bytes:
///     """Raises Error where the ciphertext does not verify."""
static mp_obj_t aead_decrypt(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    return decrypt(&chacha, args);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(sodium_aead_decrypt_obj, 4, 4, aead_decrypt);

/// def aead_decrypt_into(
///     out: MutableBuffer, key: Buffer, nonce: Buffer, ad: Buffer, ciphertext: Buffer, /
/// ) -> int:
///     """As aead_encrypt_into(); where it does not verify, `out` is zeros (in place: all is lost)."""
static mp_obj_t aead_decrypt_into(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    return decrypt_into(&chacha, args);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(sodium_aead_decrypt_into_obj, 5, 5, aead_decrypt_into);

/// def xaead_encrypt(key: Buffer, nonce: Buffer, ad: Buffer, message: Buffer, /) -> bytes:
///     """aead_encrypt() by XChaCha20-Poly1305, nonce of 24 bytes."""
static mp_obj_t xaead_encrypt(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    return encrypt(&xchacha, args);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(sodium_xaead_encrypt_obj, 4, 4, xaead_encrypt);

/// def xaead_encrypt_into(
///     out: MutableBuffer, key: Buffer, nonce: Buffer, ad: Buffer, message: Buffer, /
/// ) -> int:
///     """aead_encrypt_into() by XChaCha20-Poly1305, nonce of 24 bytes."""
static mp_obj_t xaead_encrypt_into(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    return encrypt_into(&xchacha, args);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(sodium_xaead_encrypt_into_obj, 5, 5, xaead_encrypt_into);

/// def xaead_decrypt(key: Buffer, nonce: Buffer, ad: Buffer, ciphertext: Buffer, /) -> bytes:
///     """aead_decrypt() by XChaCha20-Poly1305, nonce of 24 bytes."""
static mp_obj_t xaead_decrypt(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    return decrypt(&xchacha, args);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(sodium_xaead_decrypt_obj, 4, 4, xaead_decrypt);

/// def xaead_decrypt_into(
///     out: MutableBuffer, key: Buffer, nonce: Buffer, ad: Buffer, ciphertext: Buffer, /
/// ) -> int:
///     """aead_decrypt_into() by XChaCha20-Poly1305, nonce of 24 bytes."""
static mp_obj_t xaead_decrypt_into(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    return decrypt_into(&xchacha, args);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(sodium_xaead_decrypt_into_obj, 5, 5, xaead_decrypt_into);
