// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

/// """The audio engine: routes, rings and announcements of one call at 8 kHz, frames of 20 ms.
///
/// The codec runs it in interrupt context; these functions move whole mu-law frames (160 bytes)
/// in and out of its rings. None of those called once a frame allocates memory.
/// """
///
/// TX: int
/// """Route: microphone to the far party."""
/// RX: int
/// """Route: far party to the speaker."""
/// REC: int
/// """Route: both legs to the recorder."""
/// NEAR: int
/// """Leg: the speaker of this handset."""
/// FAR: int
/// """Leg: the far party."""

#include "py/obj.h"
#include "py/runtime.h"

#include "arguments.h"
#include "audio.h"
#include "tone.h"
#include "ulaw.h"

#define MAX_FRAMES_PER_LEG 4096 // far above a chunk's 50: keeps the arithmetic in range

/// def start() -> None:
///     """Starts clean: rings empty and zeroed, counters 0, no route, no tone, default volume."""
static mp_obj_t start(void) {
    audio_start();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(start_obj, start);

/// def stop() -> None:
///     """Silences both legs and wipes every ring."""
static mp_obj_t stop(void) {
    audio_stop();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(stop_obj, stop);

/// def route(routes: int, /) -> None:
///     """Sets the routes: a sum of TX, RX and REC."""
static mp_obj_t route(mp_obj_t routes) {
    audio_route((uint32_t)argument_integer(routes, 0, AUDIO_ALL_ROUTES, "routes"));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(route_obj, route);

/// def tx_read_into(frame: MutableBuffer, /) -> bool:
///     """Takes the oldest frame meant for the far party; False where none waits."""
static mp_obj_t tx_read_into(mp_obj_t frame) {
    return mp_obj_new_bool(
        audio_tx_read(argument_exact_output(frame, AUDIO_FRAME_SAMPLES, "frame")));
}
static MP_DEFINE_CONST_FUN_OBJ_1(tx_read_into_obj, tx_read_into);

/// def rx_write(sequence: int, frame: Buffer, /) -> None:
///     """Gives the jitter buffer a frame of the far party, with its 16-bit sequence number."""
static mp_obj_t rx_write(mp_obj_t sequence_in, mp_obj_t frame) {
    mp_int_t sequence = argument_integer(sequence_in, 0, UINT16_MAX, "sequence");
    (void)audio_rx_write((uint16_t)sequence,
                         argument_exact(frame, AUDIO_FRAME_SAMPLES, "frame")); // drops count
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(rx_write_obj, rx_write);

/// def rec_read_into(buf: MutableBuffer, frame_index: int, frames_per_leg: int, /) -> bool:
///     """Takes the oldest recorded pair: near (what went to the far party, prompts included) to
///     frame `frame_index` of `buf`, far (what came from him, before prompts and volume) to frame
///     `frames_per_leg + frame_index`. A leg not routed is silence. False where none waits."""
static mp_obj_t rec_read_into(mp_obj_t buf, mp_obj_t frame_index, mp_obj_t frames_per_leg) {
    size_t frames =
        (size_t)argument_integer(frames_per_leg, 1, MAX_FRAMES_PER_LEG, "frames_per_leg");
    size_t index = (size_t)argument_integer(frame_index, 0, (mp_int_t)frames - 1, "frame_index");
    argument_t chunk = argument_output(buf);
    if (chunk.length < 2 * frames * AUDIO_FRAME_SAMPLES) {
        mp_raise_ValueError(MP_ERROR_TEXT("buf is too short"));
    }
    return mp_obj_new_bool(audio_rec_read(chunk.bytes + index * AUDIO_FRAME_SAMPLES,
                                          chunk.bytes + (frames + index) * AUDIO_FRAME_SAMPLES));
}
static MP_DEFINE_CONST_FUN_OBJ_3(rec_read_into_obj, rec_read_into);

/// def prompt_write(codes: Buffer, /) -> int:
///     """Queues mu-law samples of an announcement; returns how many were taken."""
static mp_obj_t prompt_write(mp_obj_t codes_in) {
    argument_t codes = argument_input(codes_in);
    uint32_t bytes =
        codes.length > AUDIO_PROMPT_BYTES ? AUDIO_PROMPT_BYTES : (uint32_t)codes.length;
    return mp_obj_new_int_from_uint(audio_prompt_write(codes.bytes, bytes));
}
static MP_DEFINE_CONST_FUN_OBJ_1(prompt_write_obj, prompt_write);

/// def prompt_pending() -> int:
///     """Samples queued and not yet played."""
static mp_obj_t prompt_pending(void) { return mp_obj_new_int_from_uint(audio_prompt_pending()); }
static MP_DEFINE_CONST_FUN_OBJ_0(prompt_pending_obj, prompt_pending);

/// def prompt_legs(legs: int, /) -> None:
///     """Where announcements sound: a sum of NEAR and FAR (at the start: NEAR)."""
static mp_obj_t prompt_legs(mp_obj_t legs) {
    audio_prompt_legs((uint32_t)argument_integer(legs, 0, AUDIO_ALL_LEGS, "legs"));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(prompt_legs_obj, prompt_legs);

/// def prompt_clear() -> None:
///     """Drops what is queued; what is written afterwards is played."""
static mp_obj_t prompt_clear(void) {
    audio_prompt_clear();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(prompt_clear_obj, prompt_clear);

/// def tone(first_hz: int, second_hz: int, on_ms: int, off_ms: int, legs: int, /) -> None:
///     """Two sines at -13 dBm0 each (0 Hz: none) until tone_off(); off_ms 0 is without a pause."""
static mp_obj_t tone(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    uint32_t first_hz = (uint32_t)argument_integer(args[0], 0, TONE_MAX_HZ, "first_hz");
    uint32_t second_hz = (uint32_t)argument_integer(args[1], 0, TONE_MAX_HZ, "second_hz");
    uint32_t on_ms = (uint32_t)argument_integer(args[2], 1, TONE_MAX_CADENCE_MS, "on_ms");
    uint32_t off_ms = (uint32_t)argument_integer(args[3], 0, TONE_MAX_CADENCE_MS, "off_ms");
    uint32_t legs = (uint32_t)argument_integer(args[4], 0, AUDIO_ALL_LEGS, "legs");
    audio_tone(first_hz, second_hz, on_ms, off_ms, legs);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(tone_obj, 5, 5, tone);

/// def tone_off() -> None: ...
static mp_obj_t tone_off(void) {
    audio_tone(0, 0, 1, 0, 0);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(tone_off_obj, tone_off);

/// def volume(step: int, /) -> None:
///     """Speaker gain in steps of 3 dB: 0 (-9 dB) to 7 (+12 dB), 3 is 0 dB."""
static mp_obj_t volume(mp_obj_t step) {
    audio_volume((uint32_t)argument_integer(step, 0, AUDIO_VOLUME_STEPS - 1, "step"));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(volume_obj, volume);

/// def level() -> tuple[int, int]:
///     """Falling peaks (0 to 32767) of the microphone and of the far party."""
static mp_obj_t level(void) {
    uint16_t near;
    uint16_t far;
    audio_level(&near, &far);
    mp_obj_t pair[] = {MP_OBJ_NEW_SMALL_INT(near), MP_OBJ_NEW_SMALL_INT(far)};
    return mp_obj_new_tuple(MP_ARRAY_SIZE(pair), pair);
}
static MP_DEFINE_CONST_FUN_OBJ_0(level_obj, level);

/// def stats() -> tuple[int, ...]:
///     """Counters since start(): (frames, tx_frames, tx_overrun, rx_received, rx_played,
///     rx_concealed, rx_late, rx_duplicate, rx_skipped, rx_restarted, rx_overrun, rec_frames,
///     rec_overrun, prompt_underrun). 'overrun' is what found its ring full and was dropped,
///     'skipped' what was dropped to bring the delay down, 'restarted' how often the jitter buffer
///     was filled anew, 'prompt_underrun' frames in which an announcement ended or ran dry."""
static mp_obj_t stats(void) {
    audio_stats_t counts;
    audio_stats(&counts);
    const uint32_t values[] = {
        counts.frames,           counts.tx_frames,        counts.tx_overrun,
        counts.jitter.received,  counts.jitter.played,    counts.jitter.concealed,
        counts.jitter.late,      counts.jitter.duplicate, counts.jitter.skipped,
        counts.jitter.restarted, counts.rx_overrun,       counts.rec_frames,
        counts.rec_overrun,      counts.prompt_underrun,
    };
    mp_obj_t items[MP_ARRAY_SIZE(values)];
    for (size_t i = 0; i < MP_ARRAY_SIZE(values); i++) {
        items[i] = mp_obj_new_int_from_uint(values[i]);
    }
    return mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
}
static MP_DEFINE_CONST_FUN_OBJ_0(stats_obj, stats);

// Samples of a 16-bit linear buffer; raises where it is odd, misaligned or of another length.
static size_t linear_samples(argument_t linear, argument_t codes) {
    if (linear.length != 2 * codes.length) {
        mp_raise_ValueError(MP_ERROR_TEXT("linear must be twice as long as mu-law"));
    }
    if ((uintptr_t)linear.bytes % sizeof(int16_t) != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("linear must be 16-bit aligned"));
    }
    if (argument_overlap(linear, codes)) {
        mp_raise_ValueError(MP_ERROR_TEXT("out overlaps the input"));
    }
    return codes.length;
}

/// def ulaw_encode_into(out: MutableBuffer, linear: Buffer, /) -> None:
///     """G.711 mu-law of 16-bit samples (native byte order, 16-bit aligned)."""
static mp_obj_t ulaw_encode_into(mp_obj_t out, mp_obj_t linear_in) {
    argument_t codes = argument_output(out);
    argument_t linear = argument_input(linear_in);
    size_t samples = linear_samples(linear, codes);
    ulaw_encode_block(codes.bytes, (const int16_t *)(const void *)linear.bytes, samples);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(ulaw_encode_into_obj, ulaw_encode_into);

/// def ulaw_decode_into(out: MutableBuffer, codes: Buffer, /) -> None:
///     """16-bit samples (native byte order, 16-bit aligned) of G.711 mu-law."""
static mp_obj_t ulaw_decode_into(mp_obj_t out, mp_obj_t codes_in) {
    argument_t linear = argument_output(out);
    argument_t codes = argument_input(codes_in);
    size_t samples = linear_samples(linear, codes);
    ulaw_decode_block((int16_t *)(void *)linear.bytes, codes.bytes, samples);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(ulaw_decode_into_obj, ulaw_decode_into);

#ifdef __unix__
/// def codec_step(mic: Buffer, speaker: MutableBuffer, /) -> None:
///     """Unix build only: runs one codec frame on 160 16-bit samples each, as the board would."""
static mp_obj_t codec_step(mp_obj_t mic_in, mp_obj_t speaker_in) {
    const uint8_t *mic = argument_exact(mic_in, 2 * AUDIO_FRAME_SAMPLES, "mic");
    uint8_t *speaker = argument_exact_output(speaker_in, 2 * AUDIO_FRAME_SAMPLES, "speaker");
    audio_codec_frame((const int16_t *)(const void *)mic, (int16_t *)(void *)speaker);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(codec_step_obj, codec_step);
#endif

// clang-format off
static const mp_rom_map_elem_t module_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_audio) },
    { MP_ROM_QSTR(MP_QSTR_TX), MP_ROM_INT(AUDIO_ROUTE_TX) },
    { MP_ROM_QSTR(MP_QSTR_RX), MP_ROM_INT(AUDIO_ROUTE_RX) },
    { MP_ROM_QSTR(MP_QSTR_REC), MP_ROM_INT(AUDIO_ROUTE_REC) },
    { MP_ROM_QSTR(MP_QSTR_NEAR), MP_ROM_INT(AUDIO_LEG_NEAR) },
    { MP_ROM_QSTR(MP_QSTR_FAR), MP_ROM_INT(AUDIO_LEG_FAR) },
    { MP_ROM_QSTR(MP_QSTR_start), MP_ROM_PTR(&start_obj) },
    { MP_ROM_QSTR(MP_QSTR_stop), MP_ROM_PTR(&stop_obj) },
    { MP_ROM_QSTR(MP_QSTR_route), MP_ROM_PTR(&route_obj) },
    { MP_ROM_QSTR(MP_QSTR_tx_read_into), MP_ROM_PTR(&tx_read_into_obj) },
    { MP_ROM_QSTR(MP_QSTR_rx_write), MP_ROM_PTR(&rx_write_obj) },
    { MP_ROM_QSTR(MP_QSTR_rec_read_into), MP_ROM_PTR(&rec_read_into_obj) },
    { MP_ROM_QSTR(MP_QSTR_prompt_write), MP_ROM_PTR(&prompt_write_obj) },
    { MP_ROM_QSTR(MP_QSTR_prompt_pending), MP_ROM_PTR(&prompt_pending_obj) },
    { MP_ROM_QSTR(MP_QSTR_prompt_legs), MP_ROM_PTR(&prompt_legs_obj) },
    { MP_ROM_QSTR(MP_QSTR_prompt_clear), MP_ROM_PTR(&prompt_clear_obj) },
    { MP_ROM_QSTR(MP_QSTR_tone), MP_ROM_PTR(&tone_obj) },
    { MP_ROM_QSTR(MP_QSTR_tone_off), MP_ROM_PTR(&tone_off_obj) },
    { MP_ROM_QSTR(MP_QSTR_volume), MP_ROM_PTR(&volume_obj) },
    { MP_ROM_QSTR(MP_QSTR_level), MP_ROM_PTR(&level_obj) },
    { MP_ROM_QSTR(MP_QSTR_stats), MP_ROM_PTR(&stats_obj) },
    { MP_ROM_QSTR(MP_QSTR_ulaw_encode_into), MP_ROM_PTR(&ulaw_encode_into_obj) },
    { MP_ROM_QSTR(MP_QSTR_ulaw_decode_into), MP_ROM_PTR(&ulaw_decode_into_obj) },
#ifdef __unix__
    { MP_ROM_QSTR(MP_QSTR_codec_step), MP_ROM_PTR(&codec_step_obj) },
#endif
};
// clang-format on
static MP_DEFINE_CONST_DICT(module_globals, module_globals_table);

const mp_obj_module_t audio_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&module_globals,
};
MP_REGISTER_MODULE(MP_QSTR_audio, audio_module);
