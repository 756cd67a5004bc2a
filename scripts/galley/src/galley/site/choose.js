// A table with choices: the reader chooses values of some columns, and sees the rows that were recorded with them.
document.querySelectorAll("[data-choose]").forEach((sheet, number) => {
  const made = (name, properties, ...children) => {
    const element = Object.assign(document.createElement(name), properties)
    element.append(...children)
    return element
  }
  const table = sheet.querySelector("table"), rows = [...table.tBodies[0].rows]
  const text = (row, at) => row.cells[at].textContent
  const columns = sheet.dataset.choose.split(" ").map(Number)
  const said = made("p", { role: "status" }), form = made("form", { className: "galley-choices" })
  const show = () => {
    const chosen = columns.map(at => [at, form.elements[`${number}-${at}`].value])
    const seen = rows.filter(row => chosen.every(([at, value]) => !value || text(row, at) === value))
    rows.forEach(row => { row.hidden = !seen.includes(row) })
    for (const [at, value] of chosen) {
      for (const row of table.rows) row.cells[at].hidden = Boolean(value && seen.length)
    }
    said.textContent = seen.length ? `${seen.length} of ${rows.length} recordings` : "This was not recorded."
  }
  for (const at of columns) {
    const values = new Set([...rows.map(row => text(row, at)), ""])
    form.append(made("fieldset", {}, made("legend", {}, text(table.tHead.rows[0], at)), ...[...values].map(value =>
      made("label", {}, made("input", {
        type: "radio", name: `${number}-${at}`, value, checked: value === text(rows[0], at),
      }), value || "all"))))
  }
  form.append(said)
  form.addEventListener("input", show)
  form.addEventListener("submit", event => event.preventDefault())
  sheet.before(form)
  show()
})
