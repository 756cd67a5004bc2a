// A table with choices: the reader chooses values of some columns, and sees the rows that were recorded with them.
(() => {
  const made = (name, properties, ...children) => {
    const element = Object.assign(document.createElement(name), properties)
    element.append(...children)
    return element
  }
  document.querySelectorAll("[data-choose]").forEach((sheet, number) => {
    const table = sheet.querySelector("table"), rows = [...table.tBodies[0].rows]
    const said = made("p", { role: "status" }), form = made("form", { className: "galley-choices" })
    const columns = sheet.dataset.choose.split(" ").map(Number)
    const begin = rows[0]
    const show = () => {
      const chosen = new Map(columns.map(at => [at, form.elements[`${number}-${at}`].value]))
      const seen = rows.filter(row => [...chosen].every(([at, value]) => !value || row.cells[at].textContent === value))
      rows.forEach(row => { row.hidden = !seen.includes(row) })
      for (const [at, value] of chosen) {
        for (const row of table.rows) row.cells[at].hidden = Boolean(value) && seen.length > 0
      }
      said.textContent = seen.length ? `${seen.length} of ${rows.length} recordings` : "This was not recorded."
    }
    for (const at of columns) {
      const values = [...new Set(rows.map(row => row.cells[at].textContent))]
      const name = table.tHead.rows[0].cells[at].textContent
      form.append(made("fieldset", {}, made("legend", { textContent: name }), ...[...values, ""].map(value => made(
        "label", {}, made("input", {
          type: "radio", name: `${number}-${at}`, value, checked: value === begin.cells[at].textContent,
        }), value || "all",
      ))))
    }
    form.append(said)
    form.addEventListener("input", show)
    form.addEventListener("submit", event => event.preventDefault())
    sheet.before(form)
    show()
  })
})()
