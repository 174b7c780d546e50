/** The trust anchors by which the control plane is verified: the mounted file, until the control link sends newer ones. */
export class Anchors {
  readonly #readFile: () => string;
  #fileText: string | null = null;
  #inForce = '';

  /** `readFile` gives the mounted file's text, or throws. */
  constructor(readFile: () => string) {
    this.#readFile = readFile;
  }

  /** PEM. A file that has changed since the last look is newer than what came over the link. Throws only while there is nothing. */
  current(): string {
    try {
      const text = this.#readFile();
      if (text !== this.#fileText) this.#inForce = text;
      this.#fileText = text;
    } catch (error) {
      if (this.#inForce === '') throw error;
    }
    return this.#inForce;
  }

  /** Anchors that came over the control link. */
  put(trustBundle: string): void {
    this.#inForce = trustBundle;
  }
}
