// The WebSocket to the phone's server: events and states as JSON, voice as binary.
const TAKEN_OVER = 4001; // server.py: another page has the phone now
const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 4000;
const MAX_WAITING_BYTES = 3200; // 200 ms of voice; more than that is late and not sent

export class Line {
  /** `handlers`: hello, state, drawer (message), voice (ArrayBuffer), up (), down (whether taken over). */
  constructor(handlers) {
    this.handlers = handlers;
    this.wait = FIRST_WAIT_MS;
    this.open();
  }

  open() {
    const address = new URL(`${location.pathname}/line`, location.href);
    address.protocol = "ws:";
    this.socket = new WebSocket(address);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => {
      this.wait = FIRST_WAIT_MS;
      this.handlers.up();
    };
    this.socket.onmessage = ({ data }) => {
      if (typeof data !== "string") return this.handlers.voice(data);
      const message = JSON.parse(data);
      return this.handlers[message.type]?.(message);
    };
    this.socket.onclose = ({ code }) => {
      this.handlers.down(code === TAKEN_OVER);
      if (code === TAKEN_OVER) return;
      setTimeout(() => this.open(), this.wait);
      this.wait = Math.min(this.wait * 2, MAX_WAIT_MS);
    };
  }

  send(event) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(event));
  }

  sendVoice(frame) {
    const late = this.socket.bufferedAmount > MAX_WAITING_BYTES;
    if (this.socket.readyState === WebSocket.OPEN && !late) this.socket.send(frame);
  }
}
