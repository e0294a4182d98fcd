// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// Shamir's secret sharing of a 32-byte key over GF(2^8) with the polynomial of AES (FIPS 197,
// section 4.2), one polynomial a byte. A share is its index x (1 to N), then 32 bytes f(x).
// Running time depends on K, N and the indexes only, which are public.

#ifndef SEALINE_LIB_SHAMIR_H
#define SEALINE_LIB_SHAMIR_H

#include <stddef.h>
#include <stdint.h>

#define SHAMIR_SECRET_BYTES 32
#define SHAMIR_SHARE_BYTES (1 + SHAMIR_SECRET_BYTES)
#define SHAMIR_MAX_SHARES                                                                         \
    16                      // bounds the coefficients on the stack; a custodian set is far smaller
#define SHAMIR_MIN_QUORUM 2 // one share alone must never be the key

typedef enum {
    SHAMIR_OK,
    SHAMIR_BAD_QUORUM,      // K < 2 or N < K
    SHAMIR_TOO_MANY_SHARES, // N > SHAMIR_MAX_SHARES
    SHAMIR_BAD_INDEX,       // a share's index is 0 or beyond SHAMIR_MAX_SHARES
    SHAMIR_DUPLICATE_INDEX, // two shares have the same index
    SHAMIR_RANDOM_FAILED,   // the random source returned an error
} shamir_error_t;

// Fills `bytes` bytes with uniform random data; anything but 0 stops the split.
typedef int (*shamir_random_t)(void *buffer, size_t bytes);

// Writes N shares, any K of which give the secret back. On an error the shares are untouched.
shamir_error_t shamir_split(const uint8_t secret[SHAMIR_SECRET_BYTES], size_t k, size_t n,
                            shamir_random_t random, uint8_t *const shares[]);

// Interpolates f(0) from all given shares. Shares carry no checksum: the caller compares with the
// key commitment. On an error `secret` is untouched.
shamir_error_t shamir_combine(const uint8_t *const shares[], size_t count,
                              uint8_t secret[SHAMIR_SECRET_BYTES]);

#endif
