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

  const memory = (size, numbers, method, tokens, texts) => {
    const [layers, width, heads] = SHAPES[size], head = width / heads, inner = 4 * width, out = width + 2 * head
    const full = method === "full", runs = method === "inference", quantised = NUMBERS[numbers] < 2
    if (quantised && full) return null
    const bytes = Math.max(2, NUMBERS[numbers]), each = full ? bytes : 4, rows = tokens * texts

    const outs = out + inner + 2 * width, linear = layers * width * (out + width + 2 * inner)
    const rest = (VOCABULARY + PLACES + 2) * width + layers * (outs + 4 * width)
    const scales = { "8 bit": 4 * layers * outs, "4 bit": linear / 16 + layers * 4 * 64 }[numbers] ?? 0
    const trained = {
      full: linear + rest,
      LoRA: layers * RANK * (4 * width + out + inner),
      "(IA)³": layers * (out + inner),
      Parallel: layers * BOTTLENECK * (width + out),
    }[method] ?? 0

    const norms = 2 * layers + full, once = 4 * layers * heads + 4 * VOCABULARY + 8
    const all = bytes * (norms * (width + 2) + layers * (inner + out + width + 2 * head)) + once
    const more = {
      full: bytes * (norms * width + layers * inner) + 8,
      LoRA: 4 * layers * (width + inner + 3 * RANK + (bytes === 2 && width)),
      "(IA)³": layers * (4 * inner + bytes * out),
      Parallel: 4 * layers * (width + BOTTLENECK),
    }[method]
    const fixed = { full: 8 * tokens, "(IA)³": 4 * layers * inner + 4 * (layers - 1) * out }[method] ?? 0
    return {
      weights: linear * NUMBERS[numbers] + rest * bytes + scales,
      buffer: PLACES ** 2,
      adapter: full ? 0 : each * trained,
      cache: runs ? 2 * layers * head * bytes * rows : 0,
      gradients: each * trained,
      moments: 2 * each * trained,
      activations: quantised || runs ? null : rows * (all + more) + fixed + 4 + 8 * (texts === 1),
    }
  }

  const gb = bytes => `${(bytes / 1e9).toFixed(2)} GB`
  const answer = parts => {
    if (!parts) return "<p>Quantised weights are whole numbers, and have no gradient: choose an adapter, or other numbers."
    const sum = Object.values(parts).reduce((all, part) => all + part, 0)
    const card = CARDS.find(each => each * 2 ** 30 > sum)
    const said = card
      ? `A GPU sold with ${card} GB has ${gb(card * 2 ** 30)}, which leaves ${gb(card * 2 ** 30 - sum)} for what is not counted.`
      : "No single GPU of the usual sizes has so much."
    const rows = Object.entries(parts).filter(([, bytes]) => bytes !== 0).map(([name, bytes]) =>
      `<tr data-bytes="${bytes ?? ""}"><th scope="row">${name}<td>${bytes === null ? "not counted" : gb(bytes)}`)
    return `<p>Computed: ${gb(sum)}. ${said}<table class="fits-parts">${rows.join("")}</table>`
  }
  place.innerHTML = `<form>${Object.entries(CHOICES).map(([name, values]) => `<label>${name}<select>${values.map(value =>
    `<option value="${value}">${value.toLocaleString("en")}`).join("")}</select></label>`).join("")}</form><div aria-live="polite">`
  const [form, shown] = place.children, selects = [...form.querySelectorAll("select")]
  const show = () => { shown.innerHTML = answer(memory(...selects.map(({ value }) => Number(value) || value))) }
  selects.forEach((select, number) => { select.value = BEGIN[number] })
  form.addEventListener("input", show)
  show()
})()
