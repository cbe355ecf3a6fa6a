/**
 * The exports of assembly/index.ts, by the compiler's declarations: npm run generate. What each computes, with
 * shapes, is said in assembly/. Pointers are byte offsets, sizes count elements, distances floats. Many lines, because
 * each export has its own.
 */
export interface Kernels {
  binaryAccuracy(
    values: number,
    y: number,
    targets: number,
    rows: number,
    units: number,
    ld: number,
    threshold: number,
  ): void;
  categoricalAccuracy(
    values: number,
    y: number,
    targets: number,
    rows: number,
    units: number,
    ld: number,
  ): void;
  sparseCategoricalAccuracy(
    values: number,
    y: number,
    targets: number,
    rows: number,
    units: number,
    ld: number,
  ): void;
  categoricalCrossentropyLogits(
    losses: number,
    dz: number,
    z: number,
    targets: number,
    rows: number,
    units: number,
    ld: number,
    scale: number,
  ): void;
  categoricalCrossentropyProbabilities(
    losses: number,
    dp: number,
    p: number,
    targets: number,
    rows: number,
    units: number,
    ld: number,
    scale: number,
  ): void;
  sparseCategoricalCrossentropyLogits(
    losses: number,
    dz: number,
    z: number,
    targets: number,
    rows: number,
    units: number,
    ld: number,
    scale: number,
  ): void;
  sparseCategoricalCrossentropyProbabilities(
    losses: number,
    dp: number,
    p: number,
    targets: number,
    rows: number,
    units: number,
    ld: number,
    scale: number,
  ): void;
  activationBackward(dy: number, y: number, n: number, activation: number): void;
  activationForward(y: number, n: number, activation: number): void;
  dropElements(
    y: number,
    ldy: number,
    x: number,
    ldx: number,
    rows: number,
    width: number,
    rate: number,
    scale: number,
    seed: number,
    layer: number,
    sample: number,
    step: number,
    epoch: number,
  ): void;
  dropoutBackward(
    dx: number,
    ldx: number,
    dxc: number,
    ldc: number,
    keep: number,
    K: number,
    scale: number,
    T: number,
  ): void;
  dropoutForward(
    xc: number,
    ldc: number,
    x: number,
    ldx: number,
    keep: number,
    K: number,
    scale: number,
    T: number,
  ): void;
  recurrentDropout(
    m: number,
    units: number,
    rate: number,
    scale: number,
    seed: number,
    layer: number,
    sample: number,
    step: number,
    epoch: number,
  ): void;
  addRows(sums: number, x: number, places: number, T: number, N: number, step: number): void;
  embeddingBackward(
    dTable: number,
    squares: number,
    dx: number,
    ids: number,
    count: number,
    E: number,
    part: number,
    parts: number,
  ): number;
  embeddingForward(x: number, ids: number, table: number, T: number, E: number, step: number): void;
  clear(x: number, n: number): void;
  packColumns(a: number, src: number, ld: number, M: number, K: number): void;
  packPanels(b: number, src: number, ld: number, keep: number, K: number, N: number): void;
  packPanelsTransposed(b: number, src: number, ld: number, keep: number, K: number, N: number): void;
  packRows(a: number, src: number, ld: number, M: number, K: number): void;
  product(
    c: number,
    ldc: number,
    rows: number,
    init: number,
    ldi: number,
    a: number,
    b: number,
    M: number,
    N: number,
    K: number,
  ): void;
  sumPanels(db: number, b: number, K: number, N: number): void;
  gruBackward(
    z: number,
    v: number,
    h: number,
    dh: number,
    dhState: number,
    flow: number,
    UT: number,
    a: number,
    R: number,
    T: number,
    H: number,
    mask: number,
    maskStep: number,
    maskSequence: number,
    m: number,
    dm: number,
  ): void;
  gruBeforeBackward(
    z: number,
    h: number,
    dh: number,
    dhState: number,
    flow: number,
    UT: number,
    a: number,
    R: number,
    T: number,
    H: number,
    mask: number,
    maskStep: number,
    maskSequence: number,
    m: number,
    hm: number,
    dm: number,
  ): void;
  gruBeforeForward(
    z: number,
    h: number,
    rh: number,
    U: number,
    a: number,
    R: number,
    T: number,
    H: number,
    units: number,
    mask: number,
    maskStep: number,
    maskSequence: number,
    m: number,
    hm: number,
  ): void;
  gruForward(
    z: number,
    v: number,
    h: number,
    b: number,
    U: number,
    a: number,
    R: number,
    T: number,
    H: number,
    units: number,
    mask: number,
    maskStep: number,
    maskSequence: number,
    m: number,
    hm: number,
  ): void;
  layerNormBackward(
    dx: number,
    lddx: number,
    dgamma: number,
    dbeta: number,
    dy: number,
    lddy: number,
    xhat: number,
    inverse: number,
    gamma: number,
    rows: number,
    n: number,
  ): void;
  layerNormForward(
    y: number,
    ldy: number,
    xhat: number,
    inverse: number,
    x: number,
    ldx: number,
    gamma: number,
    beta: number,
    rows: number,
    n: number,
    epsilon: number,
  ): void;
  bceLogits(
    losses: number,
    dz: number,
    z: number,
    targets: number,
    rows: number,
    units: number,
    ld: number,
    scale: number,
  ): void;
  bceProbabilities(
    losses: number,
    dp: number,
    p: number,
    targets: number,
    rows: number,
    units: number,
    ld: number,
    scale: number,
  ): void;
  sumFloats(x: number, n: number): number;
  sumInts(x: number, n: number): number;
  lstmBackward(
    z: number,
    c: number,
    tc: number,
    dh: number,
    dhState: number,
    dcState: number,
    flow: number,
    uT: number,
    a: number,
    R: number,
    T: number,
    H: number,
    mask: number,
    maskStep: number,
    maskSequence: number,
    m: number,
    dm: number,
  ): void;
  lstmForward(
    z: number,
    c: number,
    h: number,
    tc: number,
    u: number,
    a: number,
    R: number,
    T: number,
    H: number,
    units: number,
    mask: number,
    maskStep: number,
    maskSequence: number,
    m: number,
    hm: number,
  ): void;
  clearMasked(x: number, ld: number, mask: number, maskStep: number, rows: number): void;
  leadingMasked(mask: number, maskStep: number, T: number): number;
  meanAbsoluteError(
    losses: number,
    dy: number,
    y: number,
    targets: number,
    rows: number,
    units: number,
    ld: number,
    scale: number,
  ): void;
  meanSquaredError(
    losses: number,
    dy: number,
    y: number,
    targets: number,
    rows: number,
    units: number,
    ld: number,
    scale: number,
  ): void;
  copyRows(to: number, ldTo: number, from: number, ldFrom: number, width: number, rows: number): void;
  mergeRows(
    y: number,
    ldy: number,
    a: number,
    lda: number,
    b: number,
    ldb: number,
    width: number,
    rows: number,
    mode: number,
  ): void;
  mergeRowsBackward(
    da: number,
    ldda: number,
    db: number,
    lddb: number,
    dy: number,
    lddy: number,
    a: number,
    lda: number,
    b: number,
    ldb: number,
    width: number,
    rows: number,
    mode: number,
  ): void;
  adam(
    w: number,
    m: number,
    v: number,
    g: number,
    squares: number,
    n: number,
    learningRate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    t: number,
  ): void;
  allFinite(x: number, n: number): number;
  peak(x: number, n: number): number;
  sumShards(g: number, partials: number, shards: number, stride: number, n: number): void;
  dropoutKeep(
    keep: number,
    scratch: number,
    n: number,
    rate: number,
    seed: number,
    layer: number,
    sample: number,
    step: number,
    epoch: number,
  ): number;
  normal(out: number, n: number, seed: number, tensor: number): void;
  orthogonal(out: number, scratch: number, rows: number, cols: number, seed: number, tensor: number): void;
  philox(out: number, k0: number, k1: number, c0: number, c1: number, c2: number, c3: number): void;
  shuffle(order: number, scratch: number, n: number, seed: number, epoch: number): void;
  uniform(out: number, n: number, low: number, high: number, seed: number, tensor: number): void;
  rnnBackward(
    dz: number,
    h: number,
    dh: number,
    dhState: number,
    flow: number,
    uT: number,
    a: number,
    R: number,
    T: number,
    H: number,
    mask: number,
    maskStep: number,
    maskSequence: number,
    m: number,
    dm: number,
  ): void;
  rnnForward(
    z: number,
    h: number,
    u: number,
    a: number,
    R: number,
    T: number,
    H: number,
    units: number,
    mask: number,
    maskStep: number,
    maskSequence: number,
    m: number,
    hm: number,
  ): void;
  sgd(
    w: number,
    m: number,
    g: number,
    n: number,
    learningRate: number,
    momentum: number,
    nesterov: number,
    clears: number,
  ): void;
  mapCosTurns(y: number, x: number, n: number): void;
  mapExp(y: number, x: number, n: number): void;
  mapLog(y: number, x: number, n: number): void;
  mapSigmoid(y: number, x: number, n: number): void;
  mapTanh(y: number, x: number, n: number): void;
  softmaxBackward(dy: number, y: number, rows: number, n: number, ld: number): void;
  softmaxForward(y: number, rows: number, n: number, ld: number): void;
  weighRows(losses: number, dy: number, weights: number, rows: number, ld: number): void;
}

/** How many parameters each has: what tells another version's module. */
export const KERNEL_PARAMETERS: { readonly [K in keyof Kernels]: number } = {
  binaryAccuracy: 7,
  categoricalAccuracy: 6,
  sparseCategoricalAccuracy: 6,
  categoricalCrossentropyLogits: 8,
  categoricalCrossentropyProbabilities: 8,
  sparseCategoricalCrossentropyLogits: 8,
  sparseCategoricalCrossentropyProbabilities: 8,
  activationBackward: 4,
  activationForward: 3,
  dropElements: 13,
  dropoutBackward: 8,
  dropoutForward: 8,
  recurrentDropout: 9,
  addRows: 6,
  embeddingBackward: 8,
  embeddingForward: 6,
  clear: 2,
  packColumns: 5,
  packPanels: 6,
  packPanelsTransposed: 6,
  packRows: 5,
  product: 10,
  sumPanels: 4,
  gruBackward: 16,
  gruBeforeBackward: 16,
  gruBeforeForward: 14,
  gruForward: 15,
  layerNormBackward: 11,
  layerNormForward: 11,
  bceLogits: 8,
  bceProbabilities: 8,
  sumFloats: 2,
  sumInts: 2,
  lstmBackward: 17,
  lstmForward: 15,
  clearMasked: 5,
  leadingMasked: 3,
  meanAbsoluteError: 8,
  meanSquaredError: 8,
  copyRows: 6,
  mergeRows: 9,
  mergeRowsBackward: 13,
  adam: 11,
  allFinite: 2,
  peak: 2,
  sumShards: 5,
  dropoutKeep: 9,
  normal: 4,
  orthogonal: 6,
  philox: 7,
  shuffle: 5,
  uniform: 6,
  rnnBackward: 15,
  rnnForward: 13,
  sgd: 8,
  mapCosTurns: 3,
  mapExp: 3,
  mapLog: 3,
  mapSigmoid: 3,
  mapTanh: 3,
  softmaxBackward: 5,
  softmaxForward: 4,
  weighRows: 5,
};
