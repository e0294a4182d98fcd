// Earpiece and mouthpiece of the handset by WebAudio.
const WORKLETS = new URL("./worklets.js", import.meta.url);
const TELEPHONE_HZ = 8000;
const BAND_HZ = 3400; // G.712: what a telephone passes

export class Sound {
  /** `handlers`: level ({level, heard}), voice (ArrayBuffer), microphone (word), blocked (whether a click is needed). */
  constructor(handlers) {
    this.handlers = handlers;
    this.lifted = false;
  }

  /** The handset is at the ear. Called in the person's own click or key where there is one. */
  async lift() {
    this.lifted = true;
    await Promise.all([this.#openEar(), this.#openMouth()]);
  }

  /** The handset is on its hook: the microphone is let go. */
  hangUp() {
    this.lifted = false;
    this.#closeMouth("off");
    this.speaker?.port.postMessage(null); // nothing of this call is heard in the next
    this.handlers.blocked(false);
  }

  play(voice) {
    if (this.lifted && this.ear?.state === "running") this.speaker?.port.postMessage(voice, [voice]);
  }

  /** A browser lets a page be heard only after a click or a key; this is the one. */
  async resume() {
    if (this.ear?.state === "suspended") await this.ear.resume();
    if (this.mouth?.state === "suspended") await this.mouth.resume();
  }

  async #openEar() {
    if (!this.ear) {
      this.ear = new AudioContext({ sampleRate: TELEPHONE_HZ, latencyHint: "interactive" });
      this.ear.onstatechange = () => this.handlers.blocked(this.lifted && this.ear.state === "suspended");
      await this.ear.audioWorklet.addModule(WORKLETS);
      this.speaker = new AudioWorkletNode(this.ear, "speaker", { numberOfInputs: 0, outputChannelCount: [1] });
      this.speaker.port.onmessage = ({ data }) => this.handlers.level(data);
      this.speaker.connect(this.ear.destination);
    }
    this.handlers.blocked(this.ear.state === "suspended");
    await this.ear.resume();
  }

  async #openMouth() {
    if (this.stream) return;
    this.handlers.microphone("asking");
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true } });
    } catch (error) {
      const refused = error.name === "NotAllowedError";
      this.handlers.microphone(refused ? "not allowed: you can listen only" : "none: you can listen only");
      return;
    }
    const mouth = new AudioContext();
    await mouth.audioWorklet.addModule(WORKLETS);
    if (!this.lifted || this.stream) {
      stream.getTracks().forEach((track) => track.stop()); // hung up while the browser asked
      await mouth.close();
      return;
    }
    Object.assign(this, { stream, mouth });
    const band = new BiquadFilterNode(mouth, { type: "lowpass", frequency: BAND_HZ });
    const sharper = new BiquadFilterNode(mouth, { type: "lowpass", frequency: BAND_HZ });
    const microphone = new AudioWorkletNode(mouth, "microphone", { channelCount: 1, channelCountMode: "explicit" });
    microphone.port.onmessage = ({ data }) => this.handlers.voice(data);
    mouth.createMediaStreamSource(stream).connect(band).connect(sharper).connect(microphone);
    microphone.connect(mouth.destination); // it plays nothing; unconnected it would not run
    this.handlers.microphone("on");
    await mouth.resume();
  }

  #closeMouth(word) {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.mouth?.close();
    this.stream = undefined;
    this.mouth = undefined;
    this.handlers.microphone(word);
  }
}
