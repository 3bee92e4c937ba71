// The explorer: one viewer for a widget, which has a kernel, and for a page, which has none.
// hosts.js is joined to it: where sound comes from and tags go to.
// Texts come from corpora and models, so they are only ever set as text, never as HTML.
import { jQuery as $ } from "datatables";
import WaveSurfer from "wavesurfer";
import Spectrogram from "spectrogram";
import Timeline from "timeline";

const SPEEDS = [0.5, 0.75, 1, 1.25];
const SECONDS = { height: 16, timeInterval: 0.1, primaryLabelInterval: 0.5 };
const MARKS = { equal: "span", substitute: "mark", delete: "del", insert: "ins" };

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function aligned(spans) {
  const line = element("p", { dir: "auto" });
  for (const [kind, reference, output] of spans) {
    if (kind === "delete" || kind === "substitute") line.append(element("del", {}, reference), " ");
    if (kind !== "delete") line.append(element(MARKS[kind], {}, output), " ");
  }
  return line;
}

// a spreadsheet would run a cell that starts like a formula
const csvCell = (text) => `"${text.replace(/^[=+@-]/, "'$&").replaceAll('"', '""')}"`;

class Explorer {
  // host: sound(index) gives the address of a clip or throws; tags and save(key, tag, note)
  constructor(root, data, host) {
    Object.assign(this, { root, data, host, selected: null, cell: null, speed: 1 });
    root.replaceChildren();
    this.matrices = element("div", { class: "matrices" });
    this.chosen = element("p", { class: "chosen", role: "status" });
    this.detail = element("section", { class: "detail", "aria-label": "the selected clip" });
    const frame = element("div", { class: "frame" });
    root.append(this.matrices, this.chosen, frame, this.detail);
    this.drawTable(frame);
    for (const matrix of data.matrices) this.drawMatrix(matrix);
  }

  column(name) {
    return this.data.columns.findIndex((column) => column.name === name);
  }

  drawTable(frame) {
    const table = element("table", { class: "display compact", style: "width:100%" });
    frame.append(table);
    const text = $.fn.dataTable.render.text();
    const columns = this.data.columns.map((column) => ({
      title: column.name,
      visible: column.shown,
      className: column.kind,
      type: column.kind === "number" ? "num" : "string",
      render: text,
      createdCell: (cell) => column.kind === "text" && cell.setAttribute("dir", "auto"),
    }));
    const name = (index) => (this.host.has(index) ? "listen" : "read");
    const open = (value, type, row, meta) =>
      type === "display" ? `<button class="open">${name(meta.row)}</button>` : "";
    for (const [index, column] of columns.entries()) column.data = index;
    const silent = { orderable: false, searchable: false, columnControl: [] };
    columns.unshift({ title: "", data: null, render: open, ...silent });
    columns.push({ title: "tag", data: (row) => this.tagOf(row).tag, render: text });
    $.fn.dataTable.ext.errMode = "throw";
    const colvis = { extend: "colvis", text: "columns", columns: ":gt(0)", background: false };
    this.table = $(table).DataTable({
      data: this.data.rows,
      columns,
      deferRender: true,
      order: [],
      pageLength: 10,
      autoWidth: false,
      columnDefs: [{ targets: "_all", defaultContent: "" }],
      columnControl: ["order", ["search", "spacer", "orderAsc", "orderDesc", "orderClear"]],
      ordering: { indicators: false, handler: false },
      language: {
        search: "find in all columns",
        info: "_START_ to _END_ of _TOTAL_ rows",
        infoEmpty: "no row",
        infoFiltered: "(of _MAX_)",
        zeroRecords: "no row fits",
      },
      layout: { topStart: "search", topEnd: { buttons: [colvis] } },
    });
    for (const cell of table.tHead.querySelectorAll("td, th")) {
      const [order, more] = cell.querySelectorAll("button");
      order?.setAttribute("aria-label", `sort by ${cell.innerText.trim()}`);
      more?.setAttribute("aria-label", `filter by ${cell.innerText.trim()}`);
    }
    // of the rows, only those of the selected cell of a matrix
    this.table.search.fixed("cell", (_text, row) => !this.cell || this.cell(row));
    table.addEventListener("click", (event) => {
      const row = event.target.closest("tbody tr");
      if (row && !event.target.closest("a, input")) this.open(this.table.row(row).index());
    });
  }

  drawMatrix(matrix) {
    const [row, column] = [this.column(matrix.row), this.column(matrix.column)];
    const where = Object.entries(matrix.where).map(([name, value]) => [this.column(name), value]);
    const own = this.data.rows.filter((r) => where.every(([at, value]) => r[at] === value));
    const count = (a, b) =>
      own.filter((r) => r[row] === a && (b === undefined || r[column] === b)).length;
    const head = element("tr", {}, element("th", { scope: "col" }, matrix.row));
    for (const name of matrix.columns) head.append(element("th", { scope: "col" }, name));
    const body = matrix.rows.map((asked) => {
      const total = count(asked);
      const heading = element("th", { scope: "row", dir: "auto" }, asked);
      heading.append(element("small", {}, ` ${total}`));
      const line = element("tr", {}, heading);
      for (const name of matrix.columns) {
        const found = count(asked, name);
        const share = total ? found / total : 0;
        const label = `${matrix.title}. ${asked}: ${name}, ${found} of ${total}`;
        const attributes = { "aria-label": label, title: label, "aria-pressed": "false" };
        const button = element("button", { ...attributes, tabindex: "-1" });
        if (found) button.append(`${Math.round(100 * share)} %`);
        else button.disabled = true;
        button.style.setProperty("--share", share);
        button.classList.toggle("dark", share > 0.5);
        button.addEventListener("click", () => {
          const chosen = new Set(own.filter((r) => r[row] === asked && r[column] === name));
          this.choose(button, label, (r) => chosen.has(r));
        });
        line.append(element("td", {}, button));
      }
      return line;
    });
    const caption = `${matrix.title}, % of the ${own.length} requests by row`;
    const table = element("table", {}, element("caption", {}, caption));
    table.append(element("thead", {}, head), element("tbody", {}, ...body));
    this.matrices.append(table);
    this.walk(table);
  }

  // one stop of the Tab key for a matrix; the arrow keys go from cell to cell
  walk(table) {
    const cells = [...table.tBodies[0].rows].map((row) => [...row.querySelectorAll("button")]);
    const first = cells.flat().find((button) => !button.disabled);
    first?.setAttribute("tabindex", "0");
    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    table.addEventListener("keydown", (event) => {
      if (!(event.key in moves)) return;
      event.preventDefault();
      const [down, right] = moves[event.key];
      let row = cells.findIndex((line) => line.includes(event.target));
      let column = cells[row]?.indexOf(event.target);
      do [row, column] = [row + down, column + right];
      while (cells[row]?.[column]?.disabled);
      const next = cells[row]?.[column];
      if (!next) return;
      event.target.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    });
  }

  choose(button, label, same) {
    const again = button.getAttribute("aria-pressed") === "true";
    for (const other of this.matrices.querySelectorAll("button"))
      other.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", String(!again));
    this.cell = again ? null : same;
    const all = element("button", { onclick: () => this.choose(button, label, same) }, "show all");
    this.chosen.replaceChildren(...(again ? [] : [`${label} `, all]));
    this.close();
    this.table.draw();
    if (!again) this.chosen.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.selected = null;
    this.player?.destroy();
    this.detail.replaceChildren();
  }

  key(index) {
    return this.data.rows[index].at(-1); // behind its columns
  }

  tagOf(row) {
    return this.host.tags[row.at(-1)] || { tag: "", note: "" };
  }

  async open(index) {
    this.selected = index;
    this.player?.destroy();
    this.table.rows().nodes().to$().removeClass("shown-below");
    $(this.table.row(index).node()).addClass("shown-below");
    const focused = this.detail.contains(document.activeElement) && document.activeElement.name;
    const row = this.data.rows[index];
    const heading = element("h3", { dir: "auto" }, this.key(index));
    const sound = element("div", { class: "sound" });
    const texts = element("dl");
    for (const { name, column, alignment } of this.data.texts) {
      if (row[column] === "") continue;
      const spans = alignment === null ? null : this.data.alignments[index][alignment];
      const shown = spans ? aligned(spans) : element("p", { dir: "auto" }, row[column] ?? "");
      texts.append(element("dt", {}, name), element("dd", {}, shown));
    }
    const facts = this.data.columns
      .map((column, at) => [column, row[at]])
      .filter(([column, value]) => column.kind !== "text" && value !== "" && value !== null)
      .map(([column, value]) => `${column.name} ${value}`);
    const more = element("p", { class: "muted" }, facts.join(" · "));
    this.detail.replaceChildren(heading, this.steps(), sound, texts, this.tagForm(index), more);
    if (focused) this.detail.querySelector(`[name=${focused}]`)?.focus();
    this.detail.scrollIntoView({ block: "nearest" });
    try {
      const address = await this.host.sound(index);
      if (this.selected === index) this.play(sound, address);
    } catch (error) {
      sound.append(element("p", { class: "wrong" }, error.message));
    }
  }

  steps() {
    const step = (by) => () => {
      const order = this.table.rows({ search: "applied" }).indexes().toArray();
      const place = order.indexOf(this.selected) + by;
      if (order[place] === undefined) return;
      this.table.page(Math.floor(place / this.table.page.len())).draw("page");
      this.open(order[place]);
    };
    const button = (name, by) => element("button", { onclick: step(by), name }, name);
    return element("p", {}, button("previous", -1), " ", button("next", 1));
  }

  play(box, address) {
    const audio = element("audio", { controls: "", src: address, preload: "auto" });
    const speed = element("select", {
      "aria-label": "speed",
      onchange: (event) => (audio.playbackRate = this.speed = Number(event.target.value)),
    });
    for (const value of SPEEDS)
      speed.append(new Option(`${value} × speed`, value, value === 1, value === this.speed));
    const wave = element("div", { role: "img", "aria-label": "waveform and spectrogram" });
    box.append(element("p", {}, audio, " ", speed), wave);
    const options = { height: 130, frequencyMax: 8000, labels: true, colorMap: "roseus" };
    const spectrogram = Spectrogram.create(options);
    this.player = WaveSurfer.create({
      container: wave,
      media: audio,
      height: 60,
      sampleRate: 16000,
      audioRate: this.speed,
      waveColor: "#9aa5b1",
      progressColor: "#0a6e8a",
      plugins: [Timeline.create({ ...SECONDS, style: { fontSize: "11px" } }), spectrogram],
    });
  }

  downloadButton() {
    const write = () => {
      const rows = [["explorer", "request", "tag", "note", "time"]];
      for (const [key, { tag, note }] of Object.entries(this.host.tags))
        rows.push([this.data.name, key, tag, note, new Date().toISOString()]);
      const text = rows.map((row) => row.map(csvCell).join(",")).join("\r\n");
      const href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
      element("a", { href, download: `${this.data.name}-tags.csv` }).click();
    };
    return element("button", { type: "button", onclick: write }, "download tags");
  }

  tagForm(index) {
    const key = this.key(index);
    const { tag, note } = this.host.tags[key] || { tag: "", note: "" };
    const names = element("datalist", { id: `tags-${this.data.name}` });
    const known = Object.values(this.host.tags).map((entry) => entry.tag);
    for (const name of new Set([...this.data.tags, ...known])) names.append(new Option(name));
    const list = { list: names.id, "aria-label": "tag", placeholder: "tag", value: tag };
    const first = element("input", list);
    const second = element("input", { "aria-label": "note", placeholder: "note", value: note });
    const saved = element("span", { class: "muted", role: "status" });
    const save = async (event) => {
      event.preventDefault();
      try {
        await this.host.save(key, first.value.trim(), second.value.trim());
        saved.textContent = ` ${this.host.where}`;
      } catch (error) {
        saved.textContent = ` not saved: ${error.message}`;
      }
      this.table.row(index).invalidate().draw(false);
    };
    const parts = [first, " ", second, " ", element("button", {}, "save"), saved, names];
    if (this.host.download) parts.push(" ", this.downloadButton());
    return element("form", { onsubmit: save }, ...parts);
  }
}
