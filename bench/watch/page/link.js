/** The link to a moment: everything after # in the address. */

export function read(hash, calendar) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const number = (name) => (given.has(name) && Number.isFinite(Number(given.get(name))) ? Number(given.get(name)) : null);
  return {
    moment: given.has("t") ? calendar.read(given.get("t")) : null,
    speed: number("speed"),
    span: number("span"),
    tower: given.get("tower"),
    phone: given.get("phone"),
    truth: given.has("truth") ? given.get("truth") !== "0" : null,
    playing: given.get("play") === "1",
  };
}

export function written({ moment, speed, span, tower, phone, truth }, calendar) {
  const given = new URLSearchParams({ t: calendar.written(moment), speed, span });
  if (tower !== null) given.set("tower", tower);
  if (phone !== null) given.set("phone", phone);
  if (!truth) given.set("truth", "0");
  return `#${given.toString().replaceAll("%3A", ":")}`;
}
