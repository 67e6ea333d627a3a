// Charts by Observable Plot, in the colours of the page.
"use strict";

const colourOf = (family) => `var(--family-${FAMILIES.has(family) ? family : "other"})`;

// A chart that is drawn anew when what it depends on, or its width, changes. `label` is what a screen reader says.
function Chart({ draw, label, needs }) {
  const place = useRef(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (!width) return;
    const chart = draw(width);
    chart.setAttribute("aria-hidden", "true");
    place.current.replaceChildren(chart);
  }, [width, ...needs]);
  return html`<div class="chart" role="img" aria-label=${label} ref=${place}></div>`;
}

// Accuracy against cost: one dot a detector, the best for their cost named.
function costChart(width, points, metric) {
  const kept = points.filter((point) => point.seconds > 0);
  const front = [];
  for (const point of [...kept].sort((a, b) => a.seconds - b.seconds || b.value - a.value)) {
    const last = front.at(-1);
    if (!last || (metric.higher_is_better ? point.value > last.value : point.value < last.value)) front.push(point);
  }
  const [least, most] = d3.extent(kept, (point) => point.seconds);
  return Plot.plot({
    width, height: 360, marginLeft: 56, marginRight: 20, marginTop: 28, marginBottom: 46, inset: 16,
    x: { type: most > 8 * least ? "log" : "linear", label: "time to fit and score →", grid: true, ticks: width < 500 ? 3 : 6, tickFormat: (s) => duration(s) },
    y: { label: `↑ ${metric.label}`, grid: true, nice: true, zero: metric.kind !== "time", tickFormat: (v) => axisText(v, metric.kind) },
    marks: [
      Plot.line(front, { x: "seconds", y: "value", curve: "step-after", stroke: "var(--line-strong)", strokeDasharray: "3 3" }),
      Plot.dot(kept, {
        x: "seconds", y: "value", fill: (d) => colourOf(d.family), stroke: (d) => colourOf(d.family),
        symbol: (d) => SHAPE.get(d.family), r: 4.5,
        tip: { fill: "var(--panel)" }, title: (d) => `${d.label}\n${written(d.value, metric.kind)}, ${duration(d.seconds)}`,
      }),
      ...["start", "middle"].map((textAnchor) => Plot.text(
        namedApart(front, width, [least, most]).filter((point) => (point.seconds === least) === (textAnchor === "start")),
        { x: "seconds", y: "value", text: "label", dy: -12, textAnchor, fill: "var(--ink)", stroke: "var(--back)", strokeWidth: 4, fontSize: 12 },
      )),
    ],
  });
}

// The points of the front whose names have room beside one another, the best first.
function namedApart(front, width, [least, most]) {
  const place = (most > 8 * least ? d3.scaleLog : d3.scaleLinear)([least, most], [0, width - 110]);
  const kept = [];
  for (const point of [...front].reverse()) {
    const half = (each) => 3.4 * each.label.length + 6;
    if (kept.every((other) => Math.abs(place(other.seconds) - place(point.seconds)) > half(other) + half(point))) kept.push(point);
  }
  return kept;
}

const axisText = (value, kind) => (kind === "time" ? duration(value) : kind === "percent" ? percent(value) : `${Number(value.toPrecision(3))}`);

// One line a detector over the values of a setting; a legend stands beside it as HTML.
function sensitivityChart(width, points, setting, metric) {
  const numeric = points.every((point) => typeof point.x === "number");
  const values = points.map((point) => point.x);
  const wide = numeric && Math.min(...values) > 0 && Math.max(...values) / Math.min(...values) > 20;
  return Plot.plot({
    width, height: 320, marginLeft: 56, marginRight: 20, marginBottom: 46, inset: 8,
    x: { label: `${setting} →`, type: numeric ? (wide ? "log" : "linear") : "point", nice: numeric },
    y: { label: `↑ ${metric.label}`, grid: true, zero: true, nice: true, tickFormat: (v) => axisText(v, metric.kind) },
    marks: [
      Plot.line(points, { x: "x", y: "value", z: "line", stroke: (d) => colourOf(d.family), strokeWidth: 2, sort: "x" }),
      Plot.dot(points, {
        x: "x", y: "value", fill: (d) => colourOf(d.family), symbol: (d) => SHAPE.get(d.family), r: 4,
        tip: { fill: "var(--panel)" }, title: (d) => `${d.line}\n${setting}: ${d.x}\n${written(d.value, metric.kind)}`,
      }),
    ],
  });
}

// Mean ranks, the best at the top; bars at the right join detectors that do not differ significantly.
function rankChart(width, ranking) {
  const rows = ranking.names.map((name, place) => ({ name: `${place + 1}. ${name}`, rank: ranking.values[place] }));
  const bars = ranking.groups.map(([first, last], place) => ({ first: rows[first].name, last: rows[last].name, place }));
  const left = Math.min(0.45 * width, 220);
  return Plot.plot({
    width, height: 70 + 20 * rows.length, marginBottom: 46, marginLeft: left, marginRight: 20 + 9 * bars.length,
    x: { label: "mean rank →", grid: true, nice: true },
    y: { domain: rows.map((row) => row.name), label: null, tickFormat: (name) => (name.length > left / 7 ? `${name.slice(0, left / 7 - 1)}…` : name) },
    marks: [
      Plot.ruleY(rows, { y: "name", x1: 1, x2: "rank", stroke: "var(--line-strong)" }),
      Plot.dot(rows, { x: "rank", y: "name", fill: "var(--accent)", r: 5 }),
      ...bars.map((bar) =>
        Plot.link([bar], {
          y1: "first", y2: "last", x1: () => d3.max(ranking.values), x2: () => d3.max(ranking.values),
          dx: 14 + 9 * bar.place, stroke: "var(--ink)", strokeWidth: 4, strokeLinecap: "round", clip: false,
        })),
    ],
  });
}

// Precision against recall, one thin line a run, with the interval at the threshold of the run.
function precisionRecallChart(width, curves, at, prevalence) {
  return Plot.plot({
    width, height: 280, marginLeft: 46, marginRight: 14, marginBottom: 46,
    x: { domain: [0, 1], label: "recall →", grid: true }, y: { domain: [0, 1], label: "↑ precision", grid: true },
    marks: [
      prevalence === null ? null : Plot.ruleY([prevalence], { stroke: "var(--ink-soft)", strokeDasharray: "2 3" }),
      Plot.line(curves.flatMap((curve, run) => curve.map((precision, place) => ({ recall: RECALLS[place], precision, run }))), {
        x: "recall", y: "precision", z: "run", stroke: "var(--accent)", strokeWidth: curves.length > 1 ? 1.2 : 2,
      }),
      ...(at ? [
        at.recall[1] === undefined ? null : Plot.link([at], { x1: at.recall[1], x2: at.recall[2], y1: at.precision[0], y2: at.precision[0], stroke: "var(--ink)" }),
        at.precision[1] === undefined ? null : Plot.link([at], { x1: at.recall[0], x2: at.recall[0], y1: at.precision[1], y2: at.precision[2], stroke: "var(--ink)" }),
        Plot.dot([at], { x: at.recall[0], y: at.precision[0], fill: "var(--back)", stroke: "var(--ink)", strokeWidth: 2, r: 4 }),
      ] : []),
    ],
  });
}

// Recall of records and of incidents against alerts a day; what chance finds of the incidents: at every number of alerts where that
// is known, else at the threshold of the runs.
function budgetChart(width, points, budget, chance, chances) {
  const lines = [["recall", "records", "var(--accent)"], ["incident_recall", "incidents", "var(--second)"]];
  return Plot.plot({
    width, height: 280, marginLeft: 46, marginRight: 76, marginBottom: 46,
    x: { type: "log", label: "alerts a day →", grid: true, ticks: 5, tickFormat: (v) => `${Number(v.toPrecision(3)).toLocaleString("en")}` },
    y: { domain: [0, 1], label: "↑ share found", grid: true, tickFormat: "%" },
    marks: [
      ...lines.map(([key, , colour]) => Plot.line(points, { x: "alerts", y: key, stroke: colour, strokeWidth: 2 })),
      Plot.text(
        spreadEnds(lines.map(([key, label, colour]) => ({ label, colour, y: points.at(-1)[key] }))),
        { frameAnchor: "right", x: points.at(-1).alerts, y: "y", text: "label", dx: 8, textAnchor: "start", fill: "colour", fontSize: 12 },
      ),
      chances ? Plot.line(chances.map((share, place) => ({ alerts: points[place].alerts, share: share / 1000 })), { x: "alerts", y: "share", stroke: "var(--second)", strokeDasharray: "2 3" }) : null,
      chance && !chances ? Plot.dot([chance], { x: "alerts", y: "share", symbol: "diamond", stroke: "var(--second)", fill: "var(--back)", strokeWidth: 2, r: 5 }) : null,
      budget ? Plot.ruleX([budget], { stroke: "var(--ink)", strokeDasharray: "4 3" }) : null,
    ],
  });
}

// Labels at the ends of two lines keep apart.
function spreadEnds(ends) {
  const [a, b] = ends;
  if (Math.abs(a.y - b.y) < 0.08) (a.y < b.y ? b : a).y = Math.min(a.y, b.y) + 0.08;
  const over = Math.max(0, Math.max(a.y, b.y) - 1);
  return ends.map((end) => ({ ...end, y: end.y - over }));
}
