/** With --allow-natives-syntax: the kernels, of those that were tried, that V8 has optimised when a runtime is there, as JSON. */
import { createRuntime, gru } from "lstmkit";

const { instantiate } = WebAssembly;
const instances = [];
WebAssembly.instantiate = async (...given) => {
  const instance = await instantiate(...given);
  instances.push(instance);
  return instance;
};
const isOptimised = new Function("kernel", "return %IsTurboFanFunction(kernel)");

const kit = await createRuntime({ vectors: 256 });
await kit.sequential([gru({ units: 8, inputShape: [5, 3] })]);
const [plain, wide] = instances.map(({ exports }) =>
  Object.keys(exports).filter((name) => typeof exports[name] === "function" && isOptimised(exports[name])),
);
console.log(JSON.stringify({ plain, wide }));
await kit.close();
