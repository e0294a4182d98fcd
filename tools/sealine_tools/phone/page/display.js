// The 20x4 display: dots for the eye, text for the ear.
import { glyph, HEIGHT, WIDTH } from "./glyphs.js";

const COLUMNS = 20;
const ROWS = 4;
const DOT = 4; // pixels of the canvas, one of them the gap to the next dot
const GAP = 1;
const MARGIN = 14;
const QUIET_MS = 350; // rows are written one after the other; what is read aloud is the whole

export class Display {
  constructor(canvas, texts, announcer) {
    this.canvas = canvas;
    this.texts = texts;
    this.announcer = announcer;
    this.rows = Array(ROWS).fill("");
    this.spoken = this.rows;
    canvas.width = COLUMNS * (WIDTH + 1) * DOT + 2 * MARGIN;
    canvas.height = ROWS * (HEIGHT + 1) * DOT + 2 * MARGIN;
    this.show(this.rows);
  }

  show(rows) {
    this.rows = rows.map((row) => row.trimEnd());
    this.draw(rows);
    this.rows.forEach((row, at) => {
      this.texts[at].textContent = row;
    });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.announce(), QUIET_MS);
  }

  draw(rows) {
    const dots = this.canvas.getContext("2d");
    dots.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const colours = getComputedStyle(this.canvas);
    const [off, on] = [colours.getPropertyValue("--dot-off"), colours.getPropertyValue("--dot-on")];
    for (let row = 0; row < ROWS; row += 1) {
      for (let column = 0; column < COLUMNS; column += 1) {
        const lines = glyph((rows[row] ?? "")[column] ?? " ");
        const left = MARGIN + column * (WIDTH + 1) * DOT;
        const top = MARGIN + row * (HEIGHT + 1) * DOT;
        lines.forEach((bits, y) => {
          for (let x = 0; x < WIDTH; x += 1) {
            dots.fillStyle = (bits >> (WIDTH - 1 - x)) & 1 ? on : off;
            dots.fillRect(left + x * DOT, top + y * DOT, DOT - GAP, DOT - GAP);
          }
        });
      }
    }
  }

  // Read what has changed; a countdown (words that stay, digits that run) would never let anybody listen.
  announce() {
    const wordsOf = (row) => row.replace(/\d+/g, "");
    const news = this.rows.filter((row, at) => {
      const before = this.spoken[at] ?? "";
      const counting = /[a-z]/i.test(row) && wordsOf(row) === wordsOf(before);
      return row && row !== before && !counting;
    });
    this.spoken = this.rows;
    if (news.length) this.announcer.textContent = news.join(". ");
  }
}
