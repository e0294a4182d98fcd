// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "library.h"

#include "sodium/core.h"
#include "sodium/randombytes.h"

#include "board_random.h"

void sodium_library_random(void *buffer, size_t bytes) {
    if (board_random(buffer, bytes) != 0) {
        sodium_misuse(); // aborts: a key from a dead source would be worse than no phone
    }
}

static const char *name(void) { return "board"; }

static uint32_t random_word(void) {
    uint32_t word;
    sodium_library_random(&word, sizeof(word));
    return word;
}

static randombytes_implementation board_implementation = {
    .implementation_name = name,
    .random = random_word,
    .buf = sodium_library_random,
};

void sodium_library_init(void) {
    randombytes_set_implementation(&board_implementation);
    if (sodium_init() < 0) {
        sodium_misuse();
    }
}

// Algorithms that sodium_init() would choose variants of, and that this image leaves out.
int _crypto_pwhash_argon2_pick_best_implementation(void);
int _crypto_aead_aegis128l_pick_best_implementation(void);
int _crypto_aead_aegis256_pick_best_implementation(void);

int _crypto_pwhash_argon2_pick_best_implementation(void) { return 0; }

int _crypto_aead_aegis128l_pick_best_implementation(void) { return 0; }

int _crypto_aead_aegis256_pick_best_implementation(void) { return 0; }
