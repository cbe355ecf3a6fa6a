/** to (rows, width) = from: row m is at m·ldTo and m·ldFrom floats; a distance may be negative. */
export function copyRows(to: usize, ldTo: i32, from: usize, ldFrom: i32, width: i32, rows: i32): void {
  for (let m = 0; m < rows; m++) {
    memory.copy(to, from, (<usize>width) << 2);
    to += (<usize>ldTo) << 2;
    from += (<usize>ldFrom) << 2;
  }
}
