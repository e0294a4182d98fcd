// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// Ring of fixed-size items for one producer and one consumer that may interrupt each other.
// Neither side ever waits. Indexes run freely and wrap at 2^32, so capacity is a power of two.

#ifndef SEALINE_LIB_RING_H
#define SEALINE_LIB_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t *storage; // capacity * item_bytes
    uint32_t item_bytes;
    uint32_t capacity; // items, a power of two
    uint32_t head;     // written by the producer only: items ever put in
    uint32_t discard;  // written by the producer only: items before it are void
    uint32_t tail;     // written by the consumer only: items ever taken out
} ring_t;

// Initialiser over a static array of `items * bytes` bytes.
#define RING_INIT(array, items, bytes)                                                            \
    {.storage = (array), .item_bytes = (bytes), .capacity = (items)}

// Producer: puts in up to `items` items, returns how many fitted.
uint32_t ring_write(ring_t *ring, const void *source, uint32_t items);
// Producer: the place of the next item, or NULL when full; ring_commit() makes it visible.
void *ring_reserve(ring_t *ring);
void ring_commit(ring_t *ring);
// Producer: voids everything put in so far; what is put in afterwards is kept.
void ring_discard(ring_t *ring);

// Consumer: takes out up to `items` items, returns how many there were.
uint32_t ring_read(ring_t *ring, void *destination, uint32_t items);
// Consumer: the oldest item, or NULL when empty; ring_release() frees its place.
const void *ring_peek(ring_t *ring);
void ring_release(ring_t *ring);

// Either side: items waiting, discarded ones not counted.
uint32_t ring_used(const ring_t *ring);

// Only while neither side is active: empties the ring and zeroes its storage.
void ring_reset(ring_t *ring);

#endif
