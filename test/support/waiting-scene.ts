import { type MemoryScene, memoryScene } from './memory-scene.ts';

/** A scene whose servers say what they call a connection of ours, and that they are masters. */
export async function waitingScene(
  settings: readonly string[] = [],
  addresses?: readonly string[],
  others?: string[],
): Promise<MemoryScene> {
  const scene = await memoryScene(settings, addresses, others);
  for (const server of scene.servers) {
    server.always.set('CLIENT', ':77');
    server.always.set('ROLE', '*3\r\n$6\r\nmaster\r\n:0\r\n*0');
  }
  return scene;
}
