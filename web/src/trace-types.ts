import type { Inputs, Model, Targets, Tensor } from "lstmkit";
export interface LayerTrace {
  name: string;
  type: "lstm" | "simpleRNN";
  units: number;
  h: Tensor<Float32Array>;
  i?: Tensor<Float32Array>;
  f?: Tensor<Float32Array>;
  g?: Tensor<Float32Array>;
  o?: Tensor<Float32Array>;
  c?: Tensor<Float32Array>;
}
export interface Trace {
  layers: readonly LayerTrace[];
  outputs: Tensor<Float32Array>;
}
export interface LayerGradientFlow {
  name: string;
  type: "lstm" | "simpleRNN";
  units: number;
  dh: Tensor<Float32Array>;
  dc?: Tensor<Float32Array>;
}
export interface GradientFlow {
  losses: Tensor<Float32Array>;
  layers: readonly LayerGradientFlow[];
}
export type TModel = Model & {
  trace(x: Inputs): Promise<Trace>;
  gradientFlow(x: Inputs, y: Targets): Promise<GradientFlow>;
};
