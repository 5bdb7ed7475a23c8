//! Convolutions and their options.

use super::axes::{invalid, product_of};
use super::matmul::sums_in;
use super::{AsArray, Precision, full, one_program};
use crate::graph::Array;
use crate::lower::ConvDims;
use crate::ops::{ConvGeneralDilated, Reverse, dilated};
use crate::run::bind1;
use crate::value::DType;

/// How much is added before and after each axis that a window slides over.
///
/// ```
/// use nnx::{Array, array::{ConvOptions, Padding, conv_general_dilated}};
///
/// let x = Array::from([1.0, 2.0, 3.0]).reshape([1, 3, 1]);
/// let kernel = Array::from([1.0, 10.0]).reshape([2, 1, 1]);
/// let y = |padding| {
///     let options = ConvOptions { padding, ..Default::default() };
///     conv_general_dilated(&x, &kernel, &options).to_vec::<f64>()
/// };
/// assert_eq!(y(Padding::Valid), [21.0, 32.0]);
/// assert_eq!(y(Padding::Same), [21.0, 32.0, 3.0]);
/// assert_eq!(y(Padding::SameLower), [10.0, 21.0, 32.0]);
/// assert_eq!(y(Padding::Explicit(vec![(1, 1)])), [10.0, 21.0, 32.0, 3.0]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Padding {
    /// Nothing: only windows that lie inside.
    #[default]
    Valid,
    /// As much as gives ⌈size / stride⌉ windows; an odd element goes after.
    Same,
    /// As [`Same`](Padding::Same), but an odd element goes before.
    SameLower,
    /// Elements before and after, one pair per axis; negative ones cut.
    Explicit(Vec<(i64, i64)>),
}

impl Padding {
    /// Elements before and after each axis, for windows of the given sizes (with their dilation).
    /// `jax.lax.padtype_to_pads`.
    ///
    /// ```
    /// use nnx::array::Padding;
    /// assert_eq!(Padding::Same.pairs(&[28, 28], &[3, 4], &[1, 2]), [(1, 1), (1, 1)]);
    /// assert_eq!(Padding::Same.pairs(&[5], &[2], &[2]), [(0, 1)]);
    /// ```
    ///
    /// # Panics
    /// Panics if the lists differ in length or a stride is 0.
    #[track_caller]
    pub fn pairs(&self, sizes: &[usize], window: &[usize], strides: &[usize]) -> Vec<(i64, i64)> {
        let n = sizes.len();
        let given = if let Padding::Explicit(pairs) = self { pairs.len() } else { n };
        if [window.len(), strides.len(), given] != [n; 3] || strides.contains(&0) {
            invalid(
                "padding",
                format!(
                    "{self:?} with window {window:?} and strides {strides:?} does not fit axes of \
                     sizes {sizes:?}: one positive entry per axis is needed"
                ),
            );
        }
        let total = |i: usize| {
            let [n, window, stride] = [sizes[i], window[i], strides[i]].map(|n| n as i128);
            let total = ((n + stride - 1) / stride - 1) * stride + window - n;
            i64::try_from(total.max(0)).unwrap_or(i64::MAX)
        };
        match self {
            Padding::Valid => vec![(0, 0); n],
            Padding::Same => (0..n).map(total).map(|t| (t / 2, t - t / 2)).collect(),
            Padding::SameLower => (0..n).map(total).map(|t| (t - t / 2, t / 2)).collect(),
            Padding::Explicit(pairs) => pairs.clone(),
        }
    }
}

/// How [`conv_general_dilated`] slides its kernel. An empty list stands for 1 on every spatial
/// axis.
///
/// ```
/// use nnx::{Array, array::{ConvOptions, conv_general_dilated}};
///
/// // Every second place of the kernel, whose features come first as in PyTorch.
/// let options = ConvOptions {
///     strides: vec![2],
///     dimension_numbers: Some(["NCH", "OIH", "NCH"]),
///     ..Default::default()
/// };
/// let x = Array::from([[[1.0, 2.0, 3.0, 4.0]]]);
/// let kernel = Array::from([[[1.0, 10.0]]]);
/// assert_eq!(conv_general_dilated(&x, &kernel, &options).to_vec::<f64>(), [21.0, 43.0]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConvOptions {
    /// Steps of the window.
    pub strides: Vec<usize>,
    /// Elements added around the input (after its dilation); none by default.
    pub padding: Padding,
    /// The distance between neighbours in the input: above 1 gives a transposed (fractionally strided)
    /// convolution.
    pub lhs_dilation: Vec<usize>,
    /// The distance between neighbours in the kernel: above 1 gives an atrous convolution.
    pub rhs_dilation: Vec<usize>,
    /// In how many groups the features are convolved separately; the number of features gives a
    /// depthwise convolution.
    pub feature_group_count: usize,
    /// In how many groups the batch is convolved separately, each with its own part of the output
    /// features.
    pub batch_group_count: usize,
    /// The axes of input, kernel and result by letters, as `["NHWC", "HWIO", "NHWC"]`: `N` batch,
    /// `C` features, `O` and `I` output and input features, any others spatial. By default the
    /// features come last, as here, with any number of spatial axes.
    pub dimension_numbers: Option<[&'static str; 3]>,
    /// The dtype of the result and of the sums in it, if it is not that of the operands.
    pub preferred_element_type: Option<DType>,
    /// How exactly numbers are multiplied.
    pub precision: Precision,
}

impl Default for ConvOptions {
    fn default() -> Self {
        ConvOptions {
            strides: vec![],
            padding: Padding::Valid,
            lhs_dilation: vec![],
            rhs_dilation: vec![],
            feature_group_count: 1,
            batch_group_count: 1,
            dimension_numbers: None,
            preferred_element_type: None,
            precision: Precision::Default,
        }
    }
}

/// How [`conv_transpose`] slides its kernel. An empty list stands for 1 on every spatial axis.
///
/// ```
/// use nnx::{Array, array::{ConvTransposeOptions, conv_transpose}};
///
/// let x = Array::from([1.0, 2.0]).reshape([1, 2, 1]);
/// let kernel = Array::from([1.0, 10.0]).reshape([2, 1, 1]);
/// let mut options = ConvTransposeOptions { strides: vec![2], ..Default::default() };
/// assert_eq!(conv_transpose(&x, &kernel, &options).to_vec::<f64>(), [10.0, 1.0, 20.0, 2.0]);
/// options.transpose_kernel = true; // the gradient of a convolution
/// assert_eq!(conv_transpose(&x, &kernel, &options).to_vec::<f64>(), [1.0, 10.0, 2.0, 20.0]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ConvTransposeOptions {
    /// Steps of the forward convolution: how much larger the result is than the input.
    pub strides: Vec<usize>,
    /// `Same` and `Valid` are the forward convolution's padding, explicit pairs are added to the
    /// (dilated) input.
    pub padding: Padding,
    /// The distance between neighbours in the kernel.
    pub rhs_dilation: Vec<usize>,
    /// As in [`ConvOptions`].
    pub dimension_numbers: Option<[&'static str; 3]>,
    /// Reverses the kernel's spatial axes and exchanges its feature axes, as the gradient of a
    /// convolution does.
    pub transpose_kernel: bool,
    /// The dtype of the result and of the sums in it, if it is not that of the operands.
    pub preferred_element_type: Option<DType>,
    /// How exactly numbers are multiplied.
    pub precision: Precision,
}

/// The dimension numbers that three layouts name.
fn parse(layouts: [&str; 3]) -> Option<ConvDims> {
    let spatial: Vec<char> = layouts[1].chars().filter(|c| !"OI".contains(*c)).collect();
    let dims = |layout: &str, first: char, second: char| -> Option<Vec<usize>> {
        let letters: Vec<char> = layout.chars().collect();
        if letters.len() != spatial.len() + 2 {
            return None;
        }
        [first, second]
            .iter()
            .chain(&spatial)
            .map(|c| {
                let at = letters.iter().position(|l| l == c)?;
                (letters.iter().filter(|l| *l == c).count() == 1).then_some(at)
            })
            .collect()
    };
    Some(ConvDims {
        lhs: dims(layouts[0], 'N', 'C')?,
        rhs: dims(layouts[1], 'O', 'I')?,
        out: dims(layouts[2], 'N', 'C')?,
    })
}

#[track_caller]
fn dimension_numbers(
    op: &str,
    layouts: Option<[&'static str; 3]>,
    lhs: &Array,
    rhs: &Array,
) -> ConvDims {
    let rank = lhs.rank();
    if rank < 2 || rank != rhs.rank() {
        invalid(
            op,
            format!(
                "input {} and kernel {}: both need as many axes: one for batch (kernel: output \
                 features), one for features, and the spatial ones",
                lhs.aval(),
                rhs.aval()
            ),
        );
    }
    let Some(layouts) = layouts else {
        let lhs: Vec<usize> = [0, rank - 1].into_iter().chain(1..rank - 1).collect();
        let rhs = [rank - 1, rank - 2].into_iter().chain(0..rank - 2).collect();
        return ConvDims { out: lhs.clone(), lhs, rhs };
    };
    match parse(layouts) {
        Some(dims) if dims.lhs.len() == rank => dims,
        _ => invalid(
            op,
            format!(
                "the dimension numbers {layouts:?} do not name the axes of input {} and kernel {}: \
                 N and C once in the first and third, O and I once in the second, and the same \
                 spatial letters in all",
                lhs.aval(),
                rhs.aval()
            ),
        ),
    }
}

/// `list`, or ones if it is empty.
fn or_ones(list: &[usize], n: usize) -> Vec<usize> {
    if list.is_empty() { vec![1; n] } else { list.to_vec() }
}

fn sizes(x: &Array, dims: &[usize]) -> Vec<usize> {
    dims.iter().map(|&d| x.shape()[d]).collect()
}

/// Kernel sizes with the holes of their dilation.
#[track_caller]
fn dilated_kernel(op: &str, rhs: &Array, dims: &[usize], dilation: &[usize]) -> Vec<usize> {
    if dilation.len() != dims.len() {
        invalid(op, format!("rhs_dilation {dilation:?} for {} spatial axes", dims.len()));
    }
    let sizes = sizes(rhs, dims);
    sizes.iter().zip(dilation).map(|(&n, &d)| dilated(n, d) as usize).collect()
}

/// Convolution of `lhs` with the kernel `rhs`, which is not reversed: a cross-correlation.
/// `jax.lax.conv_general_dilated`.
///
/// ```
/// use nnx::{Array, DType, array::{ConvOptions, Padding, conv_general_dilated, ones}};
///
/// let images = ones([1, 3, 3, 2], DType::F32); // [N, H, W, C]
/// let kernel = ones([3, 3, 2, 1], DType::F32); // [3, 3, C, O]
/// let options = ConvOptions { padding: Padding::Same, ..Default::default() };
/// let y = conv_general_dilated(&images, &kernel, &options);
/// assert_eq!(y.shape(), [1, 3, 3, 1]); // [N, H, W, O]
/// assert_eq!(y.at((0, 0)).get().to_vec::<f32>(), [8.0, 12.0, 8.0]); // how many it covers
/// ```
///
/// # Panics
/// Panics if the shapes, dtypes, groups or options do not fit together.
#[track_caller]
pub fn conv_general_dilated(lhs: impl AsArray, rhs: impl AsArray, options: &ConvOptions) -> Array {
    let (lhs, rhs) = (lhs.as_array(), rhs.as_array());
    const OP: &str = "conv_general_dilated";
    let dims = dimension_numbers(OP, options.dimension_numbers, lhs, rhs);
    let n = lhs.rank() - 2;
    let strides = or_ones(&options.strides, n);
    let lhs_dilation = or_ones(&options.lhs_dilation, n);
    let rhs_dilation = or_ones(&options.rhs_dilation, n);
    let padding = match &options.padding {
        Padding::Explicit(pairs) => pairs.clone(),
        // Left to the shape rule, which knows what is wrong.
        _ if strides.len() != n || strides.contains(&0) => vec![(0, 0); n],
        same_or_valid => {
            if lhs_dilation.iter().any(|&d| d != 1) && *same_or_valid != Padding::Valid {
                invalid(
                    OP,
                    format!(
                        "{same_or_valid:?} padding is not defined with lhs_dilation \
                         {lhs_dilation:?}; give Padding::Explicit or use conv_transpose"
                    ),
                );
            }
            let window = dilated_kernel(OP, rhs, &dims.rhs[2..], &rhs_dilation);
            same_or_valid.pairs(&sizes(lhs, &dims.lhs[2..]), &window, &strides)
        }
    };
    let op = ConvGeneralDilated {
        strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        feature_group_count: options.feature_group_count,
        batch_group_count: options.batch_group_count,
        dims,
        preferred: sums_in(OP, lhs, options.preferred_element_type),
        precision: options.precision,
    };
    bind1(op, &[lhs, rhs])
}

/// Padding of the dilated input that undoes a forward convolution with `Same` or `Valid` padding.
fn transposed_pair(padding: &Padding, kernel: usize, stride: usize) -> (i64, i64) {
    // Larger sizes are refused by the shape rule.
    let [k, s] = [kernel, stride].map(|n| n.min(1 << 41) as i64);
    let (total, low) = match padding {
        Padding::Valid => (k + s - 2 + (k - s).max(0), k - 1),
        _ => {
            let total = k + s - 2;
            (total, if s > k - 1 { k - 1 } else { (total + 1) / 2 })
        }
    };
    (low, total - low)
}

/// The transposed convolution: a convolution over the input with `strides - 1` zeros between
/// neighbours. `jax.lax.conv_transpose`.
///
/// ```
/// use nnx::{Array, array::{ConvTransposeOptions, Padding, conv_transpose}};
///
/// let x = Array::from([1.0, 2.0, 3.0]).reshape([1, 3, 1]);
/// let kernel = Array::from([1.0, 10.0]).reshape([2, 1, 1]);
/// let padding = Padding::Same;
/// let options = ConvTransposeOptions { strides: vec![2], padding, ..Default::default() };
/// let y = conv_transpose(&x, &kernel, &options);
/// assert_eq!(y.to_vec::<f64>(), [10.0, 1.0, 20.0, 2.0, 30.0, 3.0]);
/// ```
///
/// # Panics
/// Panics if the shapes, dtypes or options do not fit together; for `Padding::SameLower`.
#[track_caller]
pub fn conv_transpose(
    lhs: impl AsArray,
    rhs: impl AsArray,
    options: &ConvTransposeOptions,
) -> Array {
    let (lhs, rhs) = (lhs.as_array(), rhs.as_array());
    const OP: &str = "conv_transpose";
    let dims = dimension_numbers(OP, options.dimension_numbers, lhs, rhs);
    let n = lhs.rank() - 2;
    let strides = or_ones(&options.strides, n);
    let rhs_dilation = or_ones(&options.rhs_dilation, n);
    if strides.len() != n {
        invalid(OP, format!("strides {strides:?} for {n} spatial axes"));
    }
    let padding = match &options.padding {
        Padding::Explicit(pairs) => pairs.clone(),
        Padding::SameLower => invalid(OP, "SameLower padding is not defined here".into()),
        padding => dilated_kernel(OP, rhs, &dims.rhs[2..], &rhs_dilation)
            .into_iter()
            .zip(&strides)
            .map(|(k, &s)| transposed_pair(padding, k, s))
            .collect(),
    };
    let kernel = if options.transpose_kernel {
        let flipped = bind1(Reverse(dims.rhs[2..].to_vec()), &[rhs]);
        flipped.swapaxes(dims.rhs[0] as isize, dims.rhs[1] as isize)
    } else {
        rhs.clone()
    };
    let op = ConvGeneralDilated {
        strides: vec![1; n],
        padding,
        lhs_dilation: strides,
        rhs_dilation,
        feature_group_count: 1,
        batch_group_count: 1,
        dims,
        preferred: sums_in(OP, lhs, options.preferred_element_type),
        precision: options.precision,
    };
    bind1(op, &[lhs, &kernel])
}

/// The elements under a window of `filter_shape` at each of its places, as features: those of the first
/// feature of `lhs` come first, row by row. The number of groups must be left at 1, and the kernel in
/// `dimension_numbers` is that of [`conv_general_dilated`]. `jax.lax.conv_general_dilated_patches`.
///
/// ```
/// use nnx::{Array, array::conv_general_dilated_patches};
/// let x = Array::from([1.0, 2.0, 3.0]).reshape([1, 3, 1]);
/// let y = conv_general_dilated_patches(&x, &[2], &Default::default());
/// assert_eq!(y.shape(), [1, 2, 2]);
/// assert_eq!(y.to_vec::<f64>(), [1.0, 2.0, 2.0, 3.0]);
/// ```
///
/// # Panics
/// Panics if the shapes and options do not fit together, or there are groups.
#[track_caller]
pub fn conv_general_dilated_patches(
    lhs: impl AsArray,
    filter_shape: &[usize],
    options: &ConvOptions,
) -> Array {
    conv_general_dilated_patches_of(lhs.as_array(), filter_shape, options)
}

#[track_caller]
fn conv_general_dilated_patches_of(
    lhs: &Array,
    filter_shape: &[usize],
    options: &ConvOptions,
) -> Array {
    const OP: &str = "conv_general_dilated_patches";
    let n = filter_shape.len();
    let groups = (options.feature_group_count, options.batch_group_count);
    if lhs.rank() != n + 2 || groups != (1, 1) {
        let lhs = lhs.aval();
        invalid(OP, format!("a window {filter_shape:?} and groups {groups:?} do not fit {lhs}"));
    }
    let like = full(vec![1; n + 2], 0.0, lhs.dtype());
    let dims = dimension_numbers(OP, options.dimension_numbers, lhs, &like);
    let features = lhs.shape()[dims.lhs[1]];
    let mut taps = 1;
    for &n in filter_shape {
        taps = product_of(OP, taps, n);
    }
    product_of(OP, taps, features);
    one_program(OP, std::slice::from_ref(lhs), |args| {
        // Each of a feature's outputs takes one element: spatial axes, I, O.
        let shape = [filter_shape, &[1, taps]].concat();
        let one = super::eye(taps, lhs.dtype()).reshape(shape);
        let mut reps = vec![1; n + 2];
        reps[n + 1] = features;
        let kernel = one.tile(&reps);
        let mut order = vec![0; n + 2];
        (order[dims.rhs[0]], order[dims.rhs[1]]) = (n + 1, n);
        dims.rhs[2..].iter().enumerate().for_each(|(i, &d)| order[d] = i);
        let grouped = ConvOptions { feature_group_count: features, ..options.clone() };
        conv_general_dilated(&args[0], kernel.transpose(order), &grouped)
    })
}

/// A convolution with a kernel of its own at each place of the window. `jax.lax.conv_general_dilated_local`.
///
/// The spatial axes of `rhs` are those of the result, and its input features are the elements under the window, as
/// [`conv_general_dilated_patches`] orders them.
///
/// ```
/// use nnx::{Array, array::conv_general_dilated_local};
/// let x = Array::from([1.0, 2.0, 3.0]).reshape([1, 3, 1]);
/// // Two places, two elements under the window, one feature.
/// let kernels = Array::from([1.0, 10.0, 100.0, 1000.0]).reshape([2, 2, 1]);
/// let y = conv_general_dilated_local(&x, &kernels, &[2], &Default::default());
/// assert_eq!(y.to_vec::<f64>(), [21.0, 3200.0]);
/// ```
///
/// # Panics
/// Panics if the shapes and options do not fit together, or there are groups.
#[track_caller]
pub fn conv_general_dilated_local(
    lhs: impl AsArray,
    rhs: impl AsArray,
    filter_shape: &[usize],
    options: &ConvOptions,
) -> Array {
    const OP: &str = "conv_general_dilated_local";
    let (lhs, rhs) = (lhs.as_array(), rhs.as_array());
    let dims = dimension_numbers(OP, options.dimension_numbers, lhs, rhs);
    let dtype = crate::value::promote_dtypes(lhs.dtype(), rhs.dtype());
    one_program(OP, &[lhs.clone(), rhs.clone()], |args| {
        let (lhs, rhs) = (args[0].astype(dtype), args[1].astype(dtype));
        let patches = conv_general_dilated_patches(&lhs, filter_shape, options);
        let places = |shape: &[usize], axes: &[usize]| -> Vec<usize> {
            axes.iter().map(|&axis| shape[axis]).collect()
        };
        let (own, all) =
            (places(rhs.shape(), &dims.rhs[2..]), places(patches.shape(), &dims.out[2..]));
        let features = (rhs.shape()[dims.rhs[1]], patches.shape()[dims.out[1]]);
        if own != all || features.0 != features.1 {
            let (lhs, rhs) = (lhs.aval(), rhs.aval());
            invalid(
                OP,
                format!(
                    "kernels {rhs} for {lhs} with windows {filter_shape:?}: they need {all:?} for their spatial axes \
                     and {} input features",
                    features.1
                ),
            );
        }
        // Places, batch, output features.
        let contract = (&[dims.out[1]][..], &[dims.rhs[1]][..]);
        let made = super::dot_general(&patches, &rhs, contract, (&dims.out[2..], &dims.rhs[2..]));
        let n = own.len();
        let mut order = vec![0; n + 2];
        (order[dims.out[0]], order[dims.out[1]]) = (n as isize, n as isize + 1);
        dims.out[2..].iter().enumerate().for_each(|(i, &axis)| order[axis] = i as isize);
        made.transpose(order.as_slice())
    })
}
