/** @file One order statistic without sorting. */

/**
 * The value with `k` values before it in order, by quickselect (Hoare 1961): linear in their number.
 * @param values no NaN; at least k + 1; they are reordered
 */
export function kthSmallest(values: Float64Array, k: number): number {
  let low = 0, high = values.length - 1;
  while (low < high) {
    const pivot = values[(low + high) >> 1];
    let i = low, j = high;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i > j) break;
      const smaller = values[j];
      values[j--] = values[i];
      values[i++] = smaller;
    }
    if (k <= j) high = j;
    else if (k >= i) low = i;
    else break;
  }
  return values[k];
}
