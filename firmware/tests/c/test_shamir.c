// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "check.h"

#include <string.h>

#include "shamir.h"

typedef struct {
    uint8_t bytes[SHAMIR_MAX_SHARES][SHAMIR_SHARE_BYTES];
    uint8_t *list[SHAMIR_MAX_SHARES];
} share_set_t;

static uint8_t coefficients[(SHAMIR_MAX_SHARES - 1) * SHAMIR_SECRET_BYTES];
static size_t random_bytes_asked;

static int given_coefficients(void *buffer, size_t bytes) {
    random_bytes_asked = bytes;
    memcpy(buffer, coefficients, bytes);
    return 0;
}

static int dead_source(void *buffer, size_t bytes) {
    memset(buffer, 0xee, bytes);
    return -1;
}

static share_set_t *clear(share_set_t *set) {
    memset(set->bytes, 0, sizeof(set->bytes));
    for (int i = 0; i < SHAMIR_MAX_SHARES; i++) {
        set->list[i] = set->bytes[i];
    }
    return set;
}

// An independent, slow field: by logarithms to the base 3, a generator.
static uint8_t exponent[255];
static uint8_t logarithm[256];

static void make_slow_field(void) {
    unsigned value = 1;
    for (int i = 0; i < 255; i++) {
        exponent[i] = (uint8_t)value;
        logarithm[value] = (uint8_t)i;
        unsigned doubled = value << 1;
        value = (doubled ^ value ^ ((doubled & 0x100) != 0 ? 0x11b : 0)) & 0xff;
    }
}

static uint8_t slow_multiply(uint8_t a, uint8_t b) {
    return a == 0 || b == 0 ? 0 : exponent[(logarithm[a] + logarithm[b]) % 255];
}

// FIPS 197 section 4.2.1: {57} * {02}, {04}, {08}, {10} = {ae}, {47}, {8e}, {07}.
static void follows_published_products(void) {
    static const uint8_t products[][2] = {{2, 0xae}, {4, 0x47}, {8, 0x8e}, {16, 0x07}};
    static const uint8_t secret[SHAMIR_SECRET_BYTES];
    share_set_t set;
    memset(coefficients, 0x57, sizeof(coefficients)); // f(x) = {57} x
    CHECK(shamir_split(secret, 2, 16, given_coefficients, clear(&set)->list) == SHAMIR_OK);
    for (size_t i = 0; i < 4; i++) {
        CHECK(set.bytes[products[i][0] - 1][1] == products[i][1]);
        CHECK(set.bytes[products[i][0] - 1][SHAMIR_SECRET_BYTES] == products[i][1]);
    }
}

static void fill(uint8_t *bytes, size_t count, uint32_t *random) {
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)next_number(random);
    }
}

static void equals_slow_model(void) {
    uint32_t random = 7;
    uint8_t secret[SHAMIR_SECRET_BYTES];
    share_set_t set;
    for (size_t k = 2; k <= SHAMIR_MAX_SHARES; k++) {
        fill(secret, sizeof(secret), &random);
        fill(coefficients, sizeof(coefficients), &random);
        CHECK(shamir_split(secret, k, SHAMIR_MAX_SHARES, given_coefficients, clear(&set)->list) ==
              SHAMIR_OK);
        CHECK(random_bytes_asked == (k - 1) * SHAMIR_SECRET_BYTES);
        for (size_t share = 0; share < SHAMIR_MAX_SHARES; share++) {
            CHECK(set.bytes[share][0] == share + 1);
            for (size_t i = 0; i < SHAMIR_SECRET_BYTES; i++) {
                uint8_t sum = secret[i];
                uint8_t power = 1;
                for (size_t degree = 1; degree < k; degree++) {
                    power = slow_multiply(power, (uint8_t)(share + 1));
                    uint8_t factor = coefficients[(degree - 1) * SHAMIR_SECRET_BYTES + i];
                    sum ^= slow_multiply(power, factor);
                }
                CHECK(set.bytes[share][1 + i] == sum);
            }
        }
    }
}

// Every subset of K of 5 shares gives the secret back, no smaller one does.
static void quorum_opens(void) {
    uint32_t random = 3;
    uint8_t secret[SHAMIR_SECRET_BYTES];
    uint8_t opened[SHAMIR_SECRET_BYTES];
    share_set_t set;
    for (size_t k = 2; k <= 5; k++) {
        fill(secret, sizeof(secret), &random);
        fill(coefficients, sizeof(coefficients), &random);
        CHECK(shamir_split(secret, k, 5, given_coefficients, clear(&set)->list) == SHAMIR_OK);
        for (unsigned subset = 0; subset < 32; subset++) {
            const uint8_t *chosen[5];
            size_t count = 0;
            for (int i = 4; i >= 0; i--) {
                if ((subset >> i & 1) != 0) {
                    chosen[count++] = set.bytes[i];
                }
            }
            shamir_error_t error = shamir_combine(chosen, count, opened);
            CHECK(error == (count < 2 ? SHAMIR_BAD_QUORUM : SHAMIR_OK));
            if (count >= 2) {
                CHECK((memcmp(opened, secret, sizeof(secret)) == 0) == (count >= k));
            }
        }
    }
}

static void refuses_bad_quorums(void) {
    static const uint8_t secret[SHAMIR_SECRET_BYTES] = {1};
    static const share_set_t untouched;
    share_set_t set;
    uint8_t *const *list = clear(&set)->list;
    CHECK(shamir_split(secret, 0, 3, given_coefficients, list) == SHAMIR_BAD_QUORUM);
    CHECK(shamir_split(secret, 1, 3, given_coefficients, list) == SHAMIR_BAD_QUORUM);
    CHECK(shamir_split(secret, 4, 3, given_coefficients, list) == SHAMIR_BAD_QUORUM);
    CHECK(shamir_split(secret, 2, 17, given_coefficients, list) == SHAMIR_TOO_MANY_SHARES);
    CHECK(shamir_split(secret, SIZE_MAX, SIZE_MAX, given_coefficients, list) ==
          SHAMIR_TOO_MANY_SHARES);
    CHECK(shamir_split(secret, 2, 3, dead_source, list) == SHAMIR_RANDOM_FAILED);
    CHECK(memcmp(set.bytes, untouched.bytes, sizeof(set.bytes)) == 0);
}

static void refuses_bad_shares(void) {
    static const uint8_t secret[SHAMIR_SECRET_BYTES] = {1};
    uint8_t opened[SHAMIR_SECRET_BYTES];
    memset(opened, 0xaa, sizeof(opened));
    share_set_t set;
    CHECK(shamir_split(secret, 2, 3, given_coefficients, clear(&set)->list) == SHAMIR_OK);
    const uint8_t *chosen[SHAMIR_MAX_SHARES + 1] = {set.bytes[0], set.bytes[0]};
    CHECK(shamir_combine(chosen, 2, opened) == SHAMIR_DUPLICATE_INDEX);
    CHECK(shamir_combine(chosen, 0, opened) == SHAMIR_BAD_QUORUM);
    CHECK(shamir_combine(chosen, SHAMIR_MAX_SHARES + 1, opened) == SHAMIR_TOO_MANY_SHARES);
    chosen[1] = set.bytes[1];
    set.bytes[1][0] = 0; // f(0) itself
    CHECK(shamir_combine(chosen, 2, opened) == SHAMIR_BAD_INDEX);
    set.bytes[1][0] = SHAMIR_MAX_SHARES + 1;
    CHECK(shamir_combine(chosen, 2, opened) == SHAMIR_BAD_INDEX);
    for (size_t i = 0; i < sizeof(opened); i++) {
        CHECK(opened[i] == 0xaa);
    }
}

void test_shamir(void) {
    make_slow_field();
    follows_published_products();
    equals_slow_model();
    quorum_opens();
    refuses_bad_quorums();
    refuses_bad_shares();
}
