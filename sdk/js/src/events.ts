/** Reads server-sent events, piece by piece as they come. Knows nothing of what they say. */

export interface ServerEvent {
  event: string;
  data: string;
}

export class EventReader {
  #rest = "";
  #event = "";
  #data: string[] = [];

  /** The events that end in this piece. */
  read(piece: string): ServerEvent[] {
    const lines = (this.#rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): ServerEvent[] {
    if (line === "") {
      const ended = { event: this.#event || "message", data: this.#data.join("\n") };
      const isOne = this.#data.length > 0;
      this.#event = "";
      this.#data = [];
      return isOne ? [ended] : [];
    }
    const [, name = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === "event") {
      this.#event = value;
    } else if (name === "data") {
      this.#data.push(value);
    }
    return [];
  }
}
