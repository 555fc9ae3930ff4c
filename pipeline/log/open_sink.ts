/** @file The sinks by their names. */
import type { Sink, SinkName, SinkOptions } from "./sink.ts";

/** Each is loaded only when it is asked for. */
export async function openSink(name: SinkName, options: SinkOptions): Promise<Sink> {
  if (name === "tensorboard") {
    const { TensorBoardSink } = await import("./tensorboard.ts");
    return new TensorBoardSink(options);
  }
  const { WandbSink } = await import("./wandb.ts");
  return new WandbSink(options);
}
