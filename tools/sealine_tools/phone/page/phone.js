// The page is the wall phone: what the board shows is shown, what a person does is done at the board.
import { wire } from "./controls.js";
import { Display } from "./display.js";
import * as drawer from "./drawer.js";
import { Line } from "./line.js";
import { Sound } from "./sound.js";

const LAMP_WORDS = { off: "off", red: "recorded", green: "private", amber: "not recorded" };
const LOUD = 4; // the meter is full well below a shout
const byId = (id) => document.getElementById(id);

const display = new Display(byId("dots"), [...byId("display").children], byId("announce"));
let lifted = false;

const sound = new Sound({
  level: ({ level, heard }) => {
    byId("level").value = Math.min(1, level * LOUD);
    byId("level").textContent = level > 0.01 ? "sound" : "silence";
    byId("level").dataset.heard = heard; // samples since the page was loaded
  },
  voice: (frame) => line.sendVoice(frame),
  microphone: (word) => {
    byId("microphone").textContent = word;
  },
  blocked: (isBlocked) => banner("sound", isBlocked && "Press any key or click once to hear."),
});

const line = new Line({
  hello: ({ phone, phones, card }) => {
    document.title = `Wall phone ${phone}`;
    document.querySelectorAll(".phone-name").forEach((place) => (place.textContent = phone));
    fillCard(card);
    listOthers(phones.filter((name) => name !== phone));
  },
  state: (state) => {
    display.show(state.display);
    byId("lamp").className = `lamp ${state.lamp}`;
    byId("lamp-word").textContent = LAMP_WORDS[state.lamp];
    showHandset(state.lifted);
  },
  drawer: (seen) => drawer.show(seen),
  voice: (voice) => sound.play(voice),
  up: () => banner("line", false),
  down: (isTakenOver) => {
    const word = isTakenOver
      ? "This phone is open in another window. Reload this page to take it back."
      : "The phone cannot be reached; trying again.";
    banner("line", word);
    if (isTakenOver) sound.hangUp();
  },
});

wire(byId("keypad"), byId("handset"), {
  key: (key) => line.send({ type: "key", key }),
  handset: () => {
    if (!lifted) void sound.lift(); // in the person's own click: browsers ask for that
    line.send({ type: lifted ? "hang-up" : "lift" });
  },
});

for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, () => void sound.resume());

function showHandset(isLifted) {
  if (isLifted !== lifted) {
    lifted = isLifted;
    if (!lifted) sound.hangUp();
    else if (!sound.lifted) void sound.lift(); // the page was loaded in mid-call
  }
  document.body.classList.toggle("lifted", lifted);
  byId("handset").setAttribute("aria-pressed", String(lifted));
  byId("handset-label").textContent = lifted ? "Hang up" : "Lift the handset";
}

const troubles = new Map();
function banner(source, text) {
  if (text) troubles.set(source, text);
  else troubles.delete(source);
  byId("banner").textContent = [...troubles.values()].join(" ");
  byId("banner").hidden = troubles.size === 0;
}

function fillCard(card) {
  for (const name of ["name", "person", "pin"]) byId(`card-${name}`).textContent = card[name];
  const rows = card.numbers.map(({ name, dial, what }) => {
    const [row, number, words] = ["li", "b", "span"].map((tag) => document.createElement(tag));
    number.textContent = dial;
    words.textContent = `${name}: ${what}`;
    row.append(number, words);
    return row;
  });
  byId("card-numbers").replaceChildren(...rows);
}

function listOthers(names) {
  const links = names.map((name) => {
    const link = document.createElement("a");
    link.href = name;
    link.target = "_blank";
    link.textContent = `Open ${name}`;
    return link;
  });
  byId("others").replaceChildren(...links);
}
