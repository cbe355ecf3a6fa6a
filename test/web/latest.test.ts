import { expect, test } from "vitest";
import { latest } from "../../web/src/tasks/latest.ts";

test("what is asked for meanwhile is done once more, and what a round threw that was not the last is forgotten", async () => {
  const done: number[] = [];
  let value = 0;
  let open = () => {};
  const work = latest(async () => {
    const mine = value;
    await new Promise<void>((resolve) => {
      open = resolve;
    });
    if (mine === 0) throw new Error("of a model that has left");
    done.push(mine);
  });
  const first = work();
  value = 1;
  const second = work();
  value = 2;
  const third = work();
  open();
  await new Promise((resolve) => setTimeout(resolve));
  open();
  await Promise.all([first, second, third]);
  expect(done).toEqual([2]);
  value = 0;
  const last = work();
  open();
  await expect(last).rejects.toThrow("of a model that has left");
});
