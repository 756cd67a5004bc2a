/* Copying, use without a mouse, and pages opened from a folder. The page is whole without this script. */

// Each block has a button that copies it, served by the theme's clipboard. The theme would add each between two measurements of
// the page, which keeps a phone busy, and put each into a landmark without a name.
const article = document.querySelector("article")
const blocks = [...article.querySelectorAll("pre > code")]
const holder = document.createElement("div")
holder.className = "md-code__nav"
holder.innerHTML = '<button class="md-code__button" title="Copy to clipboard" data-md-type="copy"></button>'
blocks.forEach((code, number) => {
  const own = holder.cloneNode(true)
  code.id = `code-${number}`  // that of the block is the theme's to change
  own.firstChild.dataset.clipboardTarget = `#${code.id}`
  code.before(own)
})

// What scrolls sideways takes the focus, so that the arrow keys scroll it. Some browsers see to that themselves. What is far
// from the window is not laid out, and has no width yet: there a line that is long for a phone tells.
const scrollers = "pre > code, .md-typeset__scrollwrap, .tabbed-labels, .galley-figure, .galley-sheet"
for (const code of blocks) if (/[^\n]{36}/.test(code.textContent)) code.tabIndex = 0
const reach = found => {
  const scroll = found.map(each => each.scrollWidth > each.clientWidth)  // all are measured before one changes
  found.forEach((each, at) => {
    if (!scroll[at]) each.removeAttribute("tabindex")
    else if (!each.matches("[tabindex]")) each.tabIndex = 0
  })
}
const sizes = new ResizeObserver(entries => reach(entries.map(({target}) => target)))
addEventListener("load", () => {
  document.querySelectorAll(scrollers).forEach(each => sizes.observe(each))
  // On a touch screen the theme takes the focus from a block when it comes into view.
  new MutationObserver(records => reach(records.map(({target}) => target).filter(each => each.matches(scrollers))))
    .observe(article, {attributeFilter: ["tabindex"], subtree: true})
})

// The theme offers the way to the top to who goes up. A page that opens at a place below goes up too, as what is above gets
// its height; nobody asked for it then.
const moved = () => { document.documentElement.dataset.moved = "" }
for (const each of ["wheel", "touchmove", "keydown", "pointerdown"]) addEventListener(each, moved, {once: true})

// The theme shows a chosen tab on other pages too; a profile that nobody has run is not worth that.
addEventListener("pagehide", () => {
  __md_set("__tabs", (__md_get("__tabs") ?? []).filter(tab => !tab.endsWith("(not run yet)")))
})

// Opened from a folder, a link to a folder would show its list of files.
if (location.protocol === "file:") {
  for (const link of document.querySelectorAll("a[href]")) link.href = link.href.replace(/\/(?=$|[?#])/, "/index.html")
  article.insertAdjacentHTML("afterbegin", "<p class=galley-ran role=note>Opened from a folder, these pages have no search " +
    "and other fonts. A server gives both: <code>python -m http.server</code> in that folder.")
}
