// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "audio.h"

#include <string.h>

#include "ring.h"
#include "tone.h"
#include "ulaw.h"
#include "wipe.h"

typedef struct {
    uint16_t sequence;
    uint8_t frame[AUDIO_FRAME_SAMPLES];
} rx_item_t;

// A tone as asked for; `generation` is odd while it is being written.
typedef struct {
    uint32_t generation;
    uint32_t legs;
    tone_t tone;
} tone_request_t;

static uint8_t tx_storage[AUDIO_TX_FRAMES * AUDIO_FRAME_SAMPLES];
static rx_item_t rx_storage[AUDIO_RX_FRAMES];
static audio_pair_t rec_storage[AUDIO_REC_FRAMES];
static uint8_t prompt_storage[AUDIO_PROMPT_BYTES];

static ring_t tx_ring = RING_INIT(tx_storage, AUDIO_TX_FRAMES, AUDIO_FRAME_SAMPLES);
static ring_t rx_ring = RING_INIT((uint8_t *)rx_storage, AUDIO_RX_FRAMES, sizeof(rx_item_t));
static ring_t rec_ring = RING_INIT((uint8_t *)rec_storage, AUDIO_REC_FRAMES, sizeof(audio_pair_t));
static ring_t prompt_ring = RING_INIT(prompt_storage, AUDIO_PROMPT_BYTES, 1);

static tone_request_t tone_request;

// Written by the foreground, read by the codec's interrupt.
static struct {
    uint32_t running;
    uint32_t routes;
    uint32_t prompt_legs;
    uint32_t volume;
    uint32_t rx_overrun;
} control;

// Owned by the codec's interrupt; the foreground reads single words of it.
static struct {
    uint32_t busy;
    uint32_t tone_generation;
    uint32_t tone_legs;
    tone_t tone;
    jitter_t jitter;
    uint32_t near_peak;
    uint32_t far_peak;
    audio_stats_t stats;
} engine;

// 4096 * 10^(dB / 20) for -9, -6 ... +12 dB
static const uint16_t volume_gain[AUDIO_VOLUME_STEPS] = {1453, 2053, 2900,  4096,
                                                         5786, 8173, 11544, 16306};

static uint32_t get(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }

static void set(uint32_t *word, uint32_t value) {
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

static int16_t saturate(int32_t sample) {
    return (int16_t)(sample > INT16_MAX ? INT16_MAX : sample < INT16_MIN ? INT16_MIN : sample);
}

// ---- the foreground's side

void audio_stop(void) {
    set(&control.running, 0);
    while (get(&engine.busy) != 0) { // only where the codec is a thread: an interrupt is done
    }
    ring_reset(&tx_ring);
    ring_reset(&rx_ring);
    ring_reset(&rec_ring);
    ring_reset(&prompt_ring);
    memset(&tone_request, 0, sizeof(tone_request));
    wipe(&engine, sizeof(engine));
    memset(&control, 0, sizeof(control));
    control.volume = AUDIO_VOLUME_DEFAULT;
    control.prompt_legs = AUDIO_LEG_NEAR;
}

void audio_start(void) {
    audio_stop();
    set(&control.running, 1);
}

void audio_route(uint32_t routes) { set(&control.routes, routes & AUDIO_ALL_ROUTES); }

bool audio_tx_read(uint8_t frame[AUDIO_FRAME_SAMPLES]) {
    return ring_read(&tx_ring, frame, 1) == 1;
}

bool audio_rx_write(uint16_t sequence, const uint8_t frame[AUDIO_FRAME_SAMPLES]) {
    rx_item_t *item = ring_reserve(&rx_ring);
    if (item == NULL) {
        set(&control.rx_overrun, control.rx_overrun + 1);
        return false;
    }
    item->sequence = sequence;
    memcpy(item->frame, frame, AUDIO_FRAME_SAMPLES);
    ring_commit(&rx_ring);
    return true;
}

bool audio_rec_read(uint8_t near[AUDIO_FRAME_SAMPLES], uint8_t far[AUDIO_FRAME_SAMPLES]) {
    const audio_pair_t *pair = ring_peek(&rec_ring);
    if (pair == NULL) {
        return false;
    }
    memcpy(near, pair->near, AUDIO_FRAME_SAMPLES);
    memcpy(far, pair->far, AUDIO_FRAME_SAMPLES);
    ring_release(&rec_ring);
    return true;
}

uint32_t audio_prompt_write(const uint8_t *codes, uint32_t bytes) {
    return ring_write(&prompt_ring, codes, bytes);
}

uint32_t audio_prompt_pending(void) { return ring_used(&prompt_ring); }

void audio_prompt_legs(uint32_t legs) { set(&control.prompt_legs, legs & AUDIO_ALL_LEGS); }

void audio_prompt_clear(void) { ring_discard(&prompt_ring); }

void audio_tone(uint32_t first_hz, uint32_t second_hz, uint32_t on_ms, uint32_t off_ms,
                uint32_t legs) {
    set(&tone_request.generation, tone_request.generation + 1);
    tone_set(&tone_request.tone, first_hz, second_hz, on_ms, off_ms);
    tone_request.legs = legs & AUDIO_ALL_LEGS;
    set(&tone_request.generation, tone_request.generation + 1);
}

void audio_volume(uint32_t step) {
    set(&control.volume, step < AUDIO_VOLUME_STEPS ? step : AUDIO_VOLUME_STEPS - 1);
}

void audio_level(uint16_t *near, uint16_t *far) {
    *near = (uint16_t)get(&engine.near_peak);
    *far = (uint16_t)get(&engine.far_peak);
}

void audio_stats(audio_stats_t *stats) {
    *stats = engine.stats;
    stats->rx_overrun = control.rx_overrun;
    stats->jitter = engine.jitter.counts;
}

// ---- the codec's side

static void take_tone_request(void) {
    uint32_t before = get(&tone_request.generation);
    if (before == engine.tone_generation || (before & 1) != 0) {
        return;
    }
    tone_t tone = tone_request.tone;
    uint32_t legs = tone_request.legs;
    if (get(&tone_request.generation) == before) { // else it changed meanwhile: next frame
        engine.tone = tone;
        engine.tone_legs = legs;
        engine.tone_generation = before;
    }
}

static uint32_t peak(uint32_t previous, const int16_t *samples) {
    uint32_t highest = previous - (previous + 7) / 8;
    for (uint32_t i = 0; i < AUDIO_FRAME_SAMPLES; i++) {
        uint32_t magnitude = (uint32_t)(samples[i] < 0 ? -(int32_t)samples[i] : samples[i]);
        highest = magnitude > highest ? magnitude : highest;
    }
    return highest > INT16_MAX ? INT16_MAX : highest;
}

// Adds prompt and tone to the legs they are meant for; returns the legs in which any sounds.
static uint32_t mix_announcements(int32_t *near, int32_t *far) {
    int32_t tone[AUDIO_FRAME_SAMPLES] = {0};
    uint8_t codes[AUDIO_FRAME_SAMPLES];
    uint32_t prompt_legs = get(&control.prompt_legs);
    uint32_t sounding = 0;

    uint32_t bytes = ring_read(&prompt_ring, codes, AUDIO_FRAME_SAMPLES);
    sounding |= bytes > 0 ? prompt_legs : 0;
    engine.stats.prompt_underrun += bytes > 0 && bytes < AUDIO_FRAME_SAMPLES ? 1 : 0;

    take_tone_request();
    if (engine.tone_legs != 0) {
        tone_add(&engine.tone, tone, AUDIO_FRAME_SAMPLES);
        sounding |= engine.tone_legs;
    }
    for (uint32_t i = 0; i < AUDIO_FRAME_SAMPLES; i++) {
        int32_t prompt = i < bytes ? ulaw_decode(codes[i]) : 0;
        near[i] += (prompt_legs & AUDIO_LEG_NEAR) != 0 ? prompt : 0;
        near[i] += (engine.tone_legs & AUDIO_LEG_NEAR) != 0 ? tone[i] : 0;
        far[i] += (prompt_legs & AUDIO_LEG_FAR) != 0 ? prompt : 0;
        far[i] += (engine.tone_legs & AUDIO_LEG_FAR) != 0 ? tone[i] : 0;
    }
    return sounding;
}

static void receive(uint8_t far[AUDIO_FRAME_SAMPLES]) {
    const rx_item_t *item;
    while ((item = ring_peek(&rx_ring)) != NULL) {
        jitter_put(&engine.jitter, item->sequence, item->frame);
        ring_release(&rx_ring);
    }
    jitter_take(&engine.jitter, far);
}

static void send(const uint8_t near[AUDIO_FRAME_SAMPLES]) {
    if (ring_write(&tx_ring, near, 1) == 1) {
        engine.stats.tx_frames++;
    } else {
        engine.stats.tx_overrun++;
    }
}

static void record(const uint8_t near[AUDIO_FRAME_SAMPLES],
                   const uint8_t far[AUDIO_FRAME_SAMPLES]) {
    audio_pair_t *pair = ring_reserve(&rec_ring);
    if (pair == NULL) {
        engine.stats.rec_overrun++;
        return;
    }
    memcpy(pair->near, near, AUDIO_FRAME_SAMPLES);
    memcpy(pair->far, far, AUDIO_FRAME_SAMPLES);
    ring_commit(&rec_ring);
    engine.stats.rec_frames++;
}

static void run_frame(const int16_t *mic, int16_t *spk) {
    uint32_t routes = get(&control.routes);
    uint8_t near_codes[AUDIO_FRAME_SAMPLES];
    uint8_t far_codes[AUDIO_FRAME_SAMPLES];
    int32_t to_far[AUDIO_FRAME_SAMPLES];
    int32_t to_near[AUDIO_FRAME_SAMPLES];

    receive(far_codes); // also while not routed, so that nothing old waits for the route
    if ((routes & AUDIO_ROUTE_RX) == 0) {
        memset(far_codes, ULAW_SILENCE, AUDIO_FRAME_SAMPLES);
    }
    ulaw_decode_block(spk, far_codes, AUDIO_FRAME_SAMPLES);
    engine.far_peak = peak(engine.far_peak, spk);
    engine.near_peak = peak(engine.near_peak, mic);
    for (uint32_t i = 0; i < AUDIO_FRAME_SAMPLES; i++) {
        to_near[i] = spk[i];
        to_far[i] = (routes & AUDIO_ROUTE_TX) != 0 ? mic[i] : 0;
    }
    uint32_t sounding = mix_announcements(to_near, to_far);
    int32_t gain = volume_gain[get(&control.volume)];
    for (uint32_t i = 0; i < AUDIO_FRAME_SAMPLES; i++) {
        near_codes[i] = ulaw_encode(saturate(to_far[i]));
        spk[i] = saturate(saturate(to_near[i]) * gain / 4096);
    }
    if ((routes & AUDIO_ROUTE_TX) != 0 || (sounding & AUDIO_LEG_FAR) != 0) {
        send(near_codes);
    }
    if ((routes & AUDIO_ROUTE_REC) != 0) {
        record(near_codes, far_codes);
    }
    engine.stats.frames++;
}

void audio_codec_frame(const int16_t *mic, int16_t *spk) {
    set(&engine.busy, 1);
    if (get(&control.running) != 0) {
        run_frame(mic, spk);
    } else {
        memset(spk, 0, AUDIO_FRAME_SAMPLES * sizeof(*spk));
    }
    set(&engine.busy, 0);
}
