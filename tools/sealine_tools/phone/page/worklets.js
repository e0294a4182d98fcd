// On the audio thread: voice comes and goes in frames of 160 samples of 16 bit at 8 kHz.
const RATE = 8000;
const FRAME = 160;
const BEGIN = 3 * FRAME; // 60 ms in hand before it plays
const MOST = 15 * FRAME; // more than 300 ms is a delay that nobody wants to talk with
const KEEP = 4 * FRAME;
const REPORT = 800; // samples between two reports
const AUDIBLE = 0.003;

/** Plays what comes by its port; reports the level, and how many samples could be heard. */
class Speaker extends AudioWorkletProcessor {
  constructor() {
    super();
    this.waiting = [];
    this.playing = false;
    this.heard = 0;
    this.since = 0;
    this.power = 0;
    this.port.onmessage = ({ data }) => (data ? this.take(new Int16Array(data)) : (this.waiting = []));
  }

  take(samples) {
    for (const sample of samples) this.waiting.push(sample / 32768);
    if (this.waiting.length > MOST) this.waiting.splice(0, this.waiting.length - KEEP);
  }

  process(_inputs, [[out]]) {
    this.playing = this.waiting.length >= (this.playing ? out.length : BEGIN);
    if (this.playing) out.set(this.waiting.splice(0, out.length));
    for (const sample of out) {
      this.power += sample * sample;
      if (Math.abs(sample) > AUDIBLE) this.heard += 1;
    }
    this.since += out.length;
    if (this.since >= REPORT) {
      this.port.postMessage({ level: Math.sqrt(this.power / this.since), heard: this.heard });
      this.since = 0;
      this.power = 0;
    }
    return true;
  }
}

/** Turns the microphone's samples, low-passed before, into frames at 8 kHz, by interpolation between neighbours. */
class Microphone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.step = sampleRate / RATE;
    this.at = 0; // of the next sample wanted, counted from `last`
    this.last = 0;
    this.frame = new Int16Array(FRAME);
    this.filled = 0;
  }

  process([[input]]) {
    for (const sample of input ?? []) {
      for (; this.at < 1; this.at += this.step) this.put(this.last + (sample - this.last) * this.at);
      this.at -= 1;
      this.last = sample;
    }
    return true;
  }

  put(value) {
    this.frame[this.filled] = Math.max(-1, Math.min(1, value)) * 32767;
    this.filled += 1;
    if (this.filled < FRAME) return;
    this.port.postMessage(this.frame.buffer, [this.frame.buffer]);
    this.frame = new Int16Array(FRAME);
    this.filled = 0;
  }
}

registerProcessor("speaker", Speaker);
registerProcessor("microphone", Microphone);
