/**
 * sin, cos, log and exp in f64, for the host's own numbers: those of an engine's Math differ from engine to engine, these
 * do not, in no build. Reductions, polynomials and their constants are fdlibm's (Sun Microsystems 1993, s_sin.c, k_sin.c,
 * k_cos.c, e_rem_pio2.c, e_log.c, e_exp.c), each within 1 ulp.
 */

/** out (n) = sin x (n), f64 both, in place where they are the same; NaN where |x| is above 2²⁰. */
export function sinElements(out: usize, x: usize, n: i32): void {
  for (let i = 0; i < n; i++) store<f64>(place(out, i), turned(load<f64>(place(x, i)), 0));
}

/** out = cos x, as sinElements. */
export function cosElements(out: usize, x: usize, n: i32): void {
  for (let i = 0; i < n; i++) store<f64>(place(out, i), turned(load<f64>(place(x, i)), 1));
}

/** out (n) = ln x (n), f64 both, in place where they are the same. */
export function logElements(out: usize, x: usize, n: i32): void {
  for (let i = 0; i < n; i++) store<f64>(place(out, i), logarithm(load<f64>(place(x, i))));
}

/** out = eˣ, as logElements. */
export function expElements(out: usize, x: usize, n: i32): void {
  for (let i = 0; i < n; i++) store<f64>(place(out, i), exponential(load<f64>(place(x, i))));
}

function place(base: usize, i: i32): usize {
  return base + ((<usize>i) << 3);
}

/** sin (x + quarters · π/2): x = q · π/2 + r + tail, π/2 in three parts of 33 bits and a rest. */
function turned(x: f64, quarters: i32): f64 {
  if (!(abs(x) <= 1048576.0)) return NaN;
  if (quarters == 0 && abs(x) < 7.450580596923828e-9) return x; // 2⁻²⁷; keeps -0
  const q = nearest(x * 0.6366197723675814);
  let t = x - q * 1.5707963267341256;
  let w = q * 6.077100506303966e-11;
  let r = t - w;
  w = q * 2.0222662487111665e-21 - (t - r - w);
  t = r;
  r = t - w;
  w = q * 8.4784276603689e-32 - (t - r - w);
  const high = r - w;
  const tail = r - high - w;
  const quarter = (<i32>q + quarters) & 3;
  const value = quarter & 1 ? cosine(high, tail) : sine(high, tail);
  return quarter & 2 ? -value : value;
}

/** sin (x + tail), |x| ≤ π/4. */
function sine(x: f64, tail: f64): f64 {
  const z = x * x;
  const v = z * x;
  const r =
    0.00833333333332249 +
    z * (-0.0001984126982985795 + z * 2.7557313707070068e-6) +
    z * z * z * (-2.5050760253406863e-8 + z * 1.58969099521155e-10);
  return x - (z * (0.5 * tail - v * r) - tail - v * -0.16666666666666632);
}

/** cos (x + tail), |x| ≤ π/4. */
function cosine(x: f64, tail: f64): f64 {
  const z = x * x;
  const r =
    z * (0.0416666666666666 + z * (-0.001388888888887411 + z * 2.480158728947673e-5)) +
    z * z * z * z * (-2.7557314351390663e-7 + z * (2.087572321298175e-9 + z * -1.1359647557788195e-11));
  const half = 0.5 * z;
  const w = 1.0 - half;
  return w + (1.0 - w - half + (z * r - x * tail));
}

/** x = 2ᵏ(1 + f) with 1 + f in [√½, √2]. */
function logarithm(x: f64): f64 {
  if (!(x > 0.0)) return x == 0.0 ? -Infinity : NaN;
  if (x == Infinity) return x;
  let k: i64 = 0;
  if (x < 2.2250738585072014e-308) {
    k = -54;
    x *= 18014398509481984.0;
  }
  const bits = reinterpret<u64>(x) + ((<u64>(0x3ff00000 - 0x3fe6a09e)) << 32);
  k += <i64>(bits >> 52) - 1023;
  const f = reinterpret<f64>((bits & 0x000fffffffffffff) + ((<u64>0x3fe6a09e) << 32)) - 1.0;
  const half = 0.5 * f * f;
  const s = f / (2.0 + f);
  const z = s * s;
  const w = z * z;
  const r =
    w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373)) +
    z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)));
  const exponent = <f64>k;
  return s * (half + r) + exponent * 1.9082149292705877e-10 - half + f + exponent * 0.6931471803691238;
}

/** x = k ln 2 + r. */
function exponential(x: f64): f64 {
  if (!(x <= 709.782712893384)) return x > 0.0 ? Infinity : x; // NaN is itself
  if (x < -745.1332191019411) return 0.0;
  const k = nearest(x * 1.4426950408889634);
  const high = x - k * 0.6931471803691238;
  const low = k * 1.9082149292705877e-10;
  const r = high - low;
  const z = r * r;
  const c =
    r -
    z *
      (0.16666666666666602 +
        z *
          (-0.0027777777777015593 +
            z * (6.613756321437934e-5 + z * (-1.6533902205465252e-6 + z * 4.1381367970572385e-8))));
  const y = 1.0 + ((r * c) / (2.0 - c) - low + high);
  const e = <i32>k;
  if (e > 1023) return y * 2.0 * powerOf2(e - 1);
  return e < -1021 ? y * powerOf2(e + 1000) * powerOf2(-1000) : y * powerOf2(e);
}

/** 2ᵉ for e from -1022 to 1023. */
function powerOf2(e: i32): f64 {
  return reinterpret<f64>((<u64>(e + 1023)) << 52);
}
