// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "audio.h"
#include "ulaw.h"

#define SAMPLES AUDIO_FRAME_SAMPLES

static int16_t speaker[SAMPLES];

static void step(int16_t mic_level) {
    int16_t mic[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
        mic[i] = mic_level;
    }
    memset(speaker, 0x55, sizeof(speaker));
    audio_codec_frame(mic, speaker);
}

static bool speaker_is(int16_t level) {
    for (int i = 0; i < SAMPLES; i++) {
        if (speaker[i] != level) {
            return false;
        }
    }
    return true;
}

static bool frame_is(const uint8_t *frame, uint8_t code) {
    for (int i = 0; i < SAMPLES; i++) {
        if (frame[i] != code) {
            return false;
        }
    }
    return true;
}

static bool sends(uint8_t code) {
    uint8_t frame[SAMPLES];
    return audio_tx_read(frame) && frame_is(frame, code);
}

static bool sends_nothing(void) {
    uint8_t frame[SAMPLES];
    return !audio_tx_read(frame);
}

static bool records(uint8_t near_code, uint8_t far_code) {
    uint8_t near[SAMPLES];
    uint8_t far[SAMPLES];
    return audio_rec_read(near, far) && frame_is(near, near_code) && frame_is(far, far_code);
}

static bool records_nothing(void) {
    uint8_t near[SAMPLES];
    uint8_t far[SAMPLES];
    return !audio_rec_read(near, far);
}

static void hear(uint16_t sequence, uint8_t code, int frames) {
    uint8_t frame[SAMPLES];
    memset(frame, code, sizeof(frame));
    for (int i = 0; i < frames; i++) {
        audio_rx_write((uint16_t)(sequence + i), frame);
    }
}

static void prompt(uint8_t code, uint32_t bytes) {
    for (uint32_t i = 0; i < bytes; i++) {
        CHECK(audio_prompt_write(&code, 1) == 1);
    }
}

static audio_stats_t stats(void) {
    audio_stats_t now;
    audio_stats(&now);
    return now;
}

static void silent_while_stopped(void) {
    audio_start();
    audio_route(AUDIO_ALL_ROUTES);
    audio_tone(440, 0, 1000, 0, AUDIO_ALL_LEGS);
    audio_stop();
    step(5000);
    CHECK(speaker_is(0) && sends_nothing() && records_nothing());
    CHECK(stats().frames == 0);
}

static void nothing_is_routed_at_the_start(void) {
    audio_start();
    hear(0, 0x10, 8);
    for (int i = 0; i < 8; i++) {
        step(5000);
        CHECK(speaker_is(0));
    }
    CHECK(sends_nothing() && records_nothing());
}

static void speech_passes_both_ways(void) {
    audio_start();
    audio_route(AUDIO_ALL_ROUTES);
    hear(0, 0x10, 4);
    for (int i = 0; i < 4; i++) {
        step(5000);
        CHECK(speaker_is(ulaw_decode(0x10)));
        CHECK(sends(ulaw_encode(5000)));
        CHECK(records(ulaw_encode(5000), 0x10));
    }
    CHECK(sends_nothing() && records_nothing());
    audio_stats_t now = stats();
    CHECK(now.frames == 4 && now.tx_frames == 4 && now.rec_frames == 4 && now.jitter.played == 4);
}

static void recorder_keeps_silence_for_unrouted_legs(void) {
    audio_start();
    audio_route(AUDIO_ROUTE_REC | AUDIO_ROUTE_TX);
    hear(0, 0x10, 8);
    step(5000);
    CHECK(records(ulaw_encode(5000), ULAW_SILENCE));
    audio_route(AUDIO_ROUTE_REC | AUDIO_ROUTE_RX);
    step(5000);
    CHECK(records(ULAW_SILENCE, 0x10));
    audio_route(AUDIO_ROUTE_REC);
    step(5000);
    CHECK(records(ULAW_SILENCE, ULAW_SILENCE));
    CHECK(speaker_is(0));
}

static void prompts_go_to_their_legs(void) {
    audio_start();
    prompt(0x20, SAMPLES);
    step(5000); // not routed: the prompt alone
    CHECK(speaker_is(ulaw_decode(0x20)) && sends_nothing());

    audio_prompt_legs(AUDIO_LEG_FAR);
    prompt(0x20, SAMPLES);
    step(5000);
    CHECK(speaker_is(0) && sends(0x20));

    audio_route(AUDIO_ALL_ROUTES);
    audio_prompt_legs(AUDIO_ALL_LEGS);
    prompt(0x20, SAMPLES);
    step(100);
    CHECK(speaker_is(ulaw_decode(0x20)));
    uint8_t mixed = ulaw_encode((int16_t)(100 + ulaw_decode(0x20)));
    CHECK(sends(mixed) &&
          records(mixed, ULAW_SILENCE)); // the far party heard it; he did not say it
    CHECK(audio_prompt_pending() == 0);
}

static void prompt_may_end_within_a_frame(void) {
    audio_start();
    prompt(0x20, SAMPLES + 10);
    CHECK(audio_prompt_pending() == SAMPLES + 10);
    step(0);
    step(0);
    CHECK(speaker[9] == ulaw_decode(0x20) && speaker[10] == 0);
    CHECK(stats().prompt_underrun == 1);
    step(0);
    CHECK(speaker_is(0) && stats().prompt_underrun == 1);
}

static void prompt_clear_keeps_the_next(void) {
    audio_start();
    static uint8_t codes[AUDIO_PROMPT_BYTES + 7];
    memset(codes, 0x20, sizeof(codes));
    CHECK(audio_prompt_write(codes, sizeof(codes)) == AUDIO_PROMPT_BYTES);
    audio_prompt_clear();
    CHECK(audio_prompt_pending() == 0);
    step(0);
    CHECK(speaker_is(0));
    prompt(0x30, SAMPLES);
    audio_prompt_clear();
    prompt(0x31, SAMPLES);
    step(0);
    CHECK(speaker_is(ulaw_decode(0x31)));
}

static void sums_saturate(void) {
    audio_start();
    audio_route(AUDIO_ROUTE_TX | AUDIO_ROUTE_RX);
    audio_prompt_legs(AUDIO_ALL_LEGS);
    hear(0, 0x80, 4);
    prompt(0x80, SAMPLES);
    step(INT16_MAX);
    CHECK(speaker_is(INT16_MAX) && sends(0x80));
    hear(4, 0x00, 4);
    for (int i = 0; i < 3; i++) {
        step(0);
        CHECK(sends(ULAW_SILENCE));
    }
    prompt(0x00, SAMPLES);
    audio_volume(AUDIO_VOLUME_STEPS - 1);
    step(INT16_MIN);
    CHECK(speaker_is(INT16_MIN) && sends(0x00));
}

static void volume_steps_are_3_db(void) {
    static const double factor[] = {0.355, 0.501, 0.708, 1.0, 1.413, 1.995, 2.818, 3.981};
    audio_start();
    audio_route(AUDIO_ROUTE_RX);
    hear(0, 0xa0, 8);
    int level = ulaw_decode(0xa0);
    for (uint32_t i = 0; i < AUDIO_VOLUME_STEPS; i++) {
        audio_volume(i);
        step(0);
        CHECK(abs(speaker[0] - (int)(level * factor[i])) < level / 100);
    }
}

static void tone_sounds_where_asked(void) {
    audio_start();
    audio_tone(1000, 0, 40, 40, AUDIO_LEG_FAR);
    step(0);
    CHECK(speaker_is(0));
    uint8_t frame[SAMPLES];
    CHECK(audio_tx_read(frame) && !frame_is(frame, ULAW_SILENCE));
    step(0);
    CHECK(audio_tx_read(frame));
    step(0);
    CHECK(sends(ULAW_SILENCE)); // the pause of the cadence is sent as silence
    audio_tone(0, 0, 1, 0, 0);
    step(0);
    CHECK(sends_nothing());
    audio_tone(1000, 0, 40, 0, AUDIO_LEG_NEAR);
    step(0);
    CHECK(!speaker_is(0) && sends_nothing());
}

static void overruns_drop_the_new_and_count(void) {
    audio_start();
    audio_route(AUDIO_ALL_ROUTES);
    for (int i = 0; i < AUDIO_REC_FRAMES + 5; i++) {
        step((int16_t)(i * 300));
    }
    audio_stats_t now = stats();
    CHECK(now.tx_frames == AUDIO_TX_FRAMES);
    CHECK(now.tx_overrun == AUDIO_REC_FRAMES + 5 - AUDIO_TX_FRAMES);
    CHECK(now.rec_frames == AUDIO_REC_FRAMES && now.rec_overrun == 5);
    for (int i = 0; i < AUDIO_REC_FRAMES; i++) {
        CHECK(records(ulaw_encode((int16_t)(i * 300)), ULAW_SILENCE));
    }
    CHECK(records_nothing());
    hear(0, 0x10, AUDIO_RX_FRAMES + 3);
    CHECK(stats().rx_overrun == 3);
}

static void call_starts_clean(void) {
    audio_start();
    audio_route(AUDIO_ALL_ROUTES);
    audio_prompt_legs(AUDIO_ALL_LEGS);
    audio_tone(440, 480, 1000, 0, AUDIO_ALL_LEGS);
    audio_volume(7);
    prompt(0x20, 1000);
    hear(0, 0x10, 16);
    for (int i = 0; i < 3; i++) {
        step(9000);
    }
    hear(16, 0x10, 8); // still in the rx ring
    audio_start();
    CHECK(audio_prompt_pending() == 0 && sends_nothing() && records_nothing());
    audio_route(AUDIO_ALL_ROUTES);
    for (int i = 0; i < 10; i++) {
        step(0);
        CHECK(speaker_is(0) && sends(ULAW_SILENCE) && records(ULAW_SILENCE, ULAW_SILENCE));
    }
    audio_stats_t now = stats();
    CHECK(now.frames == 10 && now.jitter.received == 0 && now.tx_overrun == 0);
    uint16_t near;
    uint16_t far;
    audio_level(&near, &far);
    CHECK(near == 0 && far == 0);
}

static void level_rises_at_once_and_falls(void) {
    audio_start();
    uint16_t near;
    uint16_t far;
    step(INT16_MIN);
    audio_level(&near, &far);
    CHECK(near == INT16_MAX && far == 0);
    for (int i = 0; i < 100; i++) {
        uint16_t before = near;
        step(0);
        audio_level(&near, &far);
        CHECK(near < before || near == 0);
    }
    CHECK(near == 0);
}

void test_audio(void) {
    silent_while_stopped();
    nothing_is_routed_at_the_start();
    speech_passes_both_ways();
    recorder_keeps_silence_for_unrouted_legs();
    prompts_go_to_their_legs();
    prompt_may_end_within_a_frame();
    prompt_clear_keeps_the_next();
    sums_saturate();
    volume_steps_are_3_db();
    tone_sounds_where_asked();
    overruns_drop_the_new_and_count();
    call_starts_clean();
    level_rises_at_once_and_falls();
}
