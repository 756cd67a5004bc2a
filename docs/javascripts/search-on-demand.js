/* Keeps the search index, and the worker that searches it, back until somebody searches.

The theme's bundle asks for both as soon as a page is open, and has no setting for that. This file runs before the
bundle. It holds the one request until the search field has the focus, and then leaves requests as they were. The bundle
gets a worker that begins with its first message, which is the index. A page that is opened with a query (?q=), or with
words to mark (?h=), needs both at once. One that is opened from a folder has no search. */
(() => {
  if (/[?&][qh]=/.test(location.search) || location.protocol === "file:") return
  const { Worker } = window, { prototype } = XMLHttpRequest, { open, send } = prototype
  window.Worker = class extends EventTarget {
    constructor(...given) {
      super()
      this.given = given
      window.Worker = Worker
    }
    postMessage(said) {
      if (!this.worker) {
        this.worker = new Worker(...this.given)
        this.worker.onmessage = ({ data }) => this.dispatchEvent(new MessageEvent("message", { data }))
      }
      this.worker.postMessage(said)
    }
  }
  let held
  prototype.open = function (method, address, ...rest) {
    if (/\/search_index\.json$/.test(address)) held = this
    open.call(this, method, address, ...rest)
  }
  prototype.send = function (body) {
    if (this !== held) return send.call(this, body)
    Object.assign(prototype, { open, send })
    const release = () => document.activeElement?.matches(".md-search__input")
      ? send.call(this, body)
      : addEventListener("focusin", release, { once: true })
    release()
  }
})()
