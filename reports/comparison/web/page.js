// The page: its choosers, and its parts below one another.
"use strict";

const NARROW = matchMedia("(max-width: 45rem)").matches;

function Choosers({ state, set, world }) {
  const choice = (key, label, options) => html`<${Chooser} label=${label} value=${state[key]} options=${options}
    choose=${(value) => set({ [key]: typeof START[key] === "number" ? Number(value) : value })} />`;
  const toggle = (key, value) => set({ [key]: state[key].includes(value) ? state[key].filter((each) => each !== value) : [...state[key], value] });
  const families = DOC.families.filter((family) => world.rows.some((row) => row.family === family.key));
  return html`<div class="choosers" role="search" aria-label="what is shown">
    ${DOC.worlds.length > 1 ? choice("world", "world", DOC.worlds.map((each, place) => [place, each.title])) : null}
    ${choice("metric", "metric", DOC.metrics.map((metric) => [metric.key, metric.label]))}
    ${choice("level", "level", DOC.levels.map((level) => [level.key, level.label]))}
    <${Budget} state=${state} set=${set} world=${world} />
    <div class="chooser"><label for="search">detector</label><input id="search" type="search" placeholder="part of a name" value=${state.search}
      onInput=${(event) => set({ search: event.target.value })} /></div>
    <details class="filter"><summary>Families and types</summary>
      <fieldset><legend>Families</legend>${families.map((family) => html`<label><input type="checkbox" checked=${!state.families.includes(family.key)}
        onChange=${() => toggle("families", family.key)} /> <${Family} family=${family.key} />${family.label}</label>`)}</fieldset>
      ${DOC.groups.filter((group) => world.types.some((type) => type.group === group.key)).map((group) => html`<fieldset><legend>${group.label}</legend>
        ${world.types.filter((type) => type.group === group.key).map((type) => html`<label><input type="checkbox" checked=${!state.types.includes(type.name)}
          onChange=${() => toggle("types", type.name)} /> ${type.name}</label>`)}</fieldset>`)}
      <p><button type="button" onClick=${() => set({ families: [], types: [], search: "" })}>Show everything</button></p>
    </details></div>`;
}

function Page() {
  const [state, setState] = useState(stateFromAddress);
  const set = (change) => setState((before) => sound({ ...before, ...change }));
  useEffect(() => { history.replaceState(null, "", addressOf(state)); }, [state]);
  useEffect(() => {
    const follow = () => setState(stateFromAddress());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  const [, setUnpacked] = useState(false);
  useEffect(() => { 
    performance.mark("usable"); // for tests and benchmarks, like the mark below
    unpackDetails().then(setUnpacked).finally(() => {
      performance.mark("unpacked");
      document.documentElement.dataset.ready = "yes";
    });
  }, []);
  const world = DOC.worlds[state.world];
  const props = { state, set, world };
  const first = html`<section aria-labelledby="matrix"><h2 id="matrix">Which detector finds which type</h2><${Matrix} ...${props} /></section>`;
  const best = html`<${BestList} ...${props} />`;
  return html`<header><h1>${DOC.title}</h1><p class="soft">${DOC.tally}</p></header>
    <${Choosers} ...${props} />
    ${world.cautions.length ? html`<ul class="caution">${world.cautions.map((caution) => html`<li>${caution}</li>`)}</ul>` : null}
    ${NARROW ? [best, first] : [first, best]}
    <${Cost} ...${props} /><${Sensitivity} ...${props} /><${Overlap} ...${props} /><${Ranks} ...${props} /><${Twin} ...${props} />
    <${Failures} /><${World} ...${props} /><${AllRuns} ...${props} />
    <footer class="soft">${DOC.notes.map((note) => html`<p>${note}</p>`)}<p>cdrbench ${DOC.version}</p></footer>
    <${Panel} ...${props} />`;
}

render(html`<${Page} />`, document.getElementById("page"));
