// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "shamir.h"

#include "wipe.h"

#define FIELD_POLYNOMIAL 0x1b // x^8 + x^4 + x^3 + x + 1 without its top bit

// Product in the field, without branches or look-ups that depend on either operand.
static uint8_t field_multiply(uint8_t a, uint8_t b) {
    uint8_t product = 0;
    for (int bit = 0; bit < 8; bit++) {
        uint8_t take = (uint8_t)(0U - (b & 1U));
        uint8_t carry = (uint8_t)(0U - (uint8_t)(a >> 7));
        product ^= (uint8_t)(a & take);
        a = (uint8_t)((uint8_t)(a << 1) ^ (FIELD_POLYNOMIAL & carry));
        b >>= 1;
    }
    return product;
}

// a^254 = 1/a, since the multiplicative group has 255 elements.
static uint8_t field_inverse(uint8_t a) {
    uint8_t power = a;
    for (int step = 0; step < 6; step++) {
        power = field_multiply(field_multiply(power, power), a);
    }
    return field_multiply(power, power);
}

shamir_error_t shamir_split(const uint8_t secret[SHAMIR_SECRET_BYTES], size_t k, size_t n,
                            shamir_random_t random, uint8_t *const shares[]) {
    if (k < SHAMIR_MIN_QUORUM || n < k) {
        return SHAMIR_BAD_QUORUM;
    }
    if (n > SHAMIR_MAX_SHARES) {
        return SHAMIR_TOO_MANY_SHARES;
    }
    uint8_t coefficients[SHAMIR_MAX_SHARES - 1][SHAMIR_SECRET_BYTES];
    if (random(coefficients, (k - 1) * SHAMIR_SECRET_BYTES) != 0) {
        wipe(coefficients, sizeof(coefficients));
        return SHAMIR_RANDOM_FAILED;
    }
    for (size_t share = 0; share < n; share++) {
        uint8_t x = (uint8_t)(share + 1);
        shares[share][0] = x;
        for (size_t i = 0; i < SHAMIR_SECRET_BYTES; i++) {
            uint8_t y = 0;
            for (size_t degree = k - 1; degree > 0; degree--) {
                y = field_multiply(y ^ coefficients[degree - 1][i], x);
            }
            shares[share][1 + i] = y ^ secret[i];
        }
    }
    wipe(coefficients, sizeof(coefficients));
    return SHAMIR_OK;
}

static shamir_error_t check_indexes(const uint8_t *const shares[], size_t count) {
    if (count < SHAMIR_MIN_QUORUM) {
        return SHAMIR_BAD_QUORUM;
    }
    if (count > SHAMIR_MAX_SHARES) {
        return SHAMIR_TOO_MANY_SHARES;
    }
    for (size_t i = 0; i < count; i++) {
        if (shares[i][0] == 0 || shares[i][0] > SHAMIR_MAX_SHARES) {
            return SHAMIR_BAD_INDEX;
        }
        for (size_t j = 0; j < i; j++) {
            if (shares[i][0] == shares[j][0]) {
                return SHAMIR_DUPLICATE_INDEX;
            }
        }
    }
    return SHAMIR_OK;
}

// Lagrange basis polynomial of one share at 0; subtraction is addition in this field.
static uint8_t basis_at_zero(const uint8_t *const shares[], size_t count, size_t which) {
    uint8_t numerator = 1;
    uint8_t denominator = 1;
    for (size_t other = 0; other < count; other++) {
        if (other != which) {
            numerator = field_multiply(numerator, shares[other][0]);
            denominator = field_multiply(denominator, shares[other][0] ^ shares[which][0]);
        }
    }
    return field_multiply(numerator, field_inverse(denominator));
}

shamir_error_t shamir_combine(const uint8_t *const shares[], size_t count,
                              uint8_t secret[SHAMIR_SECRET_BYTES]) {
    shamir_error_t error = check_indexes(shares, count);
    if (error != SHAMIR_OK) {
        return error;
    }
    uint8_t sum[SHAMIR_SECRET_BYTES] = {0};
    for (size_t share = 0; share < count; share++) {
        uint8_t basis = basis_at_zero(shares, count, share);
        for (size_t i = 0; i < SHAMIR_SECRET_BYTES; i++) {
            sum[i] ^= field_multiply(shares[share][1 + i], basis);
        }
    }
    for (size_t i = 0; i < SHAMIR_SECRET_BYTES; i++) {
        secret[i] = sum[i];
    }
    wipe(sum, sizeof(sum));
    return SHAMIR_OK;
}
