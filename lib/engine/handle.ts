/** @file What the handles of all engines have in common: they are read, and disposed of once. */
import { describe, type DType, type Handle, type Tensor } from "./types.ts";

/** The handle of an engine whose own values are `Native`; an engine says how one is copied and freed. */
export abstract class EngineHandle<Native> implements Handle {
  #native: Native | undefined;

  /** Takes over `native`: it is freed with the handle. */
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

  /** The value on the host, in the handle's shape and dtype. */
  protected abstract copy(native: Native): Tensor | Promise<Tensor>;
  /** Frees the value, or this handle's share in it; called once. */
  protected abstract free(native: Native): void;
}
