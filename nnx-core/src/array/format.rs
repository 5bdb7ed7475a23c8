//! Arrays as text, in NumPy's layout: `print(x)` and `repr(x)` with NumPy's default options.

use crate::graph::{Array, Repr};
use crate::value::{DType, Element};
use half::{bf16, f16};
use num_complex::Complex;
use std::fmt;

/// Most elements that are printed in full.
const THRESHOLD: usize = 1000;
/// How many elements are shown at each edge of a summarized axis.
const EDGE: usize = 3;
/// Most digits after the point.
const PRECISION: usize = 8;
/// Most characters in a line.
const WIDTH: usize = 75;

/// The text before the elements in JAX's `repr`.
const PREFIX: &str = "Array(";

/// How elements are set: what is between them, how far lines are moved to the right, what
/// follows the last one, and whether a single number is set as an element of an array is.
struct Setting {
    separator: &'static str,
    indent: usize,
    suffix: usize,
    scalar_as_element: bool,
}

const STR: Setting = Setting { separator: " ", indent: 0, suffix: 0, scalar_as_element: false };
const REPR: Setting =
    Setting { separator: ", ", indent: PREFIX.len(), suffix: 1, scalar_as_element: true };

/// The elements as `numpy.array_str` writes them: long axes shortened, points below each other.
/// bf16, which NumPy itself has not, is set as f16 is.
impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match text(self, &STR) {
            Some(text) => f.write_str(&text),
            None => describe(self, f),
        }
    }
}

/// As JAX's `repr`: `Array([1., 2.], dtype=float32)`. A traced array shows its shape and dtype.
impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(text) = text(self, &REPR) else { return describe(self, f) };
        let empty = match (self.size(), self.shape()) {
            (0, [n]) => format!(", shape=({n},)"),
            (0, shape) => {
                let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
                format!(", shape=({})", sizes.join(", "))
            }
            _ => String::new(),
        };
        let text = text + &empty;
        let dtype = format!("dtype={})", self.dtype().numpy_name());
        // A dtype that does not fit after the last line is set further right, as in JAX.
        let last = text.rfind('\n').map_or(text.len() + 2, |at| text.len() - at + 1);
        let gap = if last + dtype.len() + 1 > WIDTH { PREFIX.len() } else { 1 };
        write!(f, "{PREFIX}{text},{}{dtype}", " ".repeat(gap))
    }
}

/// An array by its shape and dtype: `Array(f32[2, 3])`.
pub(crate) struct Brief<'a>(&'a Array);

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(self.0, f)
    }
}

impl Array {
    /// It without its elements.
    pub(crate) fn brief(&self) -> Brief<'_> {
        Brief(self)
    }
}

/// The description of an array without its elements.
fn describe(x: &Array, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match &x.0 {
        Repr::Device(buffer) => write!(f, "Array({})", buffer.aval()),
        Repr::Traced(t) => write!(f, "Traced({} in {})", t.aval, t.trace.scope),
        Repr::Absent(absence) => match &absence.aval {
            Some(aval) => write!(f, "ShapeOnly({aval})"),
            None => write!(f, "Absent({})", absence.why),
        },
    }
}

/// The elements, if they can be read.
fn text(x: &Array, setting: &Setting) -> Option<String> {
    let (aval, bytes) = (x.try_aval().ok()?, x.to_bytes().ok()?);
    if aval.rank() == 0 {
        return Some(match setting.scalar_as_element {
            true => cells(aval.dtype(), &[&bytes]).swap_remove(0).trim().to_owned(),
            false => scalar(aval.dtype(), &bytes),
        });
    }
    if aval.size() == 0 {
        return Some("[]".into());
    }
    let summarize = aval.size() > THRESHOLD;
    let mut shown = Vec::new();
    visible(aval.shape(), summarize, 0, &mut shown);
    let size = aval.dtype().size();
    let elements: Vec<&[u8]> = shown.iter().map(|&i| &bytes[i * size..(i + 1) * size]).collect();
    let mut cells = cells(aval.dtype(), &elements).into_iter();
    let layout = Layout { shape: aval.shape(), summarize, separator: setting.separator };
    let indent = " ".repeat(setting.indent + 1);
    Some(layout.write(0, &mut cells, indent, WIDTH - setting.suffix))
}

/// Positions of the elements that are shown, in order.
fn visible(shape: &[usize], summarize: bool, offset: usize, out: &mut Vec<usize>) {
    let Some((&n, rest)) = shape.split_first() else { return out.push(offset) };
    let stride: usize = rest.iter().product();
    let hidden = if summarize && n > 2 * EDGE { EDGE..n - EDGE } else { 0..0 };
    for i in (0..n).filter(|i| !hidden.contains(i)) {
        visible(rest, summarize, offset + i * stride, out);
    }
}

struct Layout<'a> {
    shape: &'a [usize],
    summarize: bool,
    separator: &'a str,
}

impl Layout<'_> {
    /// The part from dimension `d` on; further lines start with `indent`.
    fn write(
        &self,
        d: usize,
        cells: &mut impl Iterator<Item = String>,
        indent: String,
        width: usize,
    ) -> String {
        let n = self.shape[d];
        let short = self.summarize && n > 2 * EDGE;
        let count = if short { 2 * EDGE } else { n };
        let last = d + 1 == self.shape.len();
        if last {
            return self.row(
                count,
                short,
                cells,
                &indent,
                width.saturating_sub(self.shape.len() - 1),
            );
        }
        let deeper = format!("{indent} ");
        let gap = format!("{}{}", self.separator.trim_end(), "\n".repeat(self.shape.len() - d - 1));
        let mut out = String::from("[");
        for i in 0..count {
            if i > 0 {
                out += &gap;
                out += &indent;
            }
            if short && i == EDGE {
                out += "...";
                out += &gap;
                out += &indent;
            }
            out += &self.write(d + 1, cells, deeper.clone(), width);
        }
        out + "]"
    }

    /// The innermost axis, wrapped where it is too long.
    fn row(
        &self,
        count: usize,
        short: bool,
        cells: &mut impl Iterator<Item = String>,
        indent: &str,
        width: usize,
    ) -> String {
        let mut words: Vec<String> = cells.by_ref().take(count).collect();
        if short {
            words.insert(EDGE, "...".into());
        }
        let mut out = String::from("[");
        let mut column = indent.len();
        let total = words.len();
        let tail = self.separator.trim_end().len().max(1);
        for (i, word) in words.iter().enumerate() {
            let length = word.chars().count();
            if i > 0 {
                out += self.separator.trim_end();
                if column + length + tail > width {
                    out.truncate(out.trim_end().len());
                    out += "\n";
                    out += indent;
                    column = indent.len();
                } else {
                    out += " ";
                }
            }
            out += word;
            column += length + if i + 1 < total { self.separator.len() } else { 0 };
        }
        out + "]"
    }
}

/// The shown elements, each as wide as the widest.
fn cells(dtype: DType, elements: &[&[u8]]) -> Vec<String> {
    match dtype {
        DType::Bool => {
            elements.iter().map(|e| if e[0] != 0 { " True" } else { "False" }.into()).collect()
        }
        dtype if dtype.is_complex() => {
            let half = dtype.size() / 2;
            let part = |range: std::ops::Range<usize>| -> Vec<Float> {
                elements.iter().map(|e| Float::read(dtype.real(), &e[range.clone()])).collect()
            };
            let re = floats(&part(0..half), dtype, false);
            let im = floats(&part(half..2 * half), dtype, true);
            re.iter().zip(&im).map(|(re, im)| join(re, im)).collect()
        }
        dtype if dtype.is_float() || dtype.is_small_float() => {
            let values: Vec<Float> = elements.iter().map(|e| Float::read(dtype, e)).collect();
            floats(&values, dtype, false)
        }
        dtype => {
            let words: Vec<String> =
                elements.iter().map(|e| crate::value::format_element(dtype, e)).collect();
            let width = words.iter().map(String::len).max().unwrap_or(0);
            words.iter().map(|word| format!("{word:>width$}")).collect()
        }
    }
}

/// A complex number from its parts: the `j` comes before the spaces that pad it.
fn join(re: &str, im: &str) -> String {
    let digits = im.trim_end();
    format!("{re}{digits}j{}", &im[digits.len()..])
}

/// A number with the fewest digits that tell it from others of its dtype.
struct Float {
    value: f64,
    /// Positional and scientific.
    digits: [String; 2],
}

impl Float {
    fn read(dtype: DType, bytes: &[u8]) -> Float {
        fn one<T: Element>(bytes: &[u8]) -> Option<T> {
            T::from_bytes(bytes).first().copied()
        }
        let (value, digits) = match dtype {
            DType::F32 => {
                let x: f32 = one(bytes).unwrap_or(f32::NAN);
                let short = even(f64::from(x), &format!("{x:e}"), |y| y as f32 == x);
                (f64::from(x), [format!("{short}"), format!("{short:e}")])
            }
            DType::F16 => {
                let x: f16 = one(bytes).unwrap_or(f16::NAN);
                let short = shortest(x.to_f64(), |y| f16::from_f64(y) == x);
                (x.to_f64(), [format!("{short}"), format!("{short:e}")])
            }
            DType::BF16 => {
                let x: bf16 = one(bytes).unwrap_or(bf16::NAN);
                let short = shortest(x.to_f64(), |y| bf16::from_f64(y) == x);
                (x.to_f64(), [format!("{short}"), format!("{short:e}")])
            }
            small if small.is_small_float() => {
                let x =
                    crate::value::small_float(small, bytes.first().copied().unwrap_or_default());
                (x, [format!("{x}"), format!("{x:e}")])
            }
            _ => {
                let x: f64 = one(bytes).unwrap_or(f64::NAN);
                (x, [format!("{x}"), format!("{x:e}")])
            }
        };
        Float { value, digits }
    }

    /// Sign and digits before the point, digits after it, exponent.
    fn parts(&self, scientific: bool) -> (String, String, i32) {
        let text = &self.digits[usize::from(scientific)];
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let fraction = mantissa.split_once('.').map_or("", |(_, fraction)| fraction);
        let exponent = exponent.parse().unwrap_or(0);
        if fraction.len() <= PRECISION {
            let whole = mantissa.split('.').next().unwrap_or(mantissa);
            return (whole.into(), fraction.into(), exponent);
        }
        let x = self.value;
        let text =
            if scientific { format!("{x:.PRECISION$e}") } else { format!("{x:.PRECISION$}") };
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent = exponent.parse().unwrap_or(0);
        (whole.into(), fraction.trim_end_matches('0').into(), exponent)
    }
}

/// The number nearest to `x` with as many digits as `digits` has, the even one of two equally near,
/// as NumPy has it; if `same` accepts it.
fn even(x: f64, digits: &str, same: impl Fn(f64) -> bool) -> f64 {
    let mantissa = digits.split('e').next().unwrap_or(digits);
    let places = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let read = |text: &str| text.parse::<f64>().ok();
    let rounded = read(&format!("{x:.places$e}")).filter(|&y| same(y));
    rounded.or_else(|| read(digits)).unwrap_or(x)
}

/// The number with the fewest digits that `same` accepts.
fn shortest(x: f64, same: impl Fn(f64) -> bool) -> f64 {
    (0..9).find_map(|p| format!("{x:.p$e}").parse().ok().filter(|&y| same(y))).unwrap_or(x)
}

/// Numbers from here on are written in scientific notation: they may have more digits than `dtype`.
fn whole_below(dtype: DType) -> f64 {
    match dtype {
        dtype if dtype.size() < 4 => 1e3,
        DType::F32 | DType::C64 => 1e6,
        _ => 1e16,
    }
}

/// Numbers aligned at their points, in scientific notation if they differ much in size.
fn floats(values: &[Float], dtype: DType, sign: bool) -> Vec<String> {
    let sizes = values.iter().map(|x| x.value.abs()).filter(|x| x.is_finite() && *x != 0.0);
    let (low, high) = sizes.fold((f64::INFINITY, 0.0_f64), |(l, h), x| (l.min(x), h.max(x)));
    let scientific =
        high > 0.0 && (high >= whole_below(dtype).min(1e8) || low < 1e-4 || high / low > 1000.0);
    let parts: Vec<Option<(String, String, i32)>> =
        values.iter().map(|x| x.value.is_finite().then(|| x.parts(scientific))).collect();
    let plus = |whole: &str| {
        if sign && !whole.starts_with('-') { format!("+{whole}") } else { whole.to_owned() }
    };
    let finite = || parts.iter().flatten();
    let left = finite().map(|(whole, ..)| plus(whole).len()).max().unwrap_or(0);
    let right = finite().map(|(_, fraction, _)| fraction.len()).max().unwrap_or(0);
    // All exponents with as many digits as the longest, at least two.
    let digits = finite().map(|(.., e)| e.unsigned_abs().to_string().len()).max().unwrap_or(0);
    let digits = digits.max(2);
    let exponent = |e: i32| format!("e{}{:0digits$}", if e < 0 { '-' } else { '+' }, e.abs());
    let behind = if scientific { 2 + digits } else { 0 };
    let special = |x: f64| match (x.is_nan(), x > 0.0, sign) {
        (true, _, true) => "+nan",
        (true, ..) => "nan",
        (_, true, true) => "+inf",
        (_, true, false) => "inf",
        _ => "-inf",
    };
    let widest = values.iter().filter(|x| !x.value.is_finite()).map(|x| special(x.value).len());
    let point = usize::from(finite().next().is_some());
    let width = (left + point + right + behind).max(widest.max().unwrap_or(0));
    let one = |(x, part): (&Float, &Option<(String, String, i32)>)| match part {
        None => format!("{:>width$}", special(x.value)),
        // Digits that others need are those of the number itself, though fewer would tell it apart.
        Some((_, fraction, _)) if scientific && fraction.len() < right => {
            let text = format!("{:.right$e}", x.value);
            let (mantissa, e) = text.split_once('e').unwrap_or((&text, "0"));
            format!("{:>width$}", plus(mantissa) + &exponent(e.parse().unwrap_or(0)))
        }
        Some((whole, fraction, e)) if scientific => {
            format!("{:>width$}", format!("{}.{fraction:0<right$}{}", plus(whole), exponent(*e)))
        }
        Some((whole, fraction, _)) => {
            format!("{:>width$}", format!("{}.{fraction:<right$}", plus(whole)))
        }
    };
    values.iter().zip(&parts).map(one).collect()
}

/// A rank-0 array, with all its digits.
fn scalar(dtype: DType, bytes: &[u8]) -> String {
    let plain = |x: &Float| {
        if !x.value.is_finite() {
            return format!("{}", x.value).to_lowercase();
        }
        let size = x.value.abs();
        if size != 0.0 && !(1e-4..whole_below(dtype)).contains(&size) {
            let (mantissa, e) = x.digits[1].split_once('e').unwrap_or((&x.digits[1], "0"));
            let e: i32 = e.parse().unwrap_or(0);
            return format!("{mantissa}e{}{:02}", if e < 0 { '-' } else { '+' }, e.abs());
        }
        if x.digits[0].contains('.') { x.digits[0].clone() } else { format!("{}.0", x.digits[0]) }
    };
    match dtype {
        DType::Bool => if bytes[0] != 0 { "True" } else { "False" }.into(),
        dtype if dtype.is_complex() => {
            let z = match dtype {
                DType::C64 => Complex::<f32>::from_bytes(bytes)
                    .first()
                    .map(|z| Complex::new(f64::from(z.re), f64::from(z.im))),
                _ => Complex::<f64>::from_bytes(bytes).first().copied(),
            };
            let half = dtype.size() / 2;
            let [re, im] = [&bytes[..half], &bytes[half..]].map(|b| Float::read(dtype.real(), b));
            let short = |x: &Float| plain(x).trim_end_matches(".0").to_owned();
            if z.is_some_and(|z| z.re == 0.0 && z.re.is_sign_positive()) {
                return format!("{}j", short(&im));
            }
            let plus = if z.is_some_and(|z| z.im.is_sign_negative()) { "" } else { "+" };
            format!("({}{plus}{}j)", short(&re), short(&im))
        }
        dtype if dtype.is_float() || dtype.is_small_float() => plain(&Float::read(dtype, bytes)),
        dtype => crate::value::format_element(dtype, bytes),
    }
}
