/**
 * What several works that have begun come to, in their order. All of them are waited for, whatever becomes of one: nothing
 * goes on behind the back of whoever asked.
 *
 * @throws what the first of them, in their order, failed with
 */
export async function together<T>(works: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(works);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
