/* For those who use the page without a mouse, hear it, or open it from a folder. The page is whole without this script. */

// What scrolls sideways takes the focus, so that the arrow keys scroll it. Some browsers see to that themselves.
const scrollers = "pre > code, .md-typeset__scrollwrap, .tabbed-labels, .galley-figure, .galley-sheet"
const sizes = new ResizeObserver(entries => {
  for (const {target} of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0
    else target.removeAttribute("tabindex")
  }
})
addEventListener("load", () => document.querySelectorAll(scrollers).forEach(each => sizes.observe(each)))

// The theme puts each copy button into a landmark for navigation, a hundred on a page and all without a name.
const article = document.querySelector("article")
new MutationObserver(() => {
  article.querySelectorAll("nav.md-code__nav").forEach(nav => { nav.role = "presentation" })
}).observe(article, {childList: true, subtree: true})

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
