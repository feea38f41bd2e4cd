// <sms-bridge-verify page-url="https://…/v/…">: the person's page inside another one. It grows with what it shows, and
// dispatches `status` events with {onboarding_id, status}. They prove nothing: your server asks the bridge.
"use strict";

customElements.define(
  "sms-bridge-verify",
  class extends HTMLElement {
    static observedAttributes = ["page-url"];
    #frame;
    #hear = (event) => {
      if (!this.#frame || event.source !== this.#frame.contentWindow || event.origin !== this.#origin) return;
      const { source, type, height, onboarding_id, status, stage } = event.data ?? {};
      if (source !== "sms-bridge") return;
      if (type === "height" && Number.isFinite(height)) this.#frame.style.height = `${Math.min(Math.max(height, 100), 5000)}px`;
      if (type === "status") this.#tell({ onboarding_id, status, stage });
    };
    #origin;
    #last;

    connectedCallback() {
      addEventListener("message", this.#hear);
      this.#draw();
    }

    disconnectedCallback() {
      removeEventListener("message", this.#hear);
    }

    attributeChangedCallback() {
      if (this.isConnected) this.#draw();
    }

    #draw() {
      let url;
      try {
        url = new URL(this.getAttribute("page-url"), document.baseURI);
      } catch {
        return;
      }
      if (!/^https?:$/.test(url.protocol)) return;
      url.searchParams.set("origin", location.origin);
      this.#origin = url.origin;
      this.#last = undefined;
      this.#frame = document.createElement("iframe");
      this.#frame.src = url.href;
      this.#frame.title = this.getAttribute("title") ?? "SMS";
      this.#frame.allow = "clipboard-write";
      this.#frame.referrerPolicy = "no-referrer";
      this.#frame.style.cssText = "border:0;width:100%;height:40rem;display:block";
      this.replaceChildren(this.#frame);
    }

    /** Once for each change: the page says it again whenever it grows. */
    #tell(detail) {
      const said = JSON.stringify(detail);
      if (said === this.#last) return;
      this.#last = said;
      this.dispatchEvent(new CustomEvent("status", { detail, bubbles: true }));
    }
  },
);
