/** Numbers from 0 to 1 that are the same for the same seeds. */
export type Random = () => number

/** The generator of one fault of a run; every fault can be drawn without those before it. */
export function randomOf(seed: number, index: number): Random {
  let state = (Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) + Math.imul(index + 1, 0xc2b2_ae35)) | 0
  // mulberry32, a public-domain generator of Tommy Ettinger.
  return () => {
    state = (state + 0x6d2b_79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export function pick<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new TypeError('there is nothing to pick from')
  return item
}

/** A whole number from `least` to below `limit`. */
export function integer(random: Random, least: number, limit: number): number {
  return least + Math.floor(random() * Math.max(1, limit - least))
}
