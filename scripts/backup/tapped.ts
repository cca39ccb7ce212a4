/** The same chunks, each shown to `look` on its way; what that throws ends them. */
export async function* tapped<T extends Uint8Array>(
  chunks: AsyncIterable<T>,
  look: (chunk: T) => void,
): AsyncGenerator<T> {
  for await (const chunk of chunks) {
    look(chunk);
    yield chunk;
  }
}
