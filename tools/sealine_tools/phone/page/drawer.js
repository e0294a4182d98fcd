// Behind the wall: what a technician, a gateway and central see of this phone. Text only, never markup.
const byId = (id) => document.getElementById(id);

export function show(drawer) {
  log(byId("console"), drawer.console);
  log(byId("link"), drawer.link);
  byId("link-state").textContent = drawer.up ? "up" : "down";
  byId("link-state").classList.toggle("good", drawer.up);
  const { heard, spoken, dropped } = drawer.sound;
  byId("sound").textContent =
    `Voice of this page in frames of 20 ms: ${heard} to the ear, ${spoken} from the mouth, ${dropped} late and dropped.`;
  byId("sealed-count").textContent = String(drawer.chunks.length);
  byId("sealed").replaceChildren(...drawer.chunks.map(sealed));
  if (drawer.records.length) byId("records").replaceChildren(...drawer.records.map(record));
}

function log(box, lines) {
  const following = box.scrollHeight - box.scrollTop - box.clientHeight < 8;
  box.textContent = lines.join("\n");
  if (following) box.scrollTop = box.scrollHeight;
}

function sealed(chunk) {
  const row = document.createElement("tr");
  for (const text of [chunk.record, chunk.second, chunk.bytes, chunk.place, chunk.begins]) {
    row.insertCell().textContent = text;
  }
  return row;
}

function record(rows) {
  const list = document.createElement("dl");
  for (const [name, text] of rows) {
    const [term, description] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = name;
    description.textContent = text;
    list.append(term, description);
  }
  return list;
}
