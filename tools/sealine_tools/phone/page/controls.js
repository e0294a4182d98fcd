// Handset and keypad: by pointer, by touch, by keyboard.
const KEYS = [
  ["1", ""], ["2", "ABC"], ["3", "DEF"], ["4", "GHI"], ["5", "JKL"], ["6", "MNO"],
  ["7", "PQRS"], ["8", "TUV"], ["9", "WXYZ"], ["*", ""], ["0", "OPER"], ["#", ""],
];
const SPOKEN = { "*": "star", "#": "pound" };
const PRESSED_MS = 120;
const OWN_SPACE = "button, summary, a, [tabindex]"; // elements that do something else at Space

/** `handlers`: key (character), handset (). */
export function wire(keypad, handset, handlers) {
  for (const [key, letters] of KEYS) keypad.append(keyButton(key, letters, handlers.key));
  handset.addEventListener("click", handlers.handset);
  handset.addEventListener("pointerdown", keepFocus);
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    const button = keypad.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (button) {
      event.preventDefault(); // some browsers search at a digit
      press(button);
      handlers.key(event.key);
    } else if (event.key === " " && !event.target.closest?.(OWN_SPACE)) {
      event.preventDefault();
      handlers.handset();
    }
  });
}

function keyButton(key, letters, onKey) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "key";
  button.dataset.key = key;
  button.setAttribute("aria-label", SPOKEN[key] ?? key);
  const [digit, small] = [document.createElement("b"), document.createElement("small")];
  digit.textContent = key;
  small.textContent = letters;
  button.append(digit, small);
  button.addEventListener("pointerdown", keepFocus);
  button.addEventListener("click", () => {
    press(button);
    onKey(key);
  });
  return button;
}

// A pointer leaves the focus where it is, so that Space still lifts the handset after a click on a key.
function keepFocus(event) {
  event.preventDefault();
}

function press(button) {
  button.classList.add("pressed");
  setTimeout(() => button.classList.remove("pressed"), PRESSED_MS);
}
