# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""The module audio, its codec stepped by hand (unix build). What it mixes is tested in C; here: the bindings."""

import gc
from array import array

import audio
import check

_SILENCE = b"\xff" * 160
_SPEECH = b"\x10" * 160


def _step(level: int = 0) -> bytearray:
    speaker = bytearray(320)
    audio.codec_step(array("h", [level] * 160), speaker)
    return speaker


def _stats() -> dict[str, int]:
    names = (
        "frames tx_frames tx_overrun rx_received rx_played rx_concealed rx_late rx_duplicate rx_skipped "
        "rx_restarted rx_overrun rec_frames rec_overrun prompt_underrun"
    )
    return dict(zip(names.split(), audio.stats()))


def test_ulaw_blocks() -> None:
    linear = array("h", [0, -1, 3, 4, -4, 32767, -32768])
    codes = bytearray(7)
    audio.ulaw_encode_into(codes, linear)
    check.equal(codes, b"\xff\x7f\xff\xfe\x7e\x80\x00")
    back = array("h", [9] * 7)
    audio.ulaw_decode_into(back, codes)
    check.equal(list(back), [0, 0, 0, 8, -8, 32124, -32124])
    audio.ulaw_encode_into(bytearray(0), b"")
    check.raises(ValueError, "twice", audio.ulaw_encode_into, bytearray(7), linear[:6])
    check.raises(ValueError, "twice", audio.ulaw_decode_into, back, codes[:6])
    check.raises(ValueError, "aligned", audio.ulaw_encode_into, bytearray(1), memoryview(bytes(3))[1:])
    check.raises(TypeError, "", audio.ulaw_encode_into, bytes(7), linear)
    memory = memoryview(bytearray(30))
    check.raises(ValueError, "overlap", audio.ulaw_encode_into, memory[:10], memory[:20])
    check.raises(ValueError, "overlap", audio.ulaw_decode_into, memory[:20], memory[18:28])


def test_a_call_goes_both_ways_and_is_recorded() -> None:
    audio.start()
    audio.route(audio.TX | audio.RX | audio.REC)
    for sequence in range(4):
        check.equal(audio.rx_write(sequence, _SPEECH), None)
    spoken = bytearray(160)
    audio.ulaw_encode_into(spoken, array("h", [5000] * 160))
    chunk = bytearray(2 * 4 * 160)
    for frame in range(4):
        check.equal(bytes(_step(5000)[:2]) == bytes(2), False)
        check.equal(audio.rec_read_into(chunk, frame, 4), True)
    check.equal(chunk, bytes(spoken) * 4 + _SPEECH * 4)
    check.equal(audio.rec_read_into(chunk, 0, 4), False)
    sent = bytearray(160)
    for _ in range(4):
        check.equal(audio.tx_read_into(sent), True)
        check.equal(sent, spoken)
    check.equal(audio.tx_read_into(sent), False)
    stats = _stats()
    check.equal((stats["frames"], stats["tx_frames"], stats["rec_frames"], stats["rx_played"]), (4, 4, 4, 4))


def test_prompts_sound_on_their_legs() -> None:
    audio.start()
    check.equal(audio.prompt_write(_SPEECH + b"\x20" * 40), 200)
    check.equal(audio.prompt_pending(), 200)
    audio.prompt_legs(audio.FAR)
    _step()
    _step()
    frame = bytearray(160)
    check.equal(audio.tx_read_into(frame), True)
    check.equal(frame, _SPEECH)
    check.equal(audio.tx_read_into(frame), True)
    check.equal(frame, b"\x20" * 40 + b"\xff" * 120)
    check.equal(audio.prompt_write(bytes(10000)), 4096)
    check.equal(audio.prompt_write(b"x"), 0)
    audio.prompt_clear()
    check.equal(audio.prompt_pending(), 0)
    check.equal(_stats()["prompt_underrun"], 1)


def test_tone_volume_and_level() -> None:
    audio.start()
    audio.tone(440, 480, 2000, 4000, audio.NEAR)
    check.equal(any(_step(1000)), True)
    check.equal(audio.level(), (1000, 0))
    audio.tone_off()
    check.equal(any(_step()), False)
    audio.volume(7)
    audio.stop()
    check.equal(audio.level(), (0, 0))


def test_stop_silences_and_wipes() -> None:
    audio.start()
    audio.route(7)
    audio.rx_write(0, _SPEECH)
    audio.prompt_write(_SPEECH)
    _step(5000)
    audio.stop()
    check.equal(audio.tx_read_into(bytearray(160)), False)
    check.equal(audio.rec_read_into(bytearray(320), 0, 1), False)
    check.equal(audio.prompt_pending(), 0)
    check.equal(any(_step(5000)), False)
    check.equal(any(audio.stats()), False)


def test_overruns_are_counted() -> None:
    audio.start()
    audio.route(audio.TX | audio.REC)
    for _ in range(70):
        _step()
    for sequence in range(20):
        audio.rx_write(sequence, _SILENCE)
    stats = _stats()
    check.equal((stats["tx_frames"], stats["tx_overrun"]), (16, 54))
    check.equal((stats["rec_frames"], stats["rec_overrun"]), (64, 6))
    check.equal(stats["rx_overrun"], 4)


def test_bad_values_are_refused() -> None:
    for routes in (-1, 8, 1 << 29):
        check.raises(ValueError, "routes", audio.route, routes)
    for legs in (-1, 4):
        check.raises(ValueError, "legs", audio.prompt_legs, legs)
        check.raises(ValueError, "legs", audio.tone, 440, 0, 100, 0, legs)
    for sequence in (-1, 65536):
        check.raises(ValueError, "sequence", audio.rx_write, sequence, _SPEECH)
    for step in (-1, 8):
        check.raises(ValueError, "step", audio.volume, step)
    check.raises(ValueError, "first_hz", audio.tone, 4000, 0, 100, 0, 1)
    check.raises(ValueError, "second_hz", audio.tone, 0, -1, 100, 0, 1)
    check.raises(ValueError, "on_ms", audio.tone, 440, 0, 0, 0, 1)
    check.raises(ValueError, "off_ms", audio.tone, 440, 0, 100, 60001, 1)
    for length in (0, 159, 161):
        check.raises(ValueError, "frame must be 160", audio.rx_write, 0, bytes(length))
        check.raises(ValueError, "frame must be 160", audio.tx_read_into, bytearray(length))
    check.raises(TypeError, "", audio.tx_read_into, bytes(160))
    check.raises(TypeError, "", audio.rx_write, 0, None)


def test_chunk_bounds() -> None:
    chunk = bytearray(2 * 50 * 160)
    for index, frames in ((-1, 50), (50, 50), (1 << 29, 50)):
        check.raises(ValueError, "frame_index", audio.rec_read_into, chunk, index, frames)
    for frames in (-1, 0, 4097, 1 << 29):
        check.raises(ValueError, "frames_per_leg", audio.rec_read_into, chunk, 0, frames)
    check.raises(ValueError, "too short", audio.rec_read_into, chunk, 0, 51)
    check.raises(ValueError, "too short", audio.rec_read_into, memoryview(chunk)[1:], 0, 50)


def test_nothing_is_allocated_for_a_frame() -> None:
    audio.start()
    audio.route(7)
    frame = bytearray(160)
    chunk = bytearray(320)
    mic = array("h", [100] * 160)
    speaker = bytearray(320)
    gc.collect()
    gc.disable()
    try:
        before = gc.mem_alloc()
        for sequence in range(100):
            audio.codec_step(mic, speaker)
            audio.tx_read_into(frame)
            audio.rx_write(sequence, frame)
            audio.rec_read_into(chunk, 0, 1)
            audio.prompt_write(frame)
            audio.prompt_pending()
            audio.ulaw_decode_into(speaker, frame)
            audio.ulaw_encode_into(frame, mic)
        after = gc.mem_alloc()
    finally:
        gc.enable()
    check.equal(after - before < 100, True)  # the loop's own iterator, not 32 bytes a turn


check.run(globals())
