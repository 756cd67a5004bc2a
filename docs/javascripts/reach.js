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
new MutationObserver(changes => {
  for (const {addedNodes} of changes) {
    for (const node of addedNodes) if (node.matches?.("nav.md-code__nav")) node.role = "presentation"
  }
}).observe(document.querySelector("article"), {childList: true, subtree: true})

// Opened from a folder, a link to a folder would show its list of files.
if (location.protocol === "file:") {
  for (const link of document.querySelectorAll("a[href]")) link.href = link.href.replace(/\/(?=$|[?#])/, "/index.html")
  document.querySelector("article").insertAdjacentHTML("afterbegin", "<p class=galley-ran role=note>Opened from a folder, " +
    "these pages have no search and other fonts. A server gives both: <code>python -m http.server</code> in that folder.")
}
