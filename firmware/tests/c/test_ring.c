// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "check.h"

#include <string.h>

#include "ring.h"

#define ITEMS 8

static void start_indexes_at(ring_t *ring, uint32_t index) {
    ring->head = index;
    ring->discard = index;
    ring->tail = index;
}

static void full_and_empty(void) {
    uint8_t storage[ITEMS];
    ring_t ring = RING_INIT(storage, ITEMS, 1);
    uint8_t out[ITEMS];
    CHECK(ring_read(&ring, out, 1) == 0);
    CHECK(ring_peek(&ring) == NULL);
    CHECK(ring_write(&ring, "abcdefghij", 10) == ITEMS);
    CHECK(ring_write(&ring, "k", 1) == 0);
    CHECK(ring_reserve(&ring) == NULL);
    CHECK(ring_used(&ring) == ITEMS);
    CHECK(ring_read(&ring, out, 100) == ITEMS && memcmp(out, "abcdefgh", ITEMS) == 0);
    CHECK(ring_used(&ring) == 0);
}

// Against a queue of numbers, over the wrap of the storage and of the 32-bit indexes.
static void order_over_wraps(void) {
    uint32_t storage[ITEMS];
    ring_t ring = RING_INIT((uint8_t *)storage, ITEMS, sizeof(uint32_t));
    start_indexes_at(&ring, UINT32_MAX - 500);
    uint32_t random = 1;
    uint32_t written = 0;
    uint32_t read = 0;
    for (int turn = 0; turn < 2000; turn++) {
        uint32_t batch[ITEMS + 2];
        uint32_t wanted = next_number(&random) % (ITEMS + 3);
        for (uint32_t i = 0; i < wanted; i++) {
            batch[i] = written + i;
        }
        uint32_t room = ITEMS - (written - read);
        uint32_t taken = ring_write(&ring, batch, wanted);
        CHECK(taken == (wanted < room ? wanted : room));
        written += taken;
        CHECK(ring_used(&ring) == written - read);
        uint32_t got = ring_read(&ring, batch, next_number(&random) % (ITEMS + 3));
        for (uint32_t i = 0; i < got; i++) {
            CHECK(batch[i] == read + i);
        }
        read += got;
    }
    CHECK(ring.head < UINT32_MAX - 500); // the indexes did wrap
}

static void reserve_is_invisible_until_commit(void) {
    uint8_t storage[ITEMS * 2];
    ring_t ring = RING_INIT(storage, ITEMS, 2);
    memcpy(ring_reserve(&ring), "xy", 2);
    CHECK(ring_peek(&ring) == NULL);
    ring_commit(&ring);
    const uint8_t *item = ring_peek(&ring);
    CHECK(item != NULL && memcmp(item, "xy", 2) == 0);
    CHECK(ring_used(&ring) == 1);
    ring_release(&ring);
    CHECK(ring_used(&ring) == 0);
}

static void discard_keeps_what_follows(void) {
    uint8_t storage[ITEMS];
    ring_t ring = RING_INIT(storage, ITEMS, 1);
    start_indexes_at(&ring, UINT32_MAX - 2); // the mark lies behind the wrap
    uint8_t out[ITEMS];
    CHECK(ring_write(&ring, "old", 3) == 3);
    ring_discard(&ring);
    CHECK(ring_used(&ring) == 0);
    CHECK(ring_peek(&ring) == NULL);
    CHECK(ring_write(&ring, "new", 3) == 3);
    CHECK(ring_used(&ring) == 3);
    CHECK(ring_read(&ring, out, ITEMS) == 3 && memcmp(out, "new", 3) == 0);
}

static void reset_leaves_nothing(void) {
    uint8_t storage[ITEMS];
    ring_t ring = RING_INIT(storage, ITEMS, 1);
    ring_write(&ring, "secret", 6);
    ring_reset(&ring);
    static const uint8_t zeros[ITEMS];
    CHECK(ring_used(&ring) == 0 && memcmp(storage, zeros, ITEMS) == 0);
}

void test_ring(void) {
    full_and_empty();
    order_over_wraps();
    reserve_is_invisible_until_commit();
    discard_keeps_what_follows();
    reset_leaves_nothing();
}
