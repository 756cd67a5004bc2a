/* "Does it fit?" of the page "Memory and speed": what its cell memory-of computes, for what the reader chooses.

A test holds each number against that cell's. Without this script the page has a table of the main cases. */
(() => {
  const place = document.querySelector(".fits")
  const SHAPES = { "1B": [24, 2048, 16], "3B": [36, 2816, 22], "7B": [42, 4096, 32], "15.5B": [40, 6144, 48] }
  const NUMBERS = { float32: 4, bfloat16: 2, "8 bit": 1, "4 bit": 0.5 }
  const RANK = 8, BOTTLENECK = 256, VOCABULARY = 49152, PLACES = 8192
  const CARDS = [8, 12, 16, 24, 32, 40, 48, 80, 96, 141, 192]  // GiB
  const CHOICES = {
    Model: Object.keys(SHAPES),
    Numbers: Object.keys(NUMBERS),
    "What for": ["inference", "LoRA", "Parallel", "(IA)³", "full"],
    "Tokens of a text": [512, 2048, 8192],
    "Texts at once": [1, 4, 16, 64],
  }
  const BEGIN = ["7B", "bfloat16", "inference", 2048, 1]

  const weights = ([layers, width, heads, inner], numbers) => {
    const out = 2 * width + 2 * width / heads + inner + width
    const linear = layers * width * (2 * width + 2 * width / heads + 2 * inner)
    const rest = (VOCABULARY + PLACES + 2) * width + layers * (out + 4 * width)
    const scales = { "8 bit": 4 * layers * out, "4 bit": linear / 16 + layers * 4 * 64 }
    return linear * NUMBERS[numbers] + rest * Math.max(2, NUMBERS[numbers]) + (scales[numbers] ?? 0)
  }
  const trained = (shape, method) => {
    const [layers, width, heads, inner] = shape, out = width + 2 * width / heads
    if (method === "full") return weights(shape, "float32") / 4
    const each = { LoRA: RANK * (4 * width + out + inner), "(IA)³": out + inner, Parallel: BOTTLENECK * (width + out) }
    return layers * (each[method] ?? 0)
  }
  const activations = ([layers, width, heads, inner], size, method, tokens, texts) => {
    const head = width / heads, rows = tokens * texts, out = width + 2 * head
    const norms = 2 * layers + (method === "full")
    const once = 4 * layers * heads + 4 * VOCABULARY + 8
    const all = size * (norms * (width + 2) + layers * (inner + out + width + 2 * head)) + once
    const more = {
      full: size * (norms * width + layers * inner) + 8,
      LoRA: 4 * layers * (width + inner + 3 * RANK + (size === 2 ? width : 0)),
      "(IA)³": layers * (4 * inner + size * out),
      Parallel: 4 * layers * (width + BOTTLENECK),
    }
    const fixed = { full: 8 * tokens, "(IA)³": 4 * layers * inner + 4 * (layers - 1) * out }
    return rows * (all + more[method]) + (fixed[method] ?? 0) + 4 + 8 * (texts === 1)
  }
  const memory = (size, numbers, method, tokens, texts) => {
    const [layers, width, heads] = SHAPES[size], shape = [layers, width, heads, 4 * width]
    const quantised = NUMBERS[numbers] < 2, runs = method === "inference"
    if (quantised && method === "full") return null
    const bytes = Math.max(2, NUMBERS[numbers]), each = method === "full" ? bytes : 4, many = trained(shape, method)
    return {
      weights: weights(shape, numbers),
      buffer: PLACES ** 2,
      adapter: method === "full" ? 0 : each * many,
      cache: runs ? 2 * layers * (width / heads) * bytes * tokens * texts : 0,
      gradients: each * many,
      moments: 2 * each * many,
      activations: quantised || runs ? null : activations(shape, bytes, method, tokens, texts),
    }
  }

  const element = (name, text = "", attributes = {}) =>
    Object.assign(document.createElement(name), { textContent: text }, attributes)
  const gb = bytes => `${(bytes / 1e9).toFixed(2)} GB`
  const form = element("form"), answer = element("div"), said = element("p")
  answer.setAttribute("aria-live", "polite")
  const selects = Object.entries(CHOICES).map(([name, values], number) => {
    const select = element("select", "", { name })
    select.append(...values.map(value => element("option", value.toLocaleString("en"), { value })))
    select.value = BEGIN[number]
    const label = element("label", name)
    label.append(select)
    form.append(label)
    return select
  })
  const show = () => {
    const [size, numbers, method, tokens, texts] = selects.map(select => select.value)
    const parts = memory(size, numbers, method, Number(tokens), Number(texts)), table = element("table", "", { className: "fits-parts" })
    answer.replaceChildren(said)
    if (!parts) {
      said.textContent = "Quantised weights are whole numbers, and have no gradient: choose an adapter, or other numbers."
      return
    }
    const sum = Object.values(parts).reduce((all, part) => all + part, 0)
    const card = CARDS.find(each => each * 2 ** 30 > sum)
    said.textContent = card
      ? `Computed: ${gb(sum)}. A GPU sold with ${card} GB has ${gb(card * 2 ** 30)}, which leaves ${
        gb(card * 2 ** 30 - sum)} for what is not counted.`
      : `Computed: ${gb(sum)}. No single GPU of the usual sizes has so much.`
    for (const [name, bytes] of Object.entries(parts)) {
      if (bytes === 0) continue
      const row = table.insertRow()
      row.append(element("th", name, { scope: "row" }), element("td", bytes === null ? "not counted" : gb(bytes)))
      row.dataset.bytes = bytes ?? ""
    }
    answer.append(table)
  }
  form.addEventListener("input", show)
  form.addEventListener("submit", event => event.preventDefault())
  place.append(form, answer)
  show()
})()
