/** Targets of a row that count for more or less than others in its loss. */
import { clearPadding, row } from "./rows";

/**
 * Put the loss and the gradient of one target beside those of the others of its row.
 * losses (rows) assigned for the first target (`place` 0), added to for the others: `own`·weight / `count`
 * dy     (rows, ld) in the columns place·width … assigned: `downy`·weight; 0 in padded columns; 0 for no gradient
 * own    (rows): the losses of this target alone, one of `count`; downy (rows, width): its gradient
 */
export function weighTarget(
  losses: usize,
  dy: usize,
  own: usize,
  downy: usize,
  rows: i32,
  width: i32,
  ld: i32,
  weight: f32,
  place: i32,
  count: i32,
): void {
  const bytes = (<usize>width) << 2;
  for (let m = 0; m < rows; m++) {
    const at = (<usize>m) << 2;
    const loss: f32 = weight == 0 ? 0 : (load<f32>(own + at) * weight) / <f32>count;
    store<f32>(losses + at, place == 0 ? loss : load<f32>(losses + at) + loss);
    if (!dy) continue;
    const dm = row(dy, m, ld);
    if (place == 0) clearPadding(dm, width * count, ld);
    const to = dm + <usize>place * bytes;
    const from = row(downy, m, width);
    for (let j: usize = 0; j < bytes; j += 4) {
      store<f32>(to + j, weight == 0 ? 0 : load<f32>(from + j) * weight);
    }
  }
}
