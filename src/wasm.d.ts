/** What workerd makes of an imported .wasm file. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  // biome-ignore lint/style/noDefaultExport: it is the host that exports it
  export default module;
}
