// The buttons "Copy runnable"
(() => {
  const holder = document.querySelector(".galley-runnable")
  if (!holder || !navigator.clipboard) return
  const { texts, cells } = JSON.parse(holder.dataset.runnable)
  const code = id => document.getElementById(id)?.querySelector(".galley-code code")
  const text = id => {
    const own = code(id).cloneNode(true)
    own.querySelectorAll(".linenos,.md-annotation").forEach(e => e.remove())
    return own.textContent
  }
  const part = each => {
    if (typeof each === "number") return texts[each]
    const [id, first, last] = each
    return text(id).split("\n").slice(first - 1, last).join("\n")
  }
  for (const [id, parts] of Object.entries(cells)) {
    const block = code(id)?.closest(".galley-code")
    const home = block?.closest("details") ?? document.getElementById(id)  // a claim's check is folded
    if (!block || home.querySelector(".galley-copy")) continue
    const button = document.createElement("button")
    button.type = "button"
    button.className = "galley-copy"
    button.textContent = "Copy runnable"
    button.title = "Copy this cell with all that it needs from above"
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(parts.map(part).join("") + "\n")
      button.textContent = "Copied"
      setTimeout(() => { button.textContent = "Copy runnable" }, 2000)
    })
    home.append(button)
  }
})()
