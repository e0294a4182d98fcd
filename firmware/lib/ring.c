// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "ring.h"

#include <string.h>

#include "wipe.h"

static uint32_t load(const uint32_t *index) { return __atomic_load_n(index, __ATOMIC_ACQUIRE); }

static void store(uint32_t *index, uint32_t value) {
    __atomic_store_n(index, value, __ATOMIC_RELEASE);
}

static uint8_t *item(const ring_t *ring, uint32_t index) {
    return ring->storage + (size_t)(index & (ring->capacity - 1)) * ring->item_bytes;
}

// Where reading goes on: the later of tail and discard, as distances on the wrapping counter.
static uint32_t first_valid(const ring_t *ring) {
    uint32_t tail = load(&ring->tail);
    uint32_t discard = load(&ring->discard);
    return (int32_t)(discard - tail) > 0 ? discard : tail;
}

// The smaller of what is wanted and what lies in one piece up to the end of the storage.
static uint32_t piece(const ring_t *ring, uint32_t index, uint32_t items) {
    uint32_t to_end = ring->capacity - (index & (ring->capacity - 1));
    return items < to_end ? items : to_end;
}

uint32_t ring_write(ring_t *ring, const void *source, uint32_t items) {
    uint32_t head = ring->head;
    uint32_t room = ring->capacity - (head - load(&ring->tail));
    uint32_t taken = items < room ? items : room;
    uint32_t first = piece(ring, head, taken);
    size_t first_bytes = (size_t)first * ring->item_bytes;
    memcpy(item(ring, head), source, first_bytes);
    memcpy(ring->storage, (const uint8_t *)source + first_bytes,
           (size_t)(taken - first) * ring->item_bytes);
    store(&ring->head, head + taken);
    return taken;
}

void *ring_reserve(ring_t *ring) {
    bool full = ring->head - load(&ring->tail) >= ring->capacity;
    return full ? NULL : item(ring, ring->head);
}

void ring_commit(ring_t *ring) { store(&ring->head, ring->head + 1); }

void ring_discard(ring_t *ring) { store(&ring->discard, ring->head); }

uint32_t ring_read(ring_t *ring, void *destination, uint32_t items) {
    uint32_t from = first_valid(ring);
    uint32_t used = load(&ring->head) - from;
    uint32_t taken = items < used ? items : used;
    uint32_t first = piece(ring, from, taken);
    size_t first_bytes = (size_t)first * ring->item_bytes;
    memcpy(destination, item(ring, from), first_bytes);
    memcpy((uint8_t *)destination + first_bytes, ring->storage,
           (size_t)(taken - first) * ring->item_bytes);
    store(&ring->tail, from + taken);
    return taken;
}

const void *ring_peek(ring_t *ring) {
    uint32_t from = first_valid(ring);
    store(&ring->tail, from);
    return load(&ring->head) == from ? NULL : item(ring, from);
}

void ring_release(ring_t *ring) { store(&ring->tail, ring->tail + 1); }

uint32_t ring_used(const ring_t *ring) { return load(&ring->head) - first_valid(ring); }

void ring_reset(ring_t *ring) {
    wipe(ring->storage, (size_t)ring->capacity * ring->item_bytes);
    ring->head = 0;
    ring->discard = 0;
    store(&ring->tail, 0);
}
