/** values (rows) assigned: how many of the row's units are on the right side: y > threshold where t > ½. */
export function binaryAccuracy(
  values: usize,
  y: usize,
  targets: usize,
  rows: i32,
  units: i32,
  ld: i32,
  threshold: f32,
): void {
  for (let m = 0; m < rows; m++) {
    let hits = 0;
    for (let n = 0; n < units; n++) {
      const x = load<f32>(y + ((<usize>(m * ld + n)) << 2));
      const t = load<f32>(targets + ((<usize>(m * units + n)) << 2));
      hits += i32(x > threshold == t > 0.5);
    }
    store<f32>(values + ((<usize>m) << 2), <f32>hits);
  }
}
