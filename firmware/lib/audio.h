// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// The audio engine: full duplex, clocked by the codec, one 20 ms frame at a time. The board calls
// audio_codec_frame() in interrupt context; everything else is called by one other context. Rings
// between the two have one producer and one consumer each, so nobody waits.
//
//   mic ---TX---> (+ prompt, tone: FAR leg) -> mu-law -> tx ring -> link
//   link -> rx ring -> jitter buffer ---RX---> (+ prompt, tone: NEAR leg) -> volume -> speaker
//
// The recorder takes the mu-law frames themselves: "near" is what goes to the far party (prompts
// included), "far" is what came from him, after the jitter buffer, before prompts and volume. A
// leg that is not routed is silence.

#ifndef SEALINE_LIB_AUDIO_H
#define SEALINE_LIB_AUDIO_H

#include <stdbool.h>
#include <stdint.h>

#include "jitter.h"

#define AUDIO_FRAME_SAMPLES 160 // 20 ms at 8 kHz; a mu-law frame has as many bytes
#define AUDIO_TX_FRAMES 16      // 320 ms: longer than any stall after which speech is of use
#define AUDIO_RX_FRAMES 16      // what can arrive between two codec frames: JITTER_SLOTS
#define AUDIO_REC_FRAMES 64     // 1.28 s: one chunk of 1 s while the one before is being sealed
#define AUDIO_PROMPT_BYTES 4096 // 0.5 s

typedef enum { AUDIO_ROUTE_TX = 1, AUDIO_ROUTE_RX = 2, AUDIO_ROUTE_REC = 4 } audio_route_t;
typedef enum { AUDIO_LEG_NEAR = 1, AUDIO_LEG_FAR = 2 } audio_leg_t;

#define AUDIO_ALL_ROUTES (AUDIO_ROUTE_TX | AUDIO_ROUTE_RX | AUDIO_ROUTE_REC)
#define AUDIO_ALL_LEGS (AUDIO_LEG_NEAR | AUDIO_LEG_FAR)

// Speaker gain in steps of 3 dB, -9 to +12 dB.
#define AUDIO_VOLUME_STEPS 8
#define AUDIO_VOLUME_DEFAULT 3 // 0 dB

typedef struct {
    uint8_t near[AUDIO_FRAME_SAMPLES];
    uint8_t far[AUDIO_FRAME_SAMPLES];
} audio_pair_t;

typedef struct {
    uint32_t frames;          // codec frames since the start
    uint32_t tx_frames;       // put into the tx ring
    uint32_t tx_overrun;      // dropped: tx ring full
    uint32_t rx_overrun;      // dropped: rx ring full
    uint32_t rec_frames;      // pairs put into the recorder ring
    uint32_t rec_overrun;     // pairs lost: recorder ring full
    uint32_t prompt_underrun; // frames in which a prompt ran dry in its midst
    jitter_counts_t jitter;
} audio_stats_t;

// Starts clean: all rings empty and zeroed, counters 0, no route, no tone, default volume.
void audio_start(void);
// Silences both legs and wipes everything that was heard or said.
void audio_stop(void);

void audio_route(uint32_t routes); // set of audio_route_t

bool audio_tx_read(uint8_t frame[AUDIO_FRAME_SAMPLES]); // false: none waiting
bool audio_rx_write(uint16_t sequence, const uint8_t frame[AUDIO_FRAME_SAMPLES]);
bool audio_rec_read(uint8_t near[AUDIO_FRAME_SAMPLES], uint8_t far[AUDIO_FRAME_SAMPLES]);

uint32_t audio_prompt_write(const uint8_t *codes, uint32_t bytes); // returns bytes taken
uint32_t audio_prompt_pending(void);                               // bytes yet to be played
void audio_prompt_legs(uint32_t legs);                             // set of audio_leg_t
void audio_prompt_clear(void);

void audio_tone(uint32_t first_hz, uint32_t second_hz, uint32_t on_ms, uint32_t off_ms,
                uint32_t legs); // legs 0: off

void audio_volume(uint32_t step);

// Peaks, 0 to 32767, falling by 1/8 a frame: the microphone, and the far party as decoded.
void audio_level(uint16_t *near, uint16_t *far);

void audio_stats(audio_stats_t *stats);

// Called by the board once per codec frame, in interrupt context: takes what the microphone gave,
// writes what the speaker gets. Never blocks, never allocates; silence while stopped.
void audio_codec_frame(const int16_t *mic, int16_t *spk);

#endif
