/* Keeps the search index back until somebody searches.

The theme's bundle asks for the index as soon as a page is open, and has no setting for that. This file runs before the
bundle. It holds that one request until the search field has the focus, and then leaves requests as they were. A page
that is opened with a query (?q=), or with words to mark (?h=), needs the index at once. */
(() => {
  const given = new URLSearchParams(location.search)
  if (given.has("q") || given.has("h")) return
  const { open, send } = XMLHttpRequest.prototype
  let held
  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    if (/\/search\/search_index\.json$/.test(address)) held = this
    return open.call(this, method, address, ...rest)
  }
  XMLHttpRequest.prototype.send = function (...body) {
    if (this !== held) return send.apply(this, body)
    Object.assign(XMLHttpRequest.prototype, { open, send })
    const release = event => {
      if (!event.target.matches(".md-search__input")) return
      document.removeEventListener("focusin", release)
      send.apply(this, body)
    }
    document.addEventListener("focusin", release)
    if (document.activeElement) release({ target: document.activeElement })
  }
})()
