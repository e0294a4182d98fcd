// The display's own characters: 5 dots wide, 8 high. Each character below is one row of dots from the top,
// a digit of base 32 whose five bits are the dots from left to right.
const DRAWN = {
  " ": "00000000", "!": "44440040", '"': "aaa00000", "#": "aavavaa0", "$": "4fke5u40", "%": "op248j30",
  "&": "cik8lid0", "'": "44800000", "(": "24888420", ")": "84222480", "*": "04lel400", "+": "044v4400",
  ",": "0000c480", "-": "000v0000", ".": "00000cc0", "/": "01248g00", 0: "ehjlphe0", 1: "4c4444e0",
  2: "eh1248v0", 3: "v2421he0", 4: "26aiv220", 5: "vgu11he0", 6: "68guhhe0", 7: "v1248880", 8: "ehhehhe0",
  9: "ehhf12c0", ":": "0cc0cc00", ";": "0cc0c480", "<": "248g8420", "=": "00v0v000", ">": "84212480",
  "?": "eh124040", "@": "eh1dlle0", A: "ehhhvhh0", B: "uhhuhhu0", C: "ehggghe0", D: "sihhhis0",
  E: "vgguggv0", F: "vgguggg0", G: "ehgnhhf0", H: "hhhvhhh0", I: "e44444e0", J: "72222ic0", K: "hikokih0",
  L: "ggggggv0", M: "hrllhhh0", N: "hhpljhh0", O: "ehhhhhe0", P: "uhhuggg0", Q: "ehhhlid0", R: "uhhukih0",
  S: "fgge11u0", T: "v4444440", U: "hhhhhhe0", V: "hhhhha40", W: "hhhllla0", X: "hha4ahh0", Y: "hhha4440",
  Z: "v1248gv0", "[": "e88888e0", "\\": "0g842100", "]": "e22222e0", "^": "4ah00000", _: "000000v0",
  "`": "84200000", a: "00e1fhf0", b: "ggmphhu0", c: "00egghe0", d: "11djhhf0", e: "00ehvge0", f: "698s8880",
  g: "00fhhf1e", h: "ggmphhh0", i: "40c444e0", j: "206222ic", k: "ggikoki0", l: "c44444e0", m: "00qllhh0",
  n: "00mphhh0", o: "00ehhhe0", p: "00uhhugg", q: "00fhhf11", r: "00mpggg0", s: "00fge1u0", t: "88s88960",
  u: "00hhhjd0", v: "00hhha40", w: "00hhlla0", x: "00ha4ah0", y: "00hhhf1e", z: "00v248v0", "{": "24484420",
  "|": "44444440", "}": "84424480", "~": "008l2000",
  "ñ": "dm0mphh0", "Ñ": "dm0hpljh", "á": "24e1fhf0", "é": "24ehvge0", "í": "24c444e0", "ó": "24ehhhe0",
  "ú": "24hhhjd0", "ü": "a0hhhjd0", "¿": "4048ghe0", "¡": "40044440", "Á": "24ehvhh0", "É": "24vguggv",
  "Í": "24e444e0", "Ó": "24ehhhe0", "Ú": "24hhhhe0",
};
const UNKNOWN = "vhhhhhhv";
export const WIDTH = 5;
export const HEIGHT = 8;

/** The rows of a character, each a number of five bits, the highest on the left. */
export function glyph(character) {
  return [...(DRAWN[character] ?? UNKNOWN)].map((digit) => parseInt(digit, 32));
}
