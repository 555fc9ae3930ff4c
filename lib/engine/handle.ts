/** @file What the handles of all engines have in common: they are read, and disposed of once. */
import { describe, type DType, type Handle, type Tensor } from "./types.ts";

export abstract class EngineHandle<Native> implements Handle {
  #native: Native | undefined;

  constructor(readonly dtype: DType, readonly shape: readonly number[], native: Native) {
    this.#native = native;
  }

  /**
   * The engine's own value.
   * @param role what the handle is to whoever asks, for the message.
   * @throws {TypeError} after {@linkcode dispose}.
   */
  native(role: string): Native {
    if (this.#native !== undefined) return this.#native;
    throw new TypeError(
      `${role} (${describe(this)}) was disposed of; dispose of a handle after its last use`,
    );
  }

  // Async, so that a handle that was disposed of is a rejection.
  async read(): Promise<Tensor> {
    return await this.copy(this.native("the handle to read"));
  }

  dispose(): void {
    if (this.#native === undefined) return;
    this.free(this.#native);
    this.#native = undefined;
  }

  protected abstract copy(native: Native): Tensor | Promise<Tensor>;
  protected abstract free(native: Native): void;
}
