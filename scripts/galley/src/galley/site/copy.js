// The buttons "Copy runnable"
(() => {
  const holder = document.querySelector(".galley-runnable")
  if (!holder || !navigator.clipboard) return
  const { texts, cells } = JSON.parse(holder.dataset.runnable)
  const code = id => document.getElementById(id)?.querySelector(".galley-code code")
  const lines = ([id, first, last]) => {
    const own = code(id).cloneNode(true)
    own.querySelectorAll(".linenos,.md-annotation").forEach(each => each.remove())
    return own.textContent.split("\n").slice(first - 1, last).join("\n")
  }
  for (const [id, parts] of Object.entries(cells)) {
    const block = code(id)?.closest(".galley-code")
    const home = block?.closest("details") ?? document.getElementById(id)  // a claim's check is folded
    if (!block || home.querySelector(".galley-copy")) continue
    const label = "Copy runnable", button = document.createElement("button")
    Object.assign(button, {
      type: "button",
      className: "galley-copy",
      textContent: label,
      title: "Copy this cell with all that it needs from above",
      onclick: async () => {
        await navigator.clipboard.writeText(parts.map(each => texts[each] ?? lines(each)).join("") + "\n")
        button.textContent = "Copied"
        setTimeout(() => { button.textContent = label }, 2000)
      },
    })
    home.append(button)
  }
})()
