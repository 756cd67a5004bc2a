/* Keeps the search index, and the worker that searches it, back until somebody searches.

The theme's bundle asks for both as soon as a page is open, and has no setting for that. This file runs before the
bundle. It holds the one request until the search field has the focus, and then leaves requests as they were. The bundle
gets a worker that begins with its first message, which is the index. A page that is opened with a query (?q=), or with
words to mark (?h=), needs both at once. One that is opened from a folder has no search. */
(() => {
  const given = new URLSearchParams(location.search)
  if (given.has("q") || given.has("h") || location.protocol === "file:") return
  const { Worker } = window
  window.Worker = class extends EventTarget {
    constructor(...given) {
      super()
      this.begin = () => new Worker(...given)
      window.Worker = Worker
    }
    postMessage(said) {
      if (!this.worker) {
        this.worker = this.begin()
        this.worker.onmessage = ({ data }) => this.dispatchEvent(new MessageEvent("message", { data }))
      }
      this.worker.postMessage(said)
    }
  }
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
